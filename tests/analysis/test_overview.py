"""The strip's numbers and the home page's sentences: each from the trace, none invented."""

import base64
from dataclasses import replace

import numpy as np
import pytest

from bert_explain.analysis import overview
from bert_explain.chapters.home import figures as home
from bert_explain.chapters.home import stations
from bert_explain.figures import strip
from bert_explain.kernel.readings import percent
from bert_explain.query import Query
from bert_explain.trace import run
from tests.tiny import tiny_bert

TEXTS = [
    ("She walked to the bank of the river.", "The water was cold."),
    ("", ""),
    ("   ", "x"),
    ("!!!", ""),
    ("<b>hi</b> \u202eabc 😀 \x00", "مرحبا"),
    ("word " * 600, "two " * 300),
]


@pytest.fixture(scope="module")
def trace(mini_bert):
    return run(mini_bert, Query("She walked to the bank of the river.", "The water was cold."))


def test_telling_token_prefers_the_given_word_then_the_longest(trace):
    assert trace.tokens[overview.telling_token(trace.tokens, "bank")].text == "bank"
    assert trace.tokens[overview.telling_token(trace.tokens)].text == "walked"
    assert trace.tokens[overview.telling_token(trace.tokens, "absent")].text == "walked"


def test_guess_is_the_head_on_the_masked_token(mini_bert, trace):
    position = overview.telling_token(trace.tokens, "bank")
    masked = run(mini_bert, trace.query.but(masked=(position,)))
    found = overview.hidden_word(trace, position, lambda query: run(mini_bert, query), k=4)
    logits = masked.mlm_logits([position])[0].astype(float)
    p = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    order = np.argsort(-p)[:4]
    assert found.true_word == "bank"
    assert list(found.pieces) == mini_bert.tokenizer.convert_ids_to_tokens(order.tolist())
    np.testing.assert_allclose(found.probabilities, p[order], rtol=1e-6)


def test_a_typed_mask_has_no_true_word(mini_bert):
    trace = run(mini_bert, Query("Paris is the capital of [MASK]."))
    found = overview.hidden_word(trace, 1, lambda query: pytest.fail("no second run is needed"))
    assert found.position == 6
    assert found.true_word is None


def test_pool_keeps_the_largest():
    matrix = np.random.default_rng(0).random((100, 100))
    pooled = overview.pool(matrix, 10)
    assert pooled.shape == (10, 10)
    assert pooled[0, 0] == matrix[:10, :10].max()
    assert pooled.max() == matrix.max()
    assert overview.pool(matrix, 100) is matrix


def test_tiny_probabilities_keep_their_bars(trace):
    """A model that has learnt nothing gives each piece next to nothing: rounded to 0, the bars' lengths were 0 / 0."""
    told = strip._words(trace, overview.Guess(3, ("a", "b"), (2.1e-5, 1.9e-5), None))
    assert told["p"] == [2.1e-5, 1.9e-5]


def shades(sent: dict) -> np.ndarray:
    """What the strip makes of a table that came as one byte a cell."""
    return np.frombuffer(base64.b64decode(sent["cells"]), np.int8).reshape(-1, sent["columns"]) / 127


@pytest.mark.parametrize(("a", "b"), TEXTS)
def test_every_text_has_a_strip_and_sentences(mini_bert, a, b):
    trace = run(mini_bert, Query(a, b))
    position = overview.telling_token(trace.tokens)
    runner = lambda query: run(mini_bert, query)  # noqa: E731
    thumbs = strip.thumbnails(trace, position, runner)
    says = strip.alternatives(trace, thumbs)
    assert set(says) == set(thumbs)
    shown = shades(thumbs["attention"])
    assert len(shown) <= overview.LARGEST
    np.testing.assert_allclose(shown, overview.head_map(trace), atol=0.5 / 127 + 1e-6)
    np.testing.assert_allclose(shades(thumbs["embeddings"]), overview.embedding_strips(trace, position), atol=0.5 / 127 + 1e-6)
    for name, sentence in stations.SAID.items():
        assert sentence(trace, position).plain(), name
    guess = overview.hidden_word(trace, position, runner)
    assert stations.words(trace, guess).plain()


