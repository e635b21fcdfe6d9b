"""Every page, every step of it at once, with an ELECTRA (generator, discriminator) and a RoBERTa."""

import re
from html import unescape
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from bert_explain import chapters
from bert_explain.kernel import own_tokens
from bert_explain.models import registry
from bert_explain.ui.stages import STAGES
from tests.tiny import tiny_electra, tiny_roberta
from tests.whole import whole

APP = str(Path(__file__).resolve().parents[2] / "app.py")
KINDS = {
    "generator": lambda: tiny_electra("generator"),
    "discriminator": lambda: tiny_electra("discriminator"),
    "roberta": tiny_roberta,
}
TEXTS = {
    "pair": ("The bank of the river, cold.", "The water was cold."),
    "empty": ("", ""),
    "odd": ("naïve 漢字 😀 <mask> [MASK] ##", "don't"),
}


@pytest.fixture(params=KINDS)
def kind(request, monkeypatch) -> str:
    model = KINDS[request.param]()
    entry = registry.Entry(model.name, model.title, "local", "nowhere", "")
    monkeypatch.setattr(registry, "entries", lambda: {entry.name: entry})
    monkeypatch.setattr("bert_explain.models.entries", lambda: {entry.name: entry}, raising=False)
    monkeypatch.setitem(registry._loaded, entry, model)
    return request.param


def opened(stage, **params: str) -> AppTest:
    at = whole(AppTest.from_file(APP, default_timeout=200))
    for name, value in params.items():
        at.query_params[name] = value
    if stage.path:
        at.switch_page(stage.file)
    at.run()
    assert [e.message for e in at.exception] == []
    return at


def told(at: AppTest) -> str:
    html = [unescape(re.sub(r"<[^>]+>", "", e.proto.body)) for e in at.get("html") if "<style" not in e.proto.body]
    return "\n".join([*html, *(x.value for group in (at.caption, at.text, at.markdown, at.subheader) for x in group)])


@pytest.mark.rest
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.chapter)
def test_every_page_stands(kind, stage, text):
    a, b = TEXTS[text]
    at = opened(stage, a=a, b=b)
    assert "None" not in re.findall(r"\w+", told(at).replace("None of", ""))


def foreign(at: AppTest) -> list[str]:
    """Lines of ours that name a special token of BERT. What a model read stands as a piece, and is left out; so are the remark
    that says how a model writes BERT's tokens, and what is said of BERT itself."""
    html = [re.sub(r'<b class="piece".*?</b>', "", e.proto.body) for e in at.get("html") if "<style" not in e.proto.body]
    texts = [unescape(re.sub(r"<[^>]+>", "", body)) for body in html]
    texts += [x.value for group in (at.caption, at.markdown, at.subheader) for x in group]
    texts += [x.label for group in (at.button, at.expander) for x in group] + [o for radio in at.radio for o in radio.options]
    texts = [re.sub(r"\\(\W)", r"\1", text) for text in texts]  # as they are read: Markdown takes the escapes away
    lines = [re.sub(r"\S+ for \[\w+\]", "", line) for text in texts for line in text.split("\n")]
    return [line for line in lines if own_tokens.names(line)]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["roberta"], indirect=True)
@pytest.mark.parametrize("stage", [s for s in STAGES if s.chapter != "decoder"], ids=lambda stage: stage.chapter)
def test_no_page_names_a_token_that_the_model_lacks(kind, stage):
    """The decoder has a chapter of its own, and BERT's tokens."""
    a, b = TEXTS["pair"]
    assert foreign(opened(stage, a=a, b=b)) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["roberta"], indirect=True)
@pytest.mark.parametrize(
    ("stage", "step"),
    [(s, t) for s in STAGES for t in chapters.load(s.chapter).steps if t.asks and own_tokens.names(str(t.asks.words))],
    ids=lambda one: getattr(one, "id", ""),
)
def test_no_question_names_a_token_that_the_model_lacks(kind, stage, step):
    at = AppTest.from_file(APP, default_timeout=200)
    for name, value in {"mode": "guided", "step": step.id, "a": TEXTS["pair"][0], "b": TEXTS["pair"][1]}.items():
        at.query_params[name] = value
    at.switch_page(stage.file)
    at.run()
    assert foreign(at) == []
    show = [button for button in at.button if button.label == "just show me"]
    if show:
        show[0].click().run()
        assert foreign(at) == []
    assert [e.message for e in at.exception] == []


def at_step(chapter: str, step: str, **params: str) -> str:
    """One step of a chapter, in Explore mode, as text."""
    stage = next(stage for stage in STAGES if stage.chapter == chapter)
    at = AppTest.from_file(APP, default_timeout=200)
    for name, value in {"mode": "explore", "step": step, "a": TEXTS["pair"][0], "b": TEXTS["pair"][1], **params}.items():
        at.query_params[name] = value
    at.switch_page(stage.file)
    at.run()
    assert [e.message for e in at.exception] == []
    return told(at)


@pytest.mark.parametrize("kind", ["discriminator"], indirect=True)
def test_a_discriminator_shows_what_was_replaced_and_never_a_masked_word(kind):
    for step in ("expected", "every"):
        said = at_step("masked_words", step)
        assert "has no head for masked words and never guesses one" in said
        assert "shown on the page Outputs, step “Replaced or not”" in said
        assert "Look at the first bar" not in said
    said = at_step("outputs", "replaced")
    assert re.search(r"tokens of your text (is|are) taken for replaced", said)
    assert "This model has no head for next sentences" in at_step("next_sentence", "decision")


@pytest.mark.parametrize("kind", ["generator", "roberta"], indirect=True)
def test_the_others_say_that_they_have_no_such_head(kind):
    assert "only ELECTRA's discriminator has one" in at_step("outputs", "replaced")
    assert "This model has no head for next sentences" in at_step("next_sentence", "decision")
    assert "Look at the first bar" in at_step("masked_words", "expected")


@pytest.mark.parametrize("kind", ["roberta"], indirect=True)
def test_roberta_is_told_in_its_own_words(kind):
    said = at_step("masked_words", "expected")
    assert "“Ġ” in a piece is the space before a word" in said
    assert "It writes <s> for [CLS], </s> for [SEP], <mask> for [MASK]." in said
    assert "hidden word becomes `<mask>`" in said
    said = at_step("tokens", "look-ups")
    assert "How one word is put together" in said
    assert "WordPiece" not in said
    for step in ("unknown", "ways", "vocabulary"):
        assert "This model's pieces are joined bytes, not WordPiece" in at_step("tokens", step)
    said = at_step("embeddings", "sum")
    assert "Two rows, added" in said
    said = at_step("embeddings", "over")
    assert "The two rows, token by token" in said
    assert "three rows" not in said


@pytest.mark.parametrize("kind", ["generator"], indirect=True)
def test_the_matrix_that_widens_the_sum_is_told(kind):
    assert "One matrix then makes 8 numbers of these 6: those are what layer 1 reads." in at_step("embeddings", "sum")


@pytest.mark.parametrize("kind", ["generator"], indirect=True)
@pytest.mark.parametrize("step", ["sum", "two-rows"])
def test_a_dimension_that_the_narrower_tables_lack_is_refused(kind, step):
    """8 numbers a token in the layers, 6 in the tables."""
    assert "There is no dimension 7: they go from 0 to 5." in at_step("embeddings", step, dim="7")


@pytest.mark.parametrize("kind", ["generator"], indirect=True)
def test_the_size_of_a_row_of_the_tables_is_told_and_not_that_of_the_layers(kind):
    assert "its **row** there is a list of 6 numbers" in at_step("embeddings", "sum")
