"""The one forward pass: worked by hand on a tiny model, its invariants, and what each intervention does."""

import math

import numpy as np
import pytest
import torch

from bert_explain.engines.local import attention_tensors
from bert_explain.errors import BadQuery, Missing
from bert_explain.query import Query
from bert_explain.trace import run
from tests.tiny import WORDS, tiny_bert

A, B = "the bank", "cold waters."
PAIR = Query(A, B)
PIECES = ["[CLS]", "the", "bank", "[SEP]", "cold", "water", "##s", ".", "[SEP]"]


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def layer_norm(x, weight, bias, eps=1e-12):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + eps) * weight + bias


def gelu(x):
    return x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


@pytest.fixture(scope="module")
def tiny():
    return tiny_bert()


@pytest.fixture(scope="module")
def weights(tiny):
    return {name: value.numpy().astype(np.float64) for name, value in tiny.module.state_dict().items()}


@pytest.fixture(scope="module")
def trace(tiny):
    return run(tiny, PAIR)


def close(a, b, atol=1e-6):
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=atol)


# By hand --------------------------------------------------------------------------------------------------------


def test_two_tokens_with_weights_small_enough_for_paper():
    """One head, two numbers a token, only [CLS] and [SEP]: every step in round numbers."""
    model = tiny_bert(seed=99, hidden_size=2, num_attention_heads=1, intermediate_size=2, num_hidden_layers=1)
    layer, norm = model.layers[0], model.embed.norm
    with torch.no_grad():
        for table in (model.embed.token, model.embed.position, model.embed.segment):
            table.weight.zero_()
        model.embed.token.weight[WORDS.index("[CLS]")] = torch.tensor([2.0, 0.0])
        model.embed.token.weight[WORDS.index("[SEP]")] = torch.tensor([0.0, 4.0])
        model.embed.position.weight[1] = torch.tensor([1.0, -1.0])
        norm.weight.fill_(1), norm.bias.zero_()
        for linear in (layer.query, layer.key, layer.value):
            linear.weight.copy_(torch.eye(2)), linear.bias.zero_()
        layer.value.weight.mul_(3)
    t = run(model, Query(""))
    assert t.pieces == ["[CLS]", "[SEP]"]
    assert t.embeddings.total.tolist() == [[2, 0], [1, 3]]
    close(t.embeddings.normalised, [[1, -1], [-1, 1]])  # mean 1, deviation 1; mean 2, deviation 1
    head = t.head(0, 0)
    close(head.scores, np.array([[2, -2], [-2, 2]]) / math.sqrt(2))  # q.k = 1 + 1, or -1 - 1; d = 2
    p = 1 / (1 + math.exp(-4 / math.sqrt(2)))
    close(head.weights, [[p, 1 - p], [1 - p, p]])
    mixed = 3 * (p - (1 - p))  # v is three times the input
    close(head.mixed, [[mixed, -mixed], [-mixed, mixed]])
    close(t.attention[0, 0], head.weights)


def test_one_head_by_hand(trace, weights):
    x, w = trace.hidden[1].astype(np.float64), "bert.encoder.layer.1.attention.self."
    part = slice(4, 8)  # head 2 of 2: the second half of the 8 numbers
    names = ("query", "key", "value")
    q, k, v = (x @ weights[f"{w}{n}.weight"].T[:, part] + weights[f"{w}{n}.bias"][part] for n in names)
    scores = q @ k.T / math.sqrt(4)
    head = trace.head(1, 1)
    for name, value in {"q": q, "k": k, "v": v, "scores": scores, "weights": softmax(scores)}.items():
        close(getattr(head, name), value)
    close(head.mixed, softmax(scores) @ v)
    close(trace.attention[1, 1], softmax(scores))
    close(trace.layer(1).joined[:, part], softmax(scores) @ v)