def test_sentences_say_what_is_in_the_trace(trace):
    said = stations.attention(trace, 1).plain()
    words = [t.position for t in trace.tokens if t.text.isalpha()]  # every word of this text is one piece
    link_weight = max(trace.attention[:, :, i, j].max() for i in words for j in words if abs(i - j) > 1)
    assert f"{link_weight:.2f}" in said
    assert percent(float(trace.nsp[0])) in stations.next_sentence(trace, 1).plain()


def test_pieces_in_a_sentence_are_escaped(mini_bert):
    from bert_explain.analysis.sentence import Piece, say

    html = say("{word} < {n}", word=Piece("<script>"), n=3).html()
    assert html == '<b class="piece" dir="auto">&lt;script&gt;</b> &lt; 3'


def test_what_a_model_lacks_is_said_and_not_drawn():
    bare = run(tiny_bert("bare"), Query("the bank", "the river"))
    assert stations.words(bare, None).plain() == "This model has no masked-word head: it cannot guess a hidden word."
    lacking = run(tiny_bert("no segments"), Query("the bank", "the river"))
    assert [band.name for band in home.sum_of_rows(lacking, 1)] == ["token", "position", "sum"]
    assert "sentence" not in stations.embeddings(lacking, 1).plain()


def test_swapped_sentences_are_named_as_the_model_reads_them(mini_bert, trace):
    swapped = run(mini_bert, trace.query.but(swapped=True))
    assert "sentence A follows sentence B" in stations.next_sentence(swapped, 1).plain()
    assert [bar.text for bar in home.follows(swapped)] == ["A follows B", "A does not follow"]
    says = strip.alternatives(swapped, strip.thumbnails(swapped, 2, lambda query: run(mini_bert, query)))
    assert says["next"].endswith("that A follows B")
    assert "sentence B follows sentence A" in stations.next_sentence(trace, 1).plain()


def test_one_sentence_follows_none(mini_bert):
    for query, lacking in ((Query("", "The river."), "A"), (Query("The river."), "B"), (Query(" ", "x", swapped=True), "A")):
        trace = run(mini_bert, query)
        says = strip.alternatives(trace, strip.thumbnails(trace, 0, lambda query: run(mini_bert, query)))
        assert says["next"] == f"no sentence {lacking}"
        assert stations.next_sentence(trace, 0).plain().startswith(f"Type a sentence {lacking}")
        drawn = next(one for one in home.stations(trace, 0, None) if one.name == "Next sentence").drawn
        assert drawn == []


def test_the_tokens_of_a_long_text_have_their_own_places_in_the_table(mini_bert):
    trace = run(mini_bert, Query("The river was cold and clear. " * 8))
    table = next(one for one in home.stations(trace, 2, None) if one.name == "Outputs").table()
    last = len(trace.tokens) - 1
    assert len(table) < len(trace.tokens)
    assert f"{trace.pieces[last]} ({last})" in table.columns


def test_the_given_word_is_found_as_byte_level_pieces_and_capitals_write_it_and_only_whole(trace):
    written = {"river": ("Ġriver", False), "bank": ("ĠBank", False), "to": ("Ġriver", False)}
    tokens = [
        replace(t, original=written[t.text][0], inside=written[t.text][1]) if t.text in written else t for t in trace.tokens
    ]
    tokens[4] = replace(tokens[4], original="side", inside=True)  # the first "Ġriver" is no whole word
    at = {word: overview.telling_token(tokens, word) for word in ("bank", "river")}
    places = trace.pieces
    assert at == {"bank": places.index("bank"), "river": places.index("river")}
