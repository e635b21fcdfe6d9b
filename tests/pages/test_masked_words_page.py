"""The page on masked words, as Streamlit runs it: numbers against the model, links, bad input, other models."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from bert_explain.analysis import masked_loss as ml
from bert_explain.analysis import masked_words as mw
from bert_explain.models import registry
from bert_explain.query import Query
from bert_explain.tokenize import tokenize
from bert_explain.trace import run
from tests.tiny import tiny_bert
from tests.whole import asked_for, finished, whole

APP = str(Path(__file__).resolve().parents[2] / "app.py")
PAIR = {"a": "She walked to the bank.", "b": "The water was cold."}
QUERY = Query(**{f"text_{name}": text for name, text in PAIR.items()})


def opened(**params: str) -> AppTest:
    """The page, opened cold at an address."""
    at = whole(AppTest.from_file(APP, default_timeout=120))
    for name, value in (PAIR | params).items():
        at.query_params[name] = value
    at.switch_page("pages/6_Masked_words.py")
    at.run()
    assert not at.exception
    return at


def said(at: AppTest) -> str:
    """Everything the page says outside its pictures."""
    html = [str(e.proto.body) for e in at.get("html") if "<style" not in e.proto.body]
    return " ".join([*html, *(c.value for c in at.caption), *(t.value for t in at.text), *(b.label for b in at.button)])


def look_predictions(trace, position):
    return mw.look_predictions(mw.predictions(trace, position), trace.model.vocab_size)


def titles(at: AppTest) -> list[str]:
    return [s.value for s in at.subheader]


def press(at: AppTest, label: str) -> AppTest:
    next(b for b in at.button if b.label == label).click().run()
    assert not at.exception
    return at


def charts(at: AppTest) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]


# hiding and guessing


def test_nothing_hidden_invites_and_one_press_hides_the_word_it_names(mini_bert):
    at = opened()
    assert "Nothing is hidden yet" in said(at)
    assert "What the model expects there" not in titles(at)
    press(at, "Hide this word")
    hidden = int(at.query_params["mask"][0] if isinstance(at.query_params["mask"], list) else at.query_params["mask"])
    word = tokenize(mini_bert, QUERY)[0][hidden].original
    assert "What the model expects there" in titles(at)
    assert f">{word}</b>" in said(at)


def test_the_guess_is_the_models(mini_bert):
    at = opened(mask="5")
    expected = look_predictions(run(mini_bert, QUERY.but(masked=(5,))), 5)
    assert expected.html() in said(at)


def test_several_masks_are_said_to_be_guessed_apart_and_one_is_chosen(mini_bert):
    trace = run(mini_bert, QUERY.but(masked=(2, 5)))
    for which, position in (("1", 2), ("2", 5), ("77", 5)):
        at = opened(mask="2,5", which=which)
        assert "guesses each on its own" in said(at)
        assert look_predictions(trace, position).html() in said(at)


def test_a_typed_mask_is_guessed_without_a_true_word():
    at = opened(a="Paris is the capital of [MASK].", b="")
    assert "no true word" in said(at)
    assert "Hide this word" not in [b.label for b in at.button]


@pytest.mark.parametrize(
    ("own", "expected"),
    [("tea", "is number"), ("unbelievably", "cut into 5 pieces"), ("😀", "no pieces for"), ("<b>&", "4 pieces")],
)
def test_the_readers_own_word(own, expected):
    at = opened(mask="5", own=own)
    assert expected in said(at)
    assert "<b>&" not in said(at)


def test_an_own_word_that_is_typed_stands_in_the_address(mini_bert):
    at = opened(mask="5")
    at.text_input[-1].set_value("river").run()
    assert not at.exception
    assert "own" in at.query_params
    assert mw.say_own_word(run(mini_bert, QUERY.but(masked=(5,))), 5, "river").html() in said(at)


def test_the_number_of_bars_is_in_the_address():
    at = opened(mask="5", k="9")
    assert at.slider[0].value == 9
    at.slider[0].set_value(3).run()
    assert not at.exception
    assert at.query_params["k"] in ("3", ["3"])


def test_the_lens_shows_every_layer(mini_bert):
    table = mw.lens(run(mini_bert, QUERY.but(masked=(5,))), 5)
    at = opened(mask="5")
    assert mw.look_lens(table).html() in said(at)
    grid = charts(at)[0]
    assert len(grid["data"][2]["text"]) == 3 * (mini_bert.n_layers + 1)
    assert table["piece_1"].iloc[-1] in " ".join(grid["data"][2]["text"])


@pytest.mark.parametrize("change", [{"off": "1.1,2.3"}, {"pos": "removed"}, {"swap": "1"}, {"sep": "removed"}])
def test_other_changes_are_compared_with_the_unchanged_model(change):
    assert "With and without your changes" in titles(opened(mask="5", **change))
    assert "With and without your changes" not in titles(opened(mask="5"))


# scoring


def test_scores_come_on_a_press_and_a_link_brings_them_back(mini_bert):
    at = asked_for(opened(), "scored")
    tokens, _ = tokenize(mini_bert, QUERY)
    positions, _ = ml.scored(tokens)
    table = ml.score_table([ml.score(run(mini_bert, ml.one_hidden(QUERY, tokens, p)), p) for p in positions])
    assert ml.say_totals(table).plain() in said(at)
    number = at.query_params["scored"]
    again = finished(opened(scored=number if isinstance(number, str) else number[0]))
    assert ml.look_scores(table).html() in said(again)


def test_after_an_edit_nothing_is_scored_unasked():
    at = asked_for(opened(), "scored")
    at.text_input(key="w-sentence-a").set_value("She walked to the old bank.").run()
    assert not at.exception
    assert "Hide each of the 12 tokens once" in [b.label for b in at.button]


def test_a_long_text_is_scored_in_part_and_says_so():
    at = opened(a="word " * 100, b="")
    assert "64 tokens are scored, from both ends; the 36 in the middle are not" in said(at)


# the recipe


def test_the_recipe_gives_the_loss_of_this_draw(mini_bert):
    for seed in (0, 5):
        drawn = ml.draw(mini_bert, tokenize(mini_bert, QUERY)[0], seed)
        table = ml.losses(run(mini_bert, ml.noised(QUERY, drawn)), drawn)
        assert ml.look_recipe(table, mini_bert).html() in said(opened(draw=str(seed)))


def test_draw_again_takes_the_next_number():
    at = press(opened(draw="7"), "Draw again")
    assert at.number_input[0].value == 8
    assert at.query_params["draw"] in ("8", ["8"])
    assert press(opened(draw="9999"), "Draw again").number_input[0].value == 0


# trouble


TROUBLE = {
    "empty": ("", ""),
    "spaces": ("   ", ""),
    "punctuation": ("?!...", "…"),
    "emoji": ("😀🎉", "👍🏽"),
    "right to left": ("مرحبا بالعالم", "שלום"),
    "control characters": ("a\x00b\u200b\u202ec", "\ufeff"),
    "markup": ("<script>alert(1)</script> **b** $x$ :red[a]", "![x](http://x.invalid/a.png)"),
    "special tokens": ("[MASK] [SEP] [CLS] [PAD]", "[UNK]"),
    "too long": ("The cat sat on the mat. " * 120, ""),
    "single": ("One.", ""),
}


@pytest.mark.slow
@pytest.mark.parametrize(("a", "b"), TROUBLE.values(), ids=TROUBLE)
def test_any_text_keeps_the_page_alive(a, b):
    at = opened(a=a, b=b, scored="1", draw="3")
    assert titles(at)[-2:] == ["One step of training, on your text", "He or she?"]
    if a.strip():
        at = opened(a=a, b=b, mask="1")
        assert "Click a word to hide it" in titles(at)


def test_a_broken_link_is_said_and_the_rest_stays():
    at = opened(mask="0,5,400", k="99", which="x", unit="nonsense", draw="-1", own="x" * 200, scored="-3", rest="maybe")
    for words in ("no masked position 0", "k=99", "which=x", "unit=nonsense", "draw=-1", "scored=-3"):
        assert words in said(at), words
    assert "What the model expects there" in titles(at)


def test_a_special_token_that_is_chosen_cannot_be_hidden_and_it_is_said():
    assert "[CLS] is a special token" in said(opened(token="0"))
    assert "special token" not in said(opened(token="2"))


def use(monkeypatch, kind: str) -> None:
    entry = registry.Entry(kind, kind, "local", "nowhere", "")
    monkeypatch.setattr(registry, "entries", lambda: {kind: entry})
    monkeypatch.setitem(registry._loaded, entry, tiny_bert(kind))
    monkeypatch.setattr("bert_explain.models.entries", lambda: {kind: entry}, raising=False)


def test_without_a_masked_word_head_it_is_said_and_the_draw_is_still_seen(monkeypatch):
    use(monkeypatch, "no heads")
    at = opened(a="the bank, cold.", b="the river", model="no heads", mask="2")
    assert "has no masked-word head: it cannot predict words" in said(at)
    assert titles(at) == ["Click a word to hide it", "One step of training, on your text"]


@pytest.mark.parametrize("kind", ["distilbert", "no segments"])
def test_models_that_lack_other_parts(kind, monkeypatch):
    use(monkeypatch, kind)
    at = opened(a="the bank, cold.", b="the river", model=kind, mask="2", k="30")
    assert "of 12" in said(at)
    assert "The guess after every layer" in titles(at)