def test_one_layer_by_hand(trace, weights):
    w = {name.removeprefix("bert.encoder.layer.0."): value for name, value in weights.items() if "layer.0." in name}
    step, x = trace.layer(0), trace.hidden[0].astype(np.float64)
    joined = np.hstack([trace.head(0, h).mixed for h in (0, 1)])
    projected = joined @ w["attention.output.dense.weight"].T + w["attention.output.dense.bias"]
    normed = layer_norm(x + projected, w["attention.output.LayerNorm.weight"], w["attention.output.LayerNorm.bias"])
    expanded = gelu(normed @ w["intermediate.dense.weight"].T + w["intermediate.dense.bias"])
    contracted = expanded @ w["output.dense.weight"].T + w["output.dense.bias"]
    output = layer_norm(normed + contracted, w["output.LayerNorm.weight"], w["output.LayerNorm.bias"])
    expected = {
        "input": x,
        "joined": joined,
        "projected": projected,
        "attended": x + projected,
        "attended_normalised": normed,
        "expanded": expanded,
        "contracted": contracted,
        "total": normed + contracted,
        "output": output,
    }
    for name, value in expected.items():
        close(getattr(step, name), value)


def test_embeddings_and_heads_by_hand(trace, weights):
    e = "bert.embeddings."
    ids = [WORDS.index(p) for p in PIECES]
    total = weights[f"{e}word_embeddings.weight"][ids] + weights[f"{e}position_embeddings.weight"][:9]
    total = total + weights[f"{e}token_type_embeddings.weight"][[0, 0, 0, 0, 1, 1, 1, 1, 1]]
    close(trace.embeddings.total, total)
    close(trace.hidden[0], layer_norm(total, weights[f"{e}LayerNorm.weight"], weights[f"{e}LayerNorm.bias"]))
    cls = trace.hidden[-1][0].astype(np.float64)
    pooled = np.tanh(cls @ weights["bert.pooler.dense.weight"].T + weights["bert.pooler.dense.bias"])
    close(trace.pooled, pooled)
    logits = pooled @ weights["cls.seq_relationship.weight"].T + weights["cls.seq_relationship.bias"]
    close(trace.nsp_logits, logits)
    close(trace.nsp, softmax(logits))
    m = "cls.predictions."
    h = gelu(trace.hidden[-1][5] @ weights[f"{m}transform.dense.weight"].T + weights[f"{m}transform.dense.bias"])
    h = layer_norm(h, weights[f"{m}transform.LayerNorm.weight"], weights[f"{m}transform.LayerNorm.bias"])
    close(trace.mlm_logits([5])[0], h @ weights[f"{e}word_embeddings.weight"].T + weights[f"{m}bias"])


# What always holds ------------------------------------------------------------------------------------------------

CHANGES = {
    "nothing": {},
    "masked": {"masked": (2, 5)},
    "replaced": {"replaced": ((1, 7),)},
    "heads off": {"heads_off": ((0, 1), (1, 0))},
    "segments flipped": {"segments": "flipped"},
    "segments removed": {"segments": "removed"},
    "positions removed": {"positions": "removed"},
    "positions shuffled": {"positions": "shuffled", "seed": 3},
    "tokens removed": {"tokens": "removed"},
    "separators removed": {"separators": "removed"},
    "swapped": {"swapped": True},
    "all": {
        "masked": (1,),
        "heads_off": ((1, 1),),
        "segments": "flipped",
        "positions": "shuffled",
        "tokens": "removed",
        "separators": "removed",
        "swapped": True,
    },
}


