"""The components' payloads, decoded as the browser does it."""

import base64
import json
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bert_explain.figures import payload
from bert_explain.figures.payload import Band, Bar
from bert_explain.kernel.readings import tenths
from bert_explain.tokenize import Token
from tests.elements import payload_values


def token(text: str, *, segment: int = 0, special: bool = False, masked: bool = False) -> Token:
    return Token(text, 7, 0, segment, segment, 0, (0, 1), special, masked, 7, text, 0)


def unpacked(data: bytes) -> tuple[dict, np.ndarray]:
    """The header, and the weights as (L, A, query, key)."""
    size = int.from_bytes(data[:4], "little")
    header = json.loads(data[4 : 4 + size])
    n = header["cells"]
    values = np.frombuffer(zlib.decompress(data[4 + size :]), np.uint8)
    return header, values.reshape(header["layers"], header["heads"], n, n).swapaxes(2, 3)


def softmaxed(rng: np.random.Generator, *shape: int) -> np.ndarray:
    e = np.exp(3 * rng.standard_normal(shape))
    return (e / e.sum(-1, keepdims=True)).astype(np.float32)


@given(arrays(np.float32, 50, elements=st.floats(0, 1, width=32)))
def test_quantised_weights_are_off_by_at_most_half_a_step(weights):
    assert np.abs(payload.quantise(weights) / payload.LEVELS - weights.astype(float)).max() <= 1 / 200 + 1e-7


def test_encode_is_little_endian_bytes_in_row_order():
    table = np.arange(6, dtype=">f4").reshape(2, 3).T  # big-endian, not contiguous
    decoded = np.frombuffer(base64.b64decode(payload.encode(table)), "<f4")
    assert decoded.tolist() == [0, 3, 1, 4, 2, 5]


