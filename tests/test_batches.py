"""Many texts at once give what each gives alone."""

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertLMHeadModel

from bert_explain.analysis.occurrences import ElmoReader, Occurrence, StaticReader
from bert_explain.models import batches, fingerprint
from bert_explain.models.bilm import BiLM, Options
from bert_explain.models.decoder import from_module
from bert_explain.models.elmo import Elmo
from bert_explain.query import Query
from bert_explain.trace import run
from bert_explain.trace_elmo import run_elmo
from tests.tiny import WORDS, tiny_bert, tiny_decoder, tiny_electra, tiny_roberta, tokenizer

TEXTS = [
    ("She sat on the bank of the river.", "bank"),
    ("A bank.", "bank"),
    ("bank", "bank"),
    ("The unforgettable ichthyologist came.", "ichthyologist"),
    ("Money in the bank, and 🙂 too.", "bank"),
    ("He put it in the bank today!", "bank"),
]


def tiny_elmo():
    """Two LSTM layers of 6 numbers a direction, random weights."""
    torch.manual_seed(0)
    options = Options(4, ((1, 4), (2, 4)), 1, "relu", 50, 12, 6, 2, 3.0, 3.0, True)
    return Elmo("tiny", "tiny", BiLM(options).eval().requires_grad_(False), ())


def spans(pairs):
    return [(text.index(word), text.index(word) + len(word)) for text, word in pairs]


def alone(model, text, span):
    """The mean of the word's pieces in the trace of this one text."""
    trace = run(model, Query(text))
    at = [t.position for t in trace.tokens if t.span and t.span[0] < span[1] and t.span[1] > span[0]]
    return trace.hidden[:, at].mean(axis=1)


def test_word_vectors_equal_the_trace(mini_bert):
    texts = [text for text, _ in TEXTS]
    found = batches.word_vectors(mini_bert, texts, spans(TEXTS))
    assert found.shape == (mini_bert.n_layers + 1, len(TEXTS), mini_bert.hidden_size)
    for i, (text, span) in enumerate(zip(texts, spans(TEXTS), strict=True)):
        assert found[:, i] == pytest.approx(alone(mini_bert, text, span), abs=1e-4)


@pytest.mark.parametrize("kind", ["full", "bare", "no segments", "distilbert"])
def test_other_architectures(kind):
    model = tiny_bert(kind)
    pairs = [("the bank", "bank"), ("banks .", "banks"), ("cold river water", "river")]
    found = batches.word_vectors(model, [t for t, _ in pairs], spans(pairs))
    for i, ((text, _), span) in enumerate(zip(pairs, spans(pairs), strict=True)):
        assert found[:, i] == pytest.approx(alone(model, text, span), abs=1e-4)


def test_a_decoder_looks_back_only():
    settings = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=32,
        is_decoder=True,
        initializer_range=0.4,
    )
    settings._attn_implementation = "eager"
    model = from_module("tiny", "tiny", BertLMHeadModel(settings), tokenizer())
    texts = ["the bank river", "the bank cold water ."]
    found = batches.word_vectors(model, texts, [(4, 8)] * 2)
    assert found[:, 0] == pytest.approx(found[:, 1], abs=1e-5)  # what follows the word changes nothing
    assert found[:, 0] == pytest.approx(alone(model, texts[0], (4, 8)), abs=1e-4)


def test_one_layer_is_that_layer(mini_bert):
    texts = [text for text, _ in TEXTS]
    every = batches.word_vectors(mini_bert, texts, spans(TEXTS))
    assert batches.word_vectors(mini_bert, texts, spans(TEXTS), layer=2)[0] == pytest.approx(every[2], abs=1e-5)


def test_what_leaves_no_piece_or_lies_too_far_has_no_vector(mini_bert):
    long = "word " * 600 + "bank"
    found = batches.word_vectors(mini_bert, ["a \x00 b", long, "a bank"], [(2, 3), (len(long) - 4, len(long)), (2, 6)])
    assert np.isnan(found[:, :2]).all()
    assert not np.isnan(found[:, 2]).any()


def test_no_texts_at_all(mini_bert):
    assert batches.word_vectors(mini_bert, [], []).shape == (mini_bert.n_layers + 1, 0, mini_bert.hidden_size)


def test_every_text_is_in_one_batch_of_its_length():
    lengths = [3, 5, 3, 3, 700]
    found = list(batches.by_length(lengths, tokens=6))
    assert sorted(np.concatenate(found).tolist()) == [0, 1, 2, 3, 4]
    assert all(len({lengths[i] for i in batch}) == 1 for batch in found)
    assert max(len(batch) for batch in found) == 2