@pytest.mark.parametrize("kind", ["full", "no heads", "bare", "no segments", "distilbert"])
@pytest.mark.parametrize("change", CHANGES)
def test_shapes_sums_and_flags(kind, change):
    model = tiny_bert(kind)
    t = run(model, PAIR.but(**CHANGES[change]))
    n, e = len(t.tokens), t.embeddings
    assert t.hidden.shape == (3, n, 8)
    assert t.attention.shape == (2, 2, n, n)
    assert np.isfinite(t.hidden).all()
    close(t.attention.sum(-1), np.ones((2, 2, n)))
    assert (t.attention >= 0).all()
    close(e.token + e.segment + e.position, e.total)
    close(layer_norm(e.total, e.norm_weight, e.norm_bias, e.norm_eps), e.normalised, atol=1e-5)
    assert np.array_equal(t.hidden[0], e.normalised)
    arrays = [e.token, e.segment, e.position, e.total, e.normalised, e.norm_weight, e.norm_bias, t.hidden, t.attention]
    for layer in range(2):
        step = t.layer(layer)
        close(step.input, t.hidden[layer])
        close(step.output, t.hidden[layer + 1])
        close(step.input + step.projected, step.attended)
        close(step.attended_normalised + step.contracted, step.total)
        arrays += [v for name, v in vars(step).items() if name != "layer"]
        for h in range(2):
            head = t.head(layer, h)
            close(head.weights, t.attention[layer, h])
            off = (layer, h) in t.query.heads_off
            close(head.mixed, np.zeros((n, 4)) if off else head.weights @ head.v)
            close(step.joined[:, 4 * h : 4 * h + 4], head.mixed)
            arrays += [head.q, head.k, head.v, head.scores, head.weights, head.mixed]
    if model.has_mlm:
        arrays.append(t.mlm_logits([0, n - 1]))
        assert arrays[-1].shape == (2, len(WORDS))
    if model.has_nsp:
        assert t.nsp.sum() == pytest.approx(1)
        arrays += [t.nsp, t.nsp_logits]
    arrays += [t.pooled] if model.has_pooler else []
    for array in arrays:
        assert array.dtype == np.float32
        assert not array.flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_what_a_model_lacks_is_none_or_raised_and_said():
    t = run(tiny_bert("bare"), PAIR)
    assert (t.pooled, t.nsp, t.nsp_logits) == (None, None, None)
    with pytest.raises(Missing, match="has no masked-word head: it cannot predict words"):
        t.mlm_logits([1])
    with pytest.raises(Missing, match=r"tiny BERT, bare has no next-sentence head: it cannot"):
        t.next_sentence()
    assert len(t.model.lacks) == 3
    assert all(s.startswith("tiny BERT, bare has no ") and s.endswith(".") for s in t.model.lacks)
    assert tiny_bert().lacks == ()
    assert len(tiny_bert("distilbert").lacks) == 3
    assert not run(tiny_bert("distilbert"), PAIR).embeddings.segment.any()


def test_the_same_query_gives_the_same_numbers(tiny, trace):
    again = run(tiny, PAIR)
    assert np.array_equal(again.hidden, trace.hidden)
    assert again != trace  # records with arrays compare by identity, and can be keys
    assert len({again, trace, again}) == 2


def test_masked_word_head_on_an_earlier_layer_reads_that_layer(trace):
    assert np.array_equal(trace.mlm_logits([2, 5], layer=2), trace.mlm_logits([2, 5]))
    assert not np.allclose(trace.mlm_logits([2], layer=0), trace.mlm_logits([2]))
    expected = trace.model.mlm_logits(torch.from_numpy(trace.hidden[1][[2]].copy())).detach()
    close(trace.mlm_logits([2], layer=1), expected)
    assert trace.mlm_logits([]).shape == (0, len(WORDS))


def test_masked_word_head_after_every_layer_at_once(trace):
    found = trace.mlm_logits_by_layer(5)
    assert found.shape == (3, len(WORDS))
    assert not found.flags.writeable
    for layer in range(3):
        close(found[layer], trace.mlm_logits([5], layer=layer)[0])


@pytest.mark.parametrize("positions", [[5], [7, 0, 7], [], np.array([2, 3])])
def test_a_layer_for_some_tokens_only_gives_their_rows(trace, positions):
    whole, part = trace.layer(1), trace.layer(1, positions=positions)
    for name, rows in vars(whole).items():
        if name != "layer":
            close(getattr(part, name), rows[list(positions)])
            assert not getattr(part, name).flags.writeable


