"""What each model expects at one word: matched by characters, read from the right side, ranked in its own vocabulary."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bert_explain.chapters.sees import analysis as sees
from bert_explain.models import load_vectors
from bert_explain.models.bilm import BiLM, Options
from bert_explain.models.elmo import Elmo
from bert_explain.models.vector_files import Table
from bert_explain.models.vectors import from_table
from bert_explain.query import Query
from bert_explain.trace import run
from bert_explain.trace_decoder import run_decoder
from bert_explain.trace_elmo import run_elmo
from bert_explain.training import word2vec
from tests.tiny import WORDS, tiny_bert, tiny_decoder

TEXT = "the bank river waters cold ."
OF = sees.words(TEXT)
VOCABULARY = ["the", "river", "water", "bank", "cold"]


def elmo(*vocabulary: str) -> Elmo:
    torch.manual_seed(0)
    options = Options(4, ((1, 4), (2, 4)), 1, "relu", 50, 12, 6, 2, 3.0, 3.0, True, len(vocabulary))
    return Elmo("tiny", "tiny", BiLM(options).eval().requires_grad_(False), vocabulary)


def table(context: bool = True):
    rng = np.random.default_rng(1)
    vectors, other = rng.normal(size=(2, len(VOCABULARY), 4)).astype(np.float32)
    counts = np.array([100, 20, 10, 5, 1])
    return from_table("word2vec", "Word2Vec", Table(VOCABULARY, vectors, counts if context else None, other if context else None))


def test_words_and_their_places():
    found = sees.words("It's [MASK], e.g. 3.5 <b>!")
    assert [w.text for w in found] == ["It's", "[MASK]", ",", "e.g", ".", "3.5", "<", "b", ">", "!"]
    assert all("It's [MASK], e.g. 3.5 <b>!"[w.start : w.end] == w.text for w in found)


@given(st.text(max_size=60))
def test_words_never_overlap_and_leave_out_only_spaces(text):
    found = sees.words(text)
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))
    covered = {i for w in found for i in range(w.start, w.end)}
    assert all(text[i].isspace() for i in range(len(text)) if i not in covered)


def test_pieces_of_a_word():
    tokens = run(tiny_bert(), Query(TEXT)).tokens
    assert [tokens[p].text for p in sees.pieces_of(tokens, OF[3])] == ["water", "##s"]
    assert sees.pieces_of(run(tiny_bert(), Query("", TEXT)).tokens, OF[0]) == []  # sentence B's are not meant


def test_ranking_by_hand():
    found = sees.ranking(np.array([0.1, 0.5, 0.15, 0.25]), "abcd".__getitem__, 0, 2)
    assert found["piece"].tolist() == ["b", "d", "a", "all other 1 words"]
    assert found["rank"].tolist()[:3] == [1, 2, 4]
    assert found["probability"].tolist() == pytest.approx([0.5, 0.25, 0.1, 0.15])
    assert found["mark"].tolist() == ["", "", "true word", "rest"]


def softmax(z):
    return np.exp(z) / np.exp(z).sum()


def test_bert_guesses_the_first_piece_with_all_pieces_hidden():
    plain = run(tiny_bert(), Query(TEXT))
    at = sees.pieces_of(plain.tokens, OF[3])
    trace = run(tiny_bert(), Query(TEXT, masked=tuple(at)))
    guess = sees.bert(trace, OF, 3, 3)
    assert guess.true["probability"] == pytest.approx(softmax(trace.mlm_logits([at[0]])[0].astype(float))[WORDS.index("water")])
    assert guess.reads.tolist() == [True, True, True, False, True, True]
    assert guess.size == len(WORDS)
    assert "2 pieces to this model: water ##s" in guess.notes[0]
    bare = run(tiny_bert("no heads"), Query(TEXT))
    assert "cannot predict words" in sees.bert(bare, OF, 3, 3).missing


def test_the_decoder_guesses_from_the_left():
    trace = run_decoder(tiny_decoder(), TEXT)
    guess = sees.decoder(trace, OF, 2, 3)
    assert guess.true["probability"] == pytest.approx(softmax(trace.logits([2])[0].astype(float))[WORDS.index("river")])
    assert guess.reads.tolist() == [True, True, False, False, False, False]
    later = sees.decoder(
        run_decoder(tiny_decoder(), "the bank river the the the"), sees.words("the bank river the the the"), 2, 3
    )
    assert later.true["probability"] == guess.true["probability"]
    long = "the " * 40
    assert "beyond the tokens" in sees.decoder(run_decoder(tiny_decoder(), long), sees.words(long), 39, 3).missing


def test_elmos_row_for_all_other_words_is_told_in_words():
    p = np.array([0.1, 0.6, 0.3])
    ranked = sees.ranking(p, lambda i: ("bank", sees.UNKNOWN, "door")[i], 0, 2)
    guess = sees.Guess("elmo-left", "ELMo", np.array([True, False]), ranked, "bank", 3)
    said = sees.look_guess(guess, 1).plain()
    assert "expects <UNK>, “some other word” that it has no row for, with 60 %, then door" in said
    assert "the text's bank is its number 3 of 3" in said


@pytest.mark.parametrize("side", ["left", "right"])
def test_elmos_directions_stand_apart(side):
    model = elmo(*VOCABULARY)
    trace = run_elmo(model, TEXT)
    guess = sees.elmo(trace, OF, 1, side, 2)
    expected = trace.next_probabilities(0) if side == "left" else trace.previous_probabilities(2)
    assert guess.true["probability"] == pytest.approx(float(expected[VOCABULARY.index("bank")]))
    assert guess.reads.tolist() == [side == "left", False, *[side == "right"] * 4]
    other = run_elmo(model, "the bank cold cold cold cold" if side == "left" else "cold bank river waters cold .")
    assert sees.elmo(other, sees.words(other.text), 1, side, 2).true["probability"] == guess.true["probability"]
    unknown = sees.elmo(trace, OF, 3, side, 2)
    assert unknown.true is None
    assert "“waters” is not among its 5 words" in unknown.notes[0]
    edge = sees.elmo(trace, OF, 0 if side == "left" else 5, side, 2)
    assert "nothing: no word stands on its side" in sees.look_guess(edge, 0 if side == "left" else 5).plain()


def test_word2vec_by_hand():
    vectors = table()
    guess = sees.word2vec(vectors, OF, 1, 2)
    assert guess.reads.tolist() == [True, False, True, False, True, False]  # "waters" and "." are not in the table
    mean = np.mean([vectors.vector(w) for w in ("the", "river", "cold")], axis=0)
    weights = vectors.counts**0.75 * np.exp(vectors.context @ mean)  # nothing is said of words that were thinned out
    assert guess.true["probability"] == pytest.approx(weights[3] / weights.sum(), rel=1e-5)
    assert guess.true["rank"] == 1 + (weights > weights[3]).sum()


def test_word2vecs_prior_is_the_one_of_gensims_training():
    from gensim.models import Word2Vec

    text = [["the"] * 60 + ["river"] * 8 + ["bank"] * 3 + ["cold"]] * 20
    trained = Word2Vec(text, vector_size=2, min_count=1, sample=0.05, seed=1, workers=1)
    counts = np.array([trained.wv.get_vecattr(w, "count") for w in trained.wv.index_to_key])
    kept = np.array([trained.wv.get_vecattr(w, "sample_int") for w in trained.wv.index_to_key]) / 2**32
    drawn = np.diff(np.append(0, trained.cum_table)) / trained.cum_table[-1]  # what negatives are drawn from
    found = sees.prior(counts, 0.05)
    np.testing.assert_allclose(found / found.sum(), drawn / kept / (drawn / kept).sum(), rtol=1e-6)
    assert kept[0] < 0.5 < kept[-1]
    assert sees.prior(counts, None) == pytest.approx(counts**0.75)


def test_word2vec_is_read_with_the_sample_it_was_trained_with():
    bundled = load_vectors("word2vec")
    assert bundled.sample == word2vec.Recipe().sample
    of = sees.words("She drank a cup of hot tea with the milk.")
    guess = sees.word2vec(bundled, of, 6, 3)
    mean = np.mean([bundled.vector(of[i].text) for i in np.flatnonzero(guess.reads)], axis=0)
    scores = np.asarray(bundled.context, np.float32) @ mean + np.log(sees.prior(bundled.counts, bundled.sample))
    assert guess.true["rank"] == 1 + (scores > scores[bundled.index("tea")]).sum()


def test_word2vec_reads_no_order_and_no_further_than_its_window():
    texts = "the river bank cold", "river the bank cold", "water " + "the " * 5 + "bank"
    first, second = (sees.word2vec(table(), sees.words(t), 2, 2) for t in texts[:2])
    assert first.true["probability"] == pytest.approx(second.true["probability"])
    far = sees.word2vec(table(), sees.words(texts[2]), 6, 2)
    assert far.reads.tolist() == [False, *[True] * 5, False]


def test_word2vec_without_output_weights_says_so():
    guess = sees.word2vec(table(context=False), OF, 1, 2)
    assert "no probability" in guess.notes[-1]
    alone = sees.words("zebra xylophone")
    assert "None of the words around" in sees.word2vec(table(), alone, 0, 2).missing


def guesses(target: int = 1):
    plain = run(tiny_bert(), Query(TEXT))
    hidden = run(tiny_bert(), Query(TEXT, masked=tuple(sees.pieces_of(plain.tokens, OF[target]))))
    biLM = run_elmo(elmo(*VOCABULARY), TEXT)
    return [
        sees.word2vec(table(), OF, target, 2),
        sees.elmo(biLM, OF, target, "left", 2),
        sees.elmo(biLM, OF, target, "right", 2),
        sees.decoder(run_decoder(tiny_decoder(), TEXT), OF, target, 2),
        sees.bert(hidden, OF, target, 2),
    ]


def test_what_was_read_is_said_in_good_english():
    reads = np.array([True, False, True])
    one = np.array([True, False, False])
    said = {key: sees.has_read(sees.Guess(key, key, reads if key in ("word2vec", "bert") else one), 1) for key in sees.SIDES}
    assert said["word2vec"] == "2 words around it, 1 to the left and 1 to the right, in no order"
    assert said["bert"] == "all other words, 1 to the left and 1 to the right"
    assert said["decoder"] == said["elmo-left"] == "the word to the left"
    assert sees.has_read(sees.Guess("word2vec", "", one), 1).startswith("1 word around it")


def test_the_winner_gives_the_word_the_most():
    found = guesses()
    table = sees.summary(found, 1)
    assert table["key"].tolist() == ["word2vec", "elmo-left", "elmo-right", "decoder", "bert"]
    assert table["probability"].tolist() == pytest.approx([g.true["probability"] for g in found])
    table["probability"], table["rank"] = [0.02, 0.01, 0.012, 0.03, 0.04], [1, 3, 3, 2, 1]
    best = sees.winner(table)
    assert best["key"] == "bert"
    said = sees.look_summary(table, "bank").plain()
    assert f"{best['model']} gives bank the most, 4 %; it is its number 1 of {best['size']:,}" in said
    assert sees.WHY[best["key"]] in said
    assert "the decoder has it at number 2, with 3 %" in said
    for g in found:
        assert "It has read" in sees.look_guess(g, 1).plain()


@pytest.mark.parametrize(
    ("probabilities", "ranks", "said"),
    [
        ([0.001, 1e-4, 4e-4, 1e-4, 1e-4], [300, 900, 177, 800, 500], "it could not be expected here"),
        ([0.001, 0.01, 0.02, 0.040, 0.041], [90, 9, 6, 1, 1], "Several models expect bank about equally"),
        ([0.05, 0.01, 0.02, 0.03, 0.05], [1, 9, 6, 2, 1], "can be expected without reading"),
        ([0.05, 1e-4, 1e-4, 1e-4, 1e-4], [1, 90, 60, 20, 11], "it could not be expected here"),
    ],
)
def test_nobody_wins_where_nobody_does(probabilities, ranks, said):
    table = sees.summary(guesses(), 1)
    table["probability"], table["rank"] = probabilities, ranks
    look = sees.look_summary(table, "bank")
    assert sees.winner(table) is None
    assert said in look.plain()
    assert not look.evidence


def test_nobody_can_say():
    nothing = sees.Guess("bert", "BERT", np.zeros(2, bool), missing="It is gone.")
    table = sees.summary([nothing], 0)
    assert sees.winner(table) is None
    assert "No model here" in sees.look_summary(table, "x").plain()
    assert sees.look_guess(nothing, 0).plain() == "It is gone."


def test_the_readers_word_is_escaped():
    assert "<b>" not in sees.look_summary(sees.summary(guesses(), 1), "<b>").html().replace('<b class="piece"', "")