def test_progress_ends_at_the_end(mini_bert):
    seen = []
    batches.word_vectors(mini_bert, ["a bank", "the bank is here"], [(2, 6), (4, 8)], progress=lambda *at: seen.append(at))
    assert seen[-1] == (2, 2)


def test_a_fingerprint_changes_with_one_number():
    one = np.zeros((2, 3), np.float32)
    other = one.copy()
    other[1, 1] = 1e-3
    names = {fingerprint.of_arrays([a]) for a in (one, other, one.reshape(3, 2))}
    assert len(names) == 3
    assert fingerprint.of_module(tiny_bert().module) != fingerprint.of_module(tiny_bert(seed=1).module)


def test_elmo_equals_its_trace():
    model = tiny_elmo()
    occurrences = [Occurrence(text, *span) for (text, _), span in zip(TEXTS, spans(TEXTS), strict=True)]
    found = ElmoReader("elmo", "ELMo", model).vectors(occurrences)
    assert found.shape == (model.n_layers + 1, len(TEXTS), model.size)
    for i, o in enumerate(occurrences):
        trace = run_elmo(model, o.text)
        at = [j for j, word in enumerate(trace.words) if word.start < o.end and word.end > o.start]
        assert found[:, i] == pytest.approx(trace.layers[:, at].mean(axis=1), abs=1e-4)
    nowhere = ElmoReader("elmo", "ELMo", model).vectors([Occurrence("a  b", 1, 3)], layer=1)
    assert nowhere.shape == (1, 1, model.size)
    assert np.isnan(nowhere).all()


def test_a_static_table_looks_at_the_form_alone():
    class Table:  # what models.Vectors promises, for four words
        width, size, words = 2, 3, ("bank", "river", "well")

        def index(self, word):
            return {w: i for i, w in enumerate(self.words)}.get(word.lower())

        def vector(self, word):
            return np.array([self.index(word), 1], np.float32)

    read = StaticReader("glove", "GloVe", Table())
    there = [
        Occurrence("The Bank here", 4, 8),
        Occurrence("a bank", 2, 6),
        Occurrence("river bank", 0, 10),
        Occurrence("xyz", 0, 3),
    ]
    found = read.vectors(there)[0]
    assert (found[0] == found[1]).all()
    assert (found[0] == [0, 1]).all()
    assert found[2] == pytest.approx([0.5, 1])  # an expression: the mean of its words
    assert np.isnan(found[3]).all()


PAIRS = [("the bank", ""), ("cold water .", "the river"), ("", ""), ("bank", "banks banks banks"), ("[SEP] cold", "[CLS]")]


@pytest.mark.parametrize("kind", ["full", "bare", "no segments", "distilbert", "roberta", "electra", "decoder"])
def test_vectors_of_texts_and_of_tokens_equal_the_trace(kind):
    made = {"roberta": tiny_roberta, "electra": tiny_electra, "decoder": tiny_decoder}
    model = made[kind]() if kind in made else tiny_bert(kind)
    traces = [run(model, Query(*pair)) for pair in PAIRS]
    texts = [trace.tokens for trace in traces]
    found = batches.text_vectors(model, texts)
    assert found.shape == (3, model.n_layers + 3, len(PAIRS), model.hidden_size)
    for i, trace in enumerate(traces):
        ways = [*trace.hidden, trace.hidden[1:][-4:].sum(axis=0), trace.hidden[1:].sum(axis=0)]
        own = [t.position for t in trace.tokens if t.sentence is not None] or [t.position for t in trace.tokens]
        for way, states in enumerate(ways):
            assert found[0, way, i] == pytest.approx(states[-1 if kind == "decoder" else 0], abs=1e-4)
            assert found[1, way, i] == pytest.approx(states[own].mean(axis=0), abs=1e-4)
            assert found[2, way, i] == pytest.approx(states[own].max(axis=0), abs=1e-4)
    places = [[0, None, len(tokens) - 1] for tokens in texts]
    words = batches.token_vectors(model, texts, places)
    assert words.shape == (model.n_layers + 1, 3 * len(PAIRS), model.hidden_size)
    for i, trace in enumerate(traces):
        assert words[:, 3 * i] == pytest.approx(trace.hidden[:, 0], abs=1e-4)
        assert not words[:, 3 * i + 1].any()
        assert words[:, 3 * i + 2] == pytest.approx(trace.hidden[:, -1], abs=1e-4)
