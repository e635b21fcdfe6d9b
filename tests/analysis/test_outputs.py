"""Cosines, neighbours, the map, two tokens through the layers, the pooler: by hand, and what always holds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bert_explain.analysis import outputs
from bert_explain.query import Query
from bert_explain.trace import run
from tests.tiny import tiny_bert

PAIR = Query("She walked to the bank of the river.", "The water was cold and clear.")


@pytest.fixture(scope="module")
def trace(mini_bert):
    return run(mini_bert, PAIR)


@pytest.fixture(scope="module")
def lone(mini_bert):
    """A single token, [CLS]: nothing typed and no separators."""
    return run(mini_bert, Query("", separators="removed"))


def by_hand(u, v):
    u, v = u.astype(float), v.astype(float)
    return sum(a * b for a, b in zip(u, v, strict=True)) / (sum(a * a for a in u) * sum(b * b for b in v)) ** 0.5


def test_cosines_by_hand(trace):
    table = outputs.cosines(trace, 4)
    for i, j in ((5, 8), (0, 18), (3, 3)):
        assert table[i, j] == pytest.approx(by_hand(trace.hidden[4][i], trace.hidden[4][j]))
    assert outputs.mean_cosine(np.array([[1, 0.5, 0.1], [0.5, 1, 0.3], [0.1, 0.3, 1]])) == pytest.approx(0.3)


words = st.lists(st.sampled_from(["the", "bank", "river", "water", "waters", "cold", "."]), max_size=8).map(" ".join)
kinds = st.sampled_from(["full", "bare", "distilbert"])


@settings(max_examples=60)
@given(words, words, kinds, st.integers(0, 2))
def test_what_always_holds(a, b, kind, layer):
    t = run(tiny_bert(kind), Query(a, b))
    count, table = len(t.tokens), outputs.cosines(t, layer)
    np.testing.assert_allclose(table, table.T, atol=1e-12)
    np.testing.assert_allclose(np.diag(table), 1)
    assert (np.abs(table) <= 1).all()
    pairs = outputs.pairs(t, layer)
    assert len(pairs) == count * (count - 1) // 2
    assert pairs["cosine"].is_monotonic_decreasing
    assert pairs["cosine"].mean() == pytest.approx(outputs.mean_cosine(table))
    for position in range(count):
        near = outputs.neighbours(t, layer, position)
        assert sorted(near["position"]) == [i for i in range(count) if i != position]
        assert sorted(near["on the map"]) == list(range(1, count))
        assert near["cosine"].is_monotonic_decreasing
        assert near["cosine"].tolist() == [table[position, i] for i in near["position"]]
    lines = outputs.through_layers(t, 0, count - 1)
    for at in range(3):
        own = outputs.cosines(t, at)
        assert lines["cosine"][at] == pytest.approx(own[0, count - 1], abs=1e-9)
        assert lines["mean cosine"][at] == pytest.approx(outputs.mean_cosine(own), abs=1e-9)
    np.testing.assert_allclose(lines["length"], np.linalg.norm(t.hidden[:, 0].astype(float), axis=1))
    found = outputs.token_map(t)
    assert found.points.shape == (3, count, 2)
    assert 0 <= found.share <= 1 + 1e-9
    assert ((found.shares >= 0) & (found.shares <= 1 + 1e-9)).all()


def test_bank_is_nearest_to_river(trace):
    near = outputs.neighbours(trace, 6, 5)
    assert near["token"].tolist()[0] == "river"
    assert outputs.partner(trace, 6, 5, None) == 8


def test_the_two_that_are_named_are_the_most_alike(trace):
    ordinary = [t for t in trace.tokens if not t.special]
    table = outputs.cosines(trace, 6)
    pairs = [(a, b) for a in ordinary for b in ordinary if a.position < b.position and a.text != b.text]
    one, other = max(pairs, key=lambda pair: table[pair[0].position, pair[1].position])
    said = outputs.look_cosines(trace, 6)
    assert [str(said.values[name]) for name in ("one", "other")] == [one.text, other.text]


def test_partner_is_the_chosen_token_where_it_can_be(trace):
    assert outputs.partner(trace, 6, 5, 2) == 2
    assert outputs.partner(trace, 6, 5, 5) == 8  # not the token itself
    assert outputs.partner(trace, 6, 5, 400) == 8
    # [SEP]'s nearest is the other [SEP]; an ordinary token says more
    assert outputs.neighbours(trace, 6, 10)["token"][0] == "[SEP]"
    assert not trace.tokens[outputs.partner(trace, 6, 10, None)].special


def test_the_map_is_the_plane_that_holds_most(trace):
    """Against the singular value decomposition of the same vectors: the plane cannot hold more than its two largest."""
    x = trace.hidden.astype(float)
    x /= np.linalg.norm(x, axis=-1, keepdims=True)
    x -= x.mean(axis=1, keepdims=True)
    singular = np.linalg.svd(x.reshape(-1, 384), compute_uv=False)
    found = outputs.token_map(trace)
    assert found.share == pytest.approx((singular[:2] ** 2).sum() / (singular**2).sum())
    np.testing.assert_allclose(found.points.mean(axis=1), 0, atol=1e-9)  # each layer is centred
    for layer in range(7):
        assert found.shares[layer] == pytest.approx((found.points[layer] ** 2).sum() / (x[layer] ** 2).sum())
    # a plane can only bring points nearer together
    flat = np.linalg.norm(found.points[6][:, None] - found.points[6], axis=-1)
    true = np.linalg.norm(x[6][:, None] - x[6], axis=-1)
    assert (flat <= true + 1e-9).all()


def test_the_map_is_the_same_each_time_and_found_once(mini_bert, trace):
    again = run(mini_bert, PAIR)
    assert np.array_equal(outputs.token_map(again).points, outputs.token_map(trace).points)
    assert outputs.token_map(trace) is outputs.token_map(trace)
    # one plane for all layers: the text's own layers decide it, not the layer that is looked at
    assert outputs.map_table(trace, 3)["across"].tolist() == outputs.token_map(trace).points[3][:, 0].tolist()


def test_the_loud_dimension(trace):
    dimension, count = outputs.loudest(trace, 3)
    strongest = [max(range(384), key=lambda k: abs(row[k])) for row in trace.hidden[3].tolist()]
    assert count == strongest.count(dimension) == max(strongest.count(k) for k in strongest)
    said = outputs.look_vectors(trace, 3).plain()
    assert f"dimension {dimension}: of all 384 it is the strongest in {count} of 19" in said
    x = trace.hidden[3].astype(float)
    x[:, dimension] = 0
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    without = (x @ x.T)[np.triu_indices(19, 1)].mean()
    assert f"without this dimension it would be {without:.3f}" in said
    assert "Compare a bold line" in outputs.look_vectors(trace, 6).plain()


def test_tables_hold_the_traces_own_numbers(trace):
    table = outputs.vector_table(trace, 2, 5)
    assert table["value"].abs().is_monotonic_decreasing
    assert dict(zip(table["dimension"], table["value"], strict=True)) == dict(enumerate(trace.hidden[2][5]))
    pooler = outputs.pooler_table(trace)
    assert np.array_equal(pooler["pooled"], trace.pooled)
    assert np.array_equal(pooler["[CLS], last layer"], trace.hidden[-1][0])


def test_the_sentences_say_this_texts_numbers(trace):
    lines = outputs.through_layers(trace, 5, 8)["cosine"]
    said = outputs.look_pair(trace, 5, 8).plain()
    assert f"come in with a cosine of {lines[0]:.2f} and leave with {lines[6]:.2f}" in said
    assert "Layer 1 changes it most" in said
    same = outputs.look_pair(trace, 4, 7).plain()  # "the" twice
    assert same.startswith("The same piece twice: the (4) and the (7) start from the same row")
    share = outputs.token_map(trace).shares[6]
    assert f"holds {share:.0%} of what tells".replace("%", " %") in outputs.look_map(trace, 6, 5).plain()
    assert "trust the list" in outputs.look_map(trace, 6, 5).plain()
    strongest = int(np.abs(trace.pooled).argmax())
    assert f"dimension {strongest} of the lower strip" in outputs.look_pooler(trace).plain()
    value = f"{trace.pooled.flat[strongest]:.2f}".replace("-", "−")
    assert f"the pooler answers {value} there" in outputs.look_pooler(trace).plain()


def test_where_map_and_cosine_disagree_it_is_said(trace):
    position = next(i for i in range(19) for t in [outputs.neighbours(trace, 6, i)] if t["on the map"][0] != 1)
    near = outputs.neighbours(trace, 6, position)
    seen = outputs.named(trace, near.loc[near["on the map"] == 1, "position"].item())
    said = outputs.look_map(trace, 6, position).plain()
    assert f"on the map {seen} lies nearest, but by cosine {outputs.named(trace, near['position'][0])} is nearer" in said


def test_one_token_alone(lone):
    assert lone.pieces == ["[CLS]"]
    assert outputs.pairs(lone, 6).empty
    assert outputs.neighbours(lone, 6, 0).empty
    assert outputs.partner(lone, 6, 0, 3) == 0
    assert np.isnan(outputs.mean_cosine(outputs.cosines(lone, 6)))
    assert not outputs.token_map(lone).points.any()
    assert "no map to draw" in outputs.look_map(lone, 6, 0).plain()
    assert "only one token" in outputs.look_pair(lone, 0, 0).plain()
    assert "only one token" in outputs.look_cosines(lone, 6).plain()
    assert outputs.look_vectors(lone, 6).plain().startswith("There is one token: its vector is")


def test_a_text_with_every_embedding_removed(mini_bert):
    """All vectors are alike: no map, cosines of 1, and no division by zero."""
    t = run(mini_bert, PAIR.but(tokens="removed", segments="removed", positions="removed"))
    with np.errstate(all="raise"):
        assert outputs.token_map(t).share == 0
        assert "no map to draw" in outputs.look_map(t, 6, 5).plain()
        assert outputs.mean_cosine(outputs.cosines(t, 6)) == pytest.approx(1)
        outputs.look_cosines(t, 0), outputs.look_pair(t, 1, 2), outputs.look_vectors(t, 0)


def test_without_a_pooler_it_is_said():
    t = run(tiny_bert("distilbert"), Query("the bank"))
    assert "This model has no pooler" in outputs.look_pooler(t).plain()
    assert list(outputs.pooler_table(t).columns) == ["dimension", "[CLS], last layer"]


def test_pieces_of_the_reader_are_escaped(mini_bert):
    t = run(mini_bert, Query("< > & <b>"))
    for sentence in (outputs.look_cosines(t, 6), outputs.look_map(t, 6, 1), outputs.look_pair(t, 1, 2)):
        assert "<</b>" not in sentence.html()
        assert "&lt;" in sentence.html() or "&gt;" in sentence.html() or "&amp;" in sentence.html()
