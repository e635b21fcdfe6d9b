"""What a reader is shown first does what it is there for, computed with the bundled weights: other weights, other defaults."""

import lzma

import numpy as np
import pytest

from bert_explain import models
from bert_explain.analysis import senses
from bert_explain.analysis import vectors as av
from bert_explain.analysis.attention import words
from bert_explain.analysis.occurrences import reader
from bert_explain.chapters.decoder import analysis as dec
from bert_explain.chapters.same_word import draw as same_word
from bert_explain.chapters.vectors import analogies, one_vector
from bert_explain.chapters.vectors.draw import EXAMPLE
from bert_explain.content import examples, trained, unread, vectors, wordnet
from bert_explain.content import senses as sets
from bert_explain.engines.decoding import run_decoder
from bert_explain.models import load_vectors
from bert_explain.query import Query
from bert_explain.trace import run

TABLES = ("word2vec", "glove")


def answer(table: str, text: str) -> str:
    found = load_vectors(table)
    ranked = analogies.ranking(found, analogies.add(found, analogies.parse(text)), 8)
    return ranked.loc[~ranked["given"], "word"].iloc[0]


@pytest.mark.parametrize("one", vectors.analogies(), ids=lambda one: one.text)
def test_sums_hold_in_both_tables_and_the_failure_fails(one):
    if one.hoped:
        right = [answer(table, one.text) == one.hoped for table in TABLES]
        assert not any(right) if one.fails else all(right)


def test_there_is_a_first_sum_that_holds_and_one_that_fails():
    assert vectors.analogies()[0].hoped
    assert not vectors.analogies()[0].fails
    assert sum(one.fails for one in vectors.analogies()) == 1


@pytest.mark.parametrize("one", sets.sets(), ids=lambda one: one.name)
def test_sets_part_in_bert_and_the_failure_does_not(one):
    found = same_word.found_in(one.word, one.lines)
    labels = [o.label for o in found.occurrences]
    best = max(senses.silhouette(v, labels) for v in reader("bert").vectors(found.occurrences))
    assert not found.problems
    assert best < 0.2 if one.fails else best > 0.2
    if one is sets.sets()[0]:
        assert best > 0.35  # what is seen first, clearly


def test_one_set_is_kept_as_the_failure():
    assert sum(one.fails for one in sets.sets()) == 1


def test_the_decoders_mask_opens_on_a_head_that_looks_at_words():
    model = models.load_decoder()
    for pair in examples.pairs()[:3]:
        trace = run_decoder(model, pair.a, pair.b)
        layer, head = dec.telling_head(trace)
        ordinary = words(trace.tokens)
        others = np.outer(ordinary, ordinary) * ~np.eye(len(ordinary), dtype=bool)
        rows = np.flatnonzero(ordinary)[1:]
        shares = np.array([[(head * others)[rows].sum() / len(rows) for head in of] for of in trace.attention])
        assert shares[layer, head] == pytest.approx(shares.max(), rel=1e-5)
        assert shares[layer, head] > 0.25
        assert trace.attention[layer, head][rows, 0].mean() < 0.5  # not at [CLS] most of the time


def test_beside_it_bert_shows_what_the_mask_forbids(mini_bert):
    model = models.load_decoder()
    for pair in examples.pairs():
        trace, bert = run_decoder(model, pair.a, pair.b), run(mini_bert, Query(pair.a, pair.b))
        layer, head = dec.telling_head(trace, bert)
        ordinary = np.flatnonzero(words(trace.tokens))[1:]
        assert dec.ahead(bert.attention[layer, head]) > 0.15
        assert trace.attention[layer, head][ordinary, 0].mean() < 0.6


def test_one_vector_opens_on_a_word_that_tells_something(mini_bert):
    tables = [load_vectors(name) for name in TABLES]
    pairs = av.shared(tables[0], *EXAMPLE.values())
    assert pairs[0][0].word == "bank"
    own = one_vector.table(run(mini_bert, Query(*EXAMPLE.values())), tables, *pairs[0])
    assert own.loc[~own["static"].astype(bool), "cosine"].min() < 0.7


# sentences that none has read
def test_unread_sentences_hold_their_word_once_and_questions_can_be_asked_of_each():
    listed = unread.sentences()
    assert len(listed) >= 60
    assert len({one.word for one in listed}) >= 10
    assert len({one.text for one in listed}) == len(listed)
    for one in listed:
        assert len(same_word.sw.spans(one.text, one.word)) == 1
        assert one.word in one.text.lower()  # in its base form: forms must not tell the meaning
    for word in {one.word for one in listed}:
        own = [one.sense for one in listed if one.word == word]
        assert all(own.count(sense) >= 3 for sense in own)
        assert len(set(own)) >= 2


def test_no_unread_sentence_stands_in_wordnet_or_in_a_set():
    read = {text.lower().strip(" .") for text in wordnet.load().sentences["text"]}
    read |= {line.text.lower().strip(" .") for one in sets.sets() for line in same_word.sw.parse(one.lines)}
    assert not [one.text for one in unread.sentences() if one.text.lower().strip(" .") in read]


@pytest.mark.slow
def test_no_unread_sentence_stands_in_the_training_text(shared_dir):
    files = sorted((shared_dir / "corpus").glob("*.txt.xz"))
    if not files:
        pytest.skip("no text in ../shared/corpus")
    wanted = {one.text.lower() for one in unread.sentences()}
    begins = {text[:12] for text in wanted}
    for path in files:
        with lzma.open(path, "rt", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                low = line.lower()
                if any(begin in low for begin in begins):
                    assert not [text for text in wanted if text in low], path


def test_the_scores_of_unread_sentences_are_those_of_the_list_and_of_what_stands_in_it():
    measured = wordnet.scores()["unread"]
    assert measured["table"] == unread.fingerprint()
    assert (measured["sentences"], measured["words"]) == (len(unread.sentences()), len({o.word for o in unread.sentences()}))
    for key in ("word2vec", "glove"):  # one form a word: one vector, and so what guessing gets
        assert measured["models"][key]["word"] == [measured["word"]["chance"]]


# what each has read
def test_the_small_table_says_what_each_began_with_and_read():
    said = trained.briefly()
    for one in trained.shown():
        assert f"| {one.name} | {one.began_with} | {one.amount} |" in said
    assert "| GloVe 6B | nothing | 6.0 billion words |" in said
    assert trained.readers_of("wordnet") == [one.name for one in trained.bundled()]