@given(
    arrays(np.float32, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.floats(-4, 4, width=32)),
    st.integers(1, 4),
    st.integers(1, 4),
)
def test_pool_keeps_the_strongest_of_each_block_and_where_it_stood(table, rows, columns):
    pooled, where = payload.pool(table, rows, columns)
    assert pooled.shape == (-(-table.shape[0] // rows), -(-table.shape[1] // columns))
    for i, j in np.ndindex(pooled.shape):
        block = table[i * rows : (i + 1) * rows, j * columns : (j + 1) * columns]
        assert abs(pooled[i, j]) == np.abs(block).max()
        assert table[i * rows + where[i, j] // columns, j * columns + where[i, j] % columns] == pooled[i, j]


def test_pool_takes_nan_only_where_there_is_nothing_else():
    pooled, _ = payload.pool(np.array([[np.nan, 0.0, np.nan], [np.nan, np.nan, np.nan]]), 2, 2)
    assert pooled[0, 0] == 0
    assert np.isnan(pooled[0, 1])


def test_heads_grid_round_trip():
    attention = softmaxed(np.random.default_rng(0), 2, 3, 5, 5)
    tokens = [token("[CLS]", special=True), *"abc", "</script>"]
    data = payload.heads_grid(attention, tokens, label="All", chosen=(1, 2), off=[(0, 1)], pick=True)
    header, weights = unpacked(data)
    assert np.abs(weights / 100 - attention).max() <= 1 / 200 + 1e-7
    assert header["text"] == ["[CLS]", "a", "b", "c", "</script>"]
    assert (header["chosen"], header["off"], header["block"], header["pick"]) == ([1, 2], [[0, 1]], 1, True)


@pytest.mark.parametrize(("n", "size"), [(128, 1), (129, 2), (300, 3), (512, 4)])
def test_many_tokens_are_pooled_by_numpys_maximum(n, size):
    attention = softmaxed(np.random.default_rng(n), 1, 2, n, n)
    header, weights = unpacked(payload.heads_grid(attention, ["x"] * n, label=""))
    assert (header["block"], header["tokens"]) == (size, n)
    assert weights.shape[-1] == -(-n // size) <= payload.MOST
    last = weights.shape[-1] - 1
    for i, j in ((0, 0), (last, 1), (last, last)):
        block = attention[0, 1, i * size : (i + 1) * size, j * size : (j + 1) * size]
        assert abs(weights[0, 1, i, j] / 100 - block.max()) <= 1 / 200 + 1e-7


def test_the_strongest_link_of_a_head_is_found_before_weights_are_rounded():
    attention = np.full((1, 2, 3, 3), 0.2)
    attention[0, 0, 2, 1], attention[0, 0, 0, 2] = 0.4012, 0.4009
    attention[0, 1, 1, 0] = 0.7
    header, _ = unpacked(payload.heads_grid(attention, "abc", label=""))
    assert header["strongest"] == [1 * 3 + 2, 0 * 3 + 1]  # key * cells + query


def test_most_weights_cost_less_than_half_a_byte(mini_bert):
    from bert_explain.query import Query
    from bert_explain.trace import run

    text = "She walked to the bank of the river and sat down beside the old stone bridge while the water moved. "
    trace = run(mini_bert, Query(text, text))
    assert len(payload.heads_grid(trace.attention, trace.tokens, label="All")) < 0.5 * trace.attention.size


def test_labels_say_special_masked_and_segment():
    items = [token("[CLS]", special=True), token("a"), token("b", segment=1), token("[MASK]", masked=True), "plain"]
    assert payload.labels(items) == {"text": ["[CLS]", "a", "b", "[MASK]", "plain"], "role": "sabmn"}


def test_token_row_joins_the_pieces_of_a_word():
    pieces = [token("[CLS]", special=True), token("##odd"), token("un"), token("##bel"), token("##ief"), token("x")]
    row = payload.token_row(pieces, label="Tokens", chosen={4, 2}, shade=[0, 0.25, np.nan, 2, 1, 1])
    assert row["joined"] == "000110"
    assert row["chosen"] == [2, 4]
    assert row["shade"] == [0, 0.25, 0, 1, 1, 1]


@pytest.mark.parametrize("extra", [{"shade": [1.0]}, {"notes": ["a", "b", "c"]}])
def test_token_row_refuses_other_lengths(extra):
    with pytest.raises(ValueError, match="2 tokens"):
        payload.token_row(["a", "b"], label="", **extra)


def test_matrix_keeps_float32_and_nan():
    table = np.array([[0.125, np.nan], [-3.0, 1 / 3]])
    data = payload.matrix(table, ["a", "b"], ["c", "d"], label="M", scale="signed")
    decoded = np.frombuffer(base64.b64decode(data["values"]), "<f4").reshape(2, 2)
    np.testing.assert_array_equal(decoded, table.astype(np.float32))
    assert (data["limit"], data["signed"], data["block"]) == (3, True, [1, 1])
    json.dumps(data, allow_nan=False)


def test_a_large_matrix_is_pooled_on_both_sides():
    table = np.random.default_rng(1).random((512, 200)).astype(np.float32)
    data = payload.matrix(table, ["r"] * 512, ["c"] * 200, label="M", chosen=(511, None))
    values = np.frombuffer(base64.b64decode(data["values"]), "<f4").reshape(128, 100)
    where = np.frombuffer(base64.b64decode(data["where"]), "<u2").reshape(128, 100)
    assert data["block"] == [4, 2]
    np.testing.assert_array_equal(values, table.reshape(128, 4, 100, 2).max((1, 3)))
    i, j = 4 * 7 + where[7, 9] // 2, 2 * 9 + where[7, 9] % 2
    assert table[i, j] == values[7, 9]


@pytest.mark.parametrize("table", [np.zeros((3, 3)), np.full((3, 3), np.nan)])
def test_a_scale_is_never_zero(table):
    assert payload.matrix(table, "abc", "abc", label="")["limit"] == 1


def test_an_empty_matrix_is_allowed():
    data = payload.matrix(np.zeros((0, 0)), [], [], label="")
    assert (data["values"], data["limit"]) == ("", 1)


def test_matrix_refuses_labels_and_roles_that_do_not_fit():
    with pytest.raises(ValueError, match="2 row"):
        payload.matrix(np.zeros((3, 3)), "ab", "abc", label="")
    with pytest.raises(KeyError, match="no colour role"):
        payload.matrix(np.zeros((1, 1)), "a", "a", label="", role="red;}")


def test_bands_share_a_limit_within_a_scale():
    ones = np.ones(10)
    rows = [Band("x", 2 * ones, "token"), Band("y", -ones, "segment_a", "+")]
    rows += [Band("z", 50 * ones, "hidden", "→", scale="after")]
    data = payload.bands(rows, label="B", chosen=3)
    assert data["limits"] == [2, 2, 50]
    assert (data["count"], data["chosen"], data["roles"]) == (10, 3, ["token", "segment-a", "hidden"])
    np.testing.assert_allclose(payload_values(data)[:, 0], [2, -1, 50])


def sent(data) -> tuple[dict, np.ndarray]:
    """A payload as the browser unpacks it: the header, and the numbers, a row a strip, or one row."""
    packed = payload.packed(data)
    assert packed[:4] == bytes(4)
    plain = zlib.decompress(packed[4:])
    size = int.from_bytes(plain[:4], "little")
    header = json.loads(plain[4 : 4 + size])
    planes = np.frombuffer(plain[4 + size :], np.uint8).reshape(header["width"], -1)
    steps = header["steps"]
    numbers = np.frombuffer(planes.T.tobytes(), "<i2" if steps else "<f4").reshape(len(header.get("names", [1])), -1)
    return header, np.where(numbers == -32_768, np.nan, numbers * np.array(steps)[:, None]) if steps else numbers


def written(numbers, digits: int) -> list[str]:
    return [f"{x:.{digits}f}".replace("-0." + "0" * digits, "0." + "0" * digits) for x in np.ravel(numbers).astype(float)]


def test_strips_travel_with_every_digit_and_every_shade():
    scales, digits = [[0.4], [5.0], [0.02]], (3, 3, 4)
    values = np.random.default_rng(3).normal(0, scales, (3, 2_000)).astype(np.float32)
    rows = [Band(name, row, "token", digits=n, scale=name) for name, row, n in zip("xyz", values, digits, strict=True)]
    data = payload.bands(rows, label="B")
    header, numbers = sent(data)
    assert header["width"] == 2
    assert len(payload.packed(data)) < 2 * values.size
    for mine, row, limit, n in zip(numbers, values, data["limits"], digits, strict=True):
        assert np.abs(mine - row).max() <= limit / 255
        assert written(mine, n) == written(row, n)


def test_a_table_travels_with_every_digit_its_floor_and_its_empty_cells():
    table = np.random.default_rng(4).uniform(0.9, 1, (20, 20)).astype(np.float32)
    table[3, 5] = np.nan
    header, numbers = sent(payload.matrix(table, ["r"] * 20, ["c"] * 20, label="M", limit=1.0, floor=0.9))
    assert header["steps"][0] <= 0.1 / 255
    assert np.isnan(numbers[0, 65])
    assert np.isnan(numbers).sum() == 1
    assert written(numbers, 2) == written(table, 2)


@pytest.mark.parametrize("odd", [np.inf, 1e6])
def test_strips_with_a_number_too_large_for_two_bytes_stay_as_they_are(odd):
    row = np.append(np.linspace(-1, 1, payload.MANY), odd).astype(np.float32)
    header, numbers = sent(payload.bands([Band("x", row, "token")], label="B"))
    assert header["steps"] is None
    np.testing.assert_array_equal(numbers[0], row)


def test_few_numbers_travel_as_they_are():
    header, numbers = sent(payload.matrix(np.full((2, 2), 1 / 3), "ab", "cd", label="M"))
    assert header["steps"] is None
    np.testing.assert_array_equal(numbers, np.float32(1 / 3))


def test_what_has_no_numbers_travels_deflated_and_what_is_small_as_it_is():
    many = payload.bars([Bar(f"bar {i}", 0.5) for i in range(20)], label="B")
    packed = payload.packed(many)
    assert json.loads(zlib.decompress(packed[4:])[4:]) == many
    assert len(packed) < len(json.dumps(many)) / 4
    few = payload.bars([Bar("a", 0.5)], label="B")
    assert payload.packed(few) is few


def test_bands_refuse_different_lengths():
    with pytest.raises(ValueError, match="inhomogeneous"):
        payload.bands([Band("x", np.zeros(3), "token"), Band("y", np.zeros(4), "token")], label="B")


def test_no_bands_and_no_bars():
    assert payload.bands([], label="B")["count"] == 0
    assert payload.bars([], label="B")["bars"] == []


@pytest.mark.parametrize(
    ("value", "text"), [(0.831, "83.1 %"), (1, "100.0 %"), (0, "0.0 %"), (0.0004, "< 0.1 %"), (0.0005, "0.1 %")]
)
def test_percent(value, text):
    assert tenths(value) == text


def test_bars_stay_between_nothing_and_everything():
    shown = payload.bars([Bar("a", -1), Bar("b", 7, shown="seven"), Bar("c", float("nan"))], label="B")["bars"]
    assert [b["value"] for b in shown] == [0, 1, 0]
    assert [b["shown"] for b in shown] == ["-100.0 %", "seven", "–"]
