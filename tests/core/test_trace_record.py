"""A trace is a record of numbers: it holds no model, weighs what its arrays weigh, and can be sent."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bert_explain.core.errors import BadModel
from bert_explain.core.trace import DecoderTrace
from bert_explain.engines.decoding import run_decoder
from bert_explain.engines.elmo import run_elmo
from bert_explain.query import Query
from bert_explain.trace import run
from tests.tiny import tiny_bert, tiny_decoder
from tests.tiny_elmo import tiny_elmo

ROOT = Path(__file__).resolve().parents[2]
PAIR = Query("the bank", "cold waters.", heads_off=((1, 0),))


def test_a_pickled_trace_weighs_its_numbers(mini_bert):
    trace = run(mini_bert, Query("She walked to the bank. " * 20, "The water was cold."))
    arrays = trace.hidden.nbytes + trace.attention.nbytes + trace.embeddings.nbytes
    assert arrays < len(pickle.dumps(trace)) < 1.02 * arrays


def test_what_was_asked_of_a_trace_is_not_sent_along(mini_bert):
    trace = run(mini_bert, Query("She walked to the bank."))
    before = len(pickle.dumps(trace))
    trace.pieces, trace.head(0, 0), trace.mlm_logits([1])
    assert len(pickle.dumps(trace)) == before


@pytest.mark.parametrize("kind", ["full", "bare", "no segments", "distilbert"])
def test_a_trace_read_back_is_the_same_and_asks_the_loaded_model(kind):
    model = tiny_bert(kind)
    trace = run(model, PAIR)
    back = pickle.loads(pickle.dumps(trace))
    assert (back.spec, back.query, back.tokens, back.cut) == (trace.spec, trace.query, trace.tokens, trace.cut)
    for name in ("hidden", "attention", "pooled", "nsp", "nsp_logits"):
        np.testing.assert_array_equal(getattr(back, name), getattr(trace, name))
    for array in (back.hidden, back.attention, back.embeddings.total):
        assert not array.flags.writeable
    assert back.model.spec.reads_as == model.spec.reads_as
    np.testing.assert_array_equal(back.head(1, 1).mixed, trace.head(1, 1).mixed)
    np.testing.assert_array_equal(run(back.model, PAIR).hidden, trace.hidden)


def test_a_decoder_s_trace_stays_one():
    back = pickle.loads(pickle.dumps(run_decoder(tiny_decoder(), "the bank")))
    assert isinstance(back, DecoderTrace)
    assert back.logits([0]).shape == (1, back.spec.vocab_size)


def test_elmo_s_trace_can_be_sent():
    trace = run_elmo(tiny_elmo(), "the bank is cold")
    back = pickle.loads(pickle.dumps(trace))
    np.testing.assert_array_equal(back.layers, trace.layers)
    np.testing.assert_array_equal(back.influence(0, 3), trace.influence(0, 3))
    assert not back.states.flags.writeable


@pytest.mark.slow
def test_where_its_model_is_not_loaded_a_trace_says_so(tmp_path):
    trace = run(tiny_bert(), PAIR)
    file = tmp_path / "trace.pickle"
    file.write_bytes(pickle.dumps(trace))
    code = (
        "import pickle, sys\n"
        f"trace = pickle.load(open({str(file)!r}, 'rb'))\n"
        "assert trace.hidden.shape[0] == 3 and trace.pieces[0] == '[CLS]'\n"
        "assert 'torch' not in sys.modules, 'reading a trace needs no torch'\n"
        "import bert_explain.trace\n"
        "from bert_explain.errors import ExplainError\n"
        "for ask in (lambda: trace.model, lambda: trace.head(0, 0), lambda: trace.mlm_logits([1])):\n"
        "    try:\n"
        "        ask()\n"
        "    except ExplainError as error:\n"
        "        print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("tiny BERT, full is not loaded here")


def test_the_error_is_one_a_page_shows():
    assert BadModel.__mro__[1].__name__ == "ExplainError"


def test_another_model_with_other_weights_does_not_answer():
    first, second = tiny_bert(seed=3), tiny_bert(seed=4)
    assert first.spec.fingerprint != second.spec.fingerprint
    trace = run(first, PAIR)
    run(second, PAIR)
    assert trace.model is first


def test_a_spec_says_what_the_model_says(mini_bert):
    spec = mini_bert.spec
    for name in ("name", "title", "n_layers", "n_heads", "hidden_size", "head_size", "vocab_size", "max_tokens", "lacks"):
        assert getattr(spec, name) == getattr(mini_bert, name)
    tok = mini_bert.tokenizer
    assert (spec.special.start.id, spec.special.end.text) == (tok.cls_token_id, tok.sep_token)
    assert spec.special.ids == set(tok.all_special_ids)
    assert (spec.continuing, spec.lower_case, spec.longest_word, spec.feed_forward_size) == ("##", True, 100, 1536)
    assert tiny_bert("distilbert").spec.lacks == tiny_bert("distilbert").lacks
    assert len(tiny_bert("distilbert").spec.lacks) == 3
    assert tiny_decoder().spec.lacks == tiny_decoder().lifted().spec.lacks == ()


def test_lifting_the_mask_makes_another_model():
    decoder = tiny_decoder()
    assert decoder.spec.fingerprint != decoder.lifted().spec.fingerprint


@pytest.mark.parametrize("words", [1, 30, 400])
def test_the_size_of_a_trace_is_known_before_it_is_made(mini_bert, words):
    trace = run(mini_bert, Query("bank " * words, "The water."))
    arrays = trace.hidden.nbytes + trace.attention.nbytes + trace.embeddings.nbytes
    assert trace.spec.trace_bytes(len(trace.tokens)) == pytest.approx(arrays, rel=0.02)


def test_the_size_of_elmo_s_trace_is_known_before_it_is_made():
    trace = run_elmo(tiny_elmo(), "the bank is cold " * 20)
    arrays = trace.token.nbytes + trace.states.nbytes + trace.layers.nbytes
    assert trace.spec.trace_bytes(len(trace.words)) == pytest.approx(arrays, rel=0.02)