def test_attention_as_hugging_face_returns_it(trace):
    tensors = attention_tensors(trace)
    assert [tuple(t.shape) for t in tensors] == [(1, 2, 9, 9)] * 2
    assert np.array_equal(torch.cat(tensors).numpy(), trace.attention)
    tensors[0].zero_()  # copies: a tool that changes them changes nothing here
    assert trace.attention[0].any()


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda t: t.layer(0, positions=[9]), "There is no position 9: positions go from 0 to 8 here."),
        (lambda t: t.mlm_logits_by_layer(-1), "There is no position -1: positions go from 0 to 8 here."),
        (lambda t: t.head(2, 0), "There is no layer 2: layers go from 0 to 1 here."),
        (lambda t: t.head(0, -1), "There is no head -1: heads go from 0 to 1 here."),
        (lambda t: t.layer(99), "There is no layer 99: layers go from 0 to 1 here."),
        (lambda t: t.mlm_logits([9]), "There is no position 9: positions go from 0 to 8 here."),
        (lambda t: t.mlm_logits([1], layer=3), "There is no layer 3: layers go from 0 to 2 here."),
        (lambda t: run(t.model, PAIR.but(heads_off=((2, 0),))), "There is no layer 2: layers go from 0 to 1 here."),
        (lambda t: run(t.model, PAIR.but(heads_off=((1, 2),))), "There is no head 2: heads go from 0 to 1 here."),
    ],
)
def test_what_does_not_exist_is_said(trace, ask, said):
    with pytest.raises(BadQuery) as error:
        ask(trace)
    assert str(error.value) == said


# What each intervention does ---------------------------------------------------------------------------------------


def changed(tiny, name):
    return run(tiny, PAIR.but(**CHANGES[name]))


def test_a_head_off_is_a_slice_of_zeros_and_only_that(tiny, trace):
    t = run(tiny, PAIR.but(heads_off=((1, 0),)))
    assert np.array_equal(t.hidden[:2], trace.hidden[:2])  # layer 1 does not know yet
    joined, before = t.layer(1).joined, trace.layer(1).joined
    assert not joined[:, :4].any()
    assert np.array_equal(joined[:, 4:], before[:, 4:])
    assert np.array_equal(t.attention, trace.attention)  # the weights stay; what they bring is dropped
    assert not np.allclose(t.hidden[2], trace.hidden[2])


def test_flipped_segments_read_the_other_row(tiny, trace):
    t = changed(tiny, "segments flipped")
    assert [x.segment for x in t.tokens] == [1 - x.segment for x in trace.tokens]
    rows = tiny.segment_table().numpy()
    assert np.array_equal(t.embeddings.segment, rows[[1, 1, 1, 1, 0, 0, 0, 0, 0]])
    assert np.array_equal(t.embeddings.token, trace.embeddings.token)


@pytest.mark.parametrize("part", ["token", "segment", "position"])
def test_a_removed_part_is_zero_and_the_others_stay(tiny, trace, part):
    t = changed(tiny, f"{part}s removed")
    assert not getattr(t.embeddings, part).any()
    for other in {"token", "segment", "position"} - {part}:
        assert np.array_equal(getattr(t.embeddings, other), getattr(trace.embeddings, other))
    assert t.pieces == trace.pieces


def test_shuffled_positions_are_the_same_rows_in_another_order(tiny, trace):
    t = changed(tiny, "positions shuffled")
    order = [x.position_id for x in t.tokens]
    assert sorted(order) == list(range(9))
    assert order != list(range(9))
    assert np.array_equal(t.embeddings.position, trace.embeddings.position[order])
    assert np.array_equal(t.embeddings.token, trace.embeddings.token)


def test_without_positions_the_order_of_tokens_does_not_matter(tiny):
    one, other = (run(tiny, Query(text, positions="removed")) for text in ("the bank river", "river the bank"))
    close(one.hidden[-1][[0, 3, 1, 2, 4]], other.hidden[-1], atol=1e-5)


def test_masked_replaced_swapped_and_joined_texts_are_read_so(tiny):
    assert changed(tiny, "masked").pieces[2] == "[MASK]"
    river = changed(tiny, "replaced")
    assert river.pieces[1] == "river"
    assert np.array_equal(river.embeddings.token, run(tiny, Query("river bank", B)).embeddings.token)
    assert np.array_equal(changed(tiny, "swapped").hidden, run(tiny, Query(B, A)).hidden)
    assert changed(tiny, "separators removed").pieces == [p for p in PIECES if p != "[SEP]"]
