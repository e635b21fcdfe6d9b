"""The page Input embeddings, as Streamlit runs it: numbers of the trace, choices, links, bad input, other models."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from bert_explain.chapters.embeddings import analysis as embeddings
from bert_explain.chapters.embeddings import tables as embedding_tables
from bert_explain.models import registry
from bert_explain.query import Query
from bert_explain.trace import run
from tests.tiny import tiny_bert
from tests.whole import whole

APP = str(Path(__file__).resolve().parents[2] / "app.py")
PAIR = {"a": "She walked to the bank of the river.", "b": "The water was cold and clear."}
QUERY = Query(PAIR["a"], PAIR["b"])


def opened(**params: str) -> AppTest:
    """The page, opened cold at an address."""
    at = whole(AppTest.from_file(APP, default_timeout=120))
    for name, value in (PAIR | params).items():
        at.query_params[name] = value
    at.switch_page("pages/3_Input_embeddings.py")
    at.run()
    assert not at.exception
    return at


def said(at: AppTest) -> str:
    """Everything the page says outside its pictures."""
    html = [str(e.proto.body) for e in at.get("html") if "<style" not in e.proto.body]
    return " ".join([*html, *(e.value for kind in (at.caption, at.text, at.markdown) for e in kind)])


def titles(at: AppTest) -> list[str]:
    return [s.value for s in at.subheader]


def component(at: AppTest, key: str) -> dict:
    """What a component was given."""
    return json.loads(next(c.proto.json for c in at.get("bidi_component") if c.proto.id.endswith(f"-{key}")))


def keys(at: AppTest) -> str:
    return " ".join(c.proto.id for c in at.get("bidi_component"))


def strips(at: AppTest, key: str) -> np.ndarray:
    """The numbers of some strips, one row a strip."""
    data = component(at, key)
    return np.frombuffer(base64.b64decode(data["values"]), "<f4").reshape(len(data["names"]), -1)


def chart(at: AppTest, number: int) -> dict:
    return json.loads(at.get("plotly_chart")[number].proto.spec)


def choose(at: AppTest, label: str, option: str) -> AppTest:
    next(c for c in at.segmented_control if c.label == label).set_value(option).run()
    assert not at.exception
    return at


def test_it_opens_with_the_sum_of_one_token(mini_bert):
    at = opened(token="5")
    e = run(mini_bert, QUERY).embeddings
    np.testing.assert_array_equal(strips(at, "sum-bands"), [e.token[5], e.segment[5], e.position[5], e.total[5]])
    np.testing.assert_array_equal(strips(at, "norm-bands")[-1], e.normalised[5])
    assert component(at, "sum-bands")["chosen"] == embeddings.largest(run(mini_bert, QUERY), 5)
    assert embeddings.look_sum(run(mini_bert, QUERY), 5).html() in said(at)
    assert len(titles(at)) == 8


def test_another_token_and_another_dimension_come_from_the_link(mini_bert):
    at = opened(token="14", dim="17")
    e = run(mini_bert, QUERY).embeddings
    np.testing.assert_array_equal(strips(at, "sum-bands")[0], e.token[14])
    assert component(at, "sum-bands")["names"] == ["token cold", "segment B", "position 14", "sum"]
    assert {component(at, f"{name}-bands")["chosen"] for name in ("sum", "norm", "segment")} == {17}
    assert f"{e.total[14, 17]:.3f} " in at.latex[0].value


def test_the_three_measures_over_the_text(mini_bert):
    at = opened()
    table = embeddings.lengths(run(mini_bert, QUERY))
    assert chart(at, 0)["data"][0]["type"] == "bar"
    choose(at, "Compare by", "cosine")
    assert [trace["name"] for trace in chart(at, 0)["data"]] == [f"{x} and {y}" for x, y in embeddings.PAIRS]
    choose(at, "Compare by", "length")
    drawn = chart(at, 0)["data"][3]["y"]
    values = np.frombuffer(base64.b64decode(drawn["bdata"]), drawn["dtype"])
    np.testing.assert_allclose(values, table["sum"])
    assert at.query_params["parts"] == "length"


def test_a_removal_shows_both_predictions_and_leaves_the_walk_as_it_is(mini_bert):
    at = opened(token="5")
    assert "No word is masked just now" in said(at)
    whole, without = component(at, "removal-the whole sum"), component(at, "removal-no position")
    for shown, query in ((whole, QUERY.but(masked=(5,))), (without, QUERY.but(masked=(5,), positions="removed"))):
        logits = run(mini_bert, query).mlm_logits([5])[0]
        assert shown["bars"][0]["text"] == mini_bert.tokenizer.convert_ids_to_tokens(int(logits.argmax()))
    assert "pos" not in at.query_params
    choose(at, "Compare the whole sum with", "no token")
    assert "removal-no token" in keys(at)
    assert "removal-no position" not in keys(at)


def test_each_in_turn_runs_all_removals_and_turns_every_token(mini_bert):
    at = opened(without="each in turn", token="5")
    for name in ("the whole sum", "no segment", "no position", "positions shuffled", "no token"):
        assert f"removal-{name}" in keys(at)
    data = component(at, "turn-matrix")
    assert data["rows"]["text"] == ["no segment", "no position", "positions shuffled", "no token"]
    assert len(data["columns"]["text"]) == 19


def test_the_removal_goes_to_every_page_and_back(mini_bert):
    at = opened(token="5")
    at.button(key="removal-everywhere").click().run()
    assert at.query_params["pos"] == "removed"
    assert not strips(at, "sum-bands")[2].any()
    assert component(at, "sum-bands")["names"][2] == "no position"
    at.button(key="removal-back").click().run()
    assert "pos" not in at.query_params
    assert strips(at, "sum-bands")[2].any()


def test_another_shuffle(mini_bert):
    at = opened(token="5", without="positions shuffled")
    before = component(at, "removal-positions shuffled")
    at.button(key="removal-shuffle").click().run()
    assert at.query_params["seed"] == "1"
    assert component(at, "removal-positions shuffled") != before


def test_nearest_rows_segments_and_positions(mini_bert):
    at = opened(token="5")
    trace = run(mini_bert, QUERY)
    nearest = embedding_tables.nearest(trace, 5)["piece"].tolist()
    assert [bar["text"] for bar in component(at, "nearest-bars")["bars"]] == nearest
    np.testing.assert_array_equal(strips(at, "segment-bands")[0], mini_bert.segment_table()[0].numpy())
    assert chart(at, 1)["data"][0]["z"]["shape"] == "128, 128"
    choose(at, "Rows", "all")
    assert chart(at, 2)["data"][0]["z"]["shape"] == "512, 512"
    choose(at, "Show", "every number")
    assert chart(at, 1)["data"][0]["z"]["shape"] == "512, 384"


def test_every_picture_has_its_table_and_its_code():
    at = opened(token="5")
    names = ["sum", "norm", "parts", "removal", "turn", "nearest", "segments", "positions"]
    for name in names:
        at.session_state[f"open-{name}"] = "as a table"
    at.run()
    assert not at.exception
    assert len(at.dataframe) == len(names)
    assert sorted(len(frame.value) for frame in at.dataframe) == sorted([384, 384, 19, 2, 19, 8, 384, 128])
    for name in names:
        at.session_state[f"open-{name}"] = "show the code"
    at.run()
    assert not at.exception
    assert all("def " in code.value for code in at.code)
    assert len(at.code) == len(names)


@pytest.mark.slow
@pytest.mark.parametrize(
    "params",
    [
        {"a": "", "b": ""},
        {"a": "   ", "b": "..."},
        {"a": "", "b": "Only the second."},
        {"a": "\U0001f600 \u05e9\u05dc\u05d5\u05dd \u200f\x07", "b": "<img src=x onerror=alert(1)> **b** $x$"},
        {"a": "a cup of [MASK]", "b": ""},
        {"dim": "9999", "token": "400", "without": "nothing", "parts": "7", "rows": "-1"},
        {"seg": "removed", "pos": "removed", "tok": "removed"},
        {"sep": "removed", "swap": "1", "mask": "3,4"},
    ],
)
def test_any_text_and_any_link(params):
    at = opened(**params)
    assert "Three rows, added" in titles(at)
    assert "Take a part away" in titles(at)
    assert "<img" not in said(at)


def test_a_dimension_that_does_not_exist_is_said():
    at = opened(dim="9999")
    assert "There is no dimension 9999: they go from 0 to 383." in said(at)
    assert component(at, "sum-bands")["chosen"] < 384


@pytest.mark.slow
def test_a_long_text_is_drawn_in_part():
    at = opened(a="The cat sat on the mat. " * 90, token="300")
    assert "Drawn: 96 of 512 tokens" in said(at)
    assert len(component(at, "embeddings-tokens")["text"]) == 96
    assert component(at, "embeddings-tokens")["chosen"] == [48]
    assert component(at, "sum-bands")["names"][2] == "position 300"
    choose(at, "Compare the whole sum with", "each in turn")
    assert len(component(at, "turn-matrix")["columns"]["text"]) == 40


def use(monkeypatch, kind: str, **config) -> None:
    entry = registry.Entry(kind, kind, "local", "nowhere", "")
    monkeypatch.setattr(registry, "entries", lambda: {kind: entry})
    monkeypatch.setitem(registry._loaded, entry, tiny_bert(kind, **config))
    monkeypatch.setattr("bert_explain.models.entries", lambda: {kind: entry}, raising=False)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["full", "no heads", "bare", "no segments", "distilbert"])
def test_models_that_lack_parts(kind, monkeypatch):
    use(monkeypatch, kind)
    at = opened(a="the bank of the river.", b="the water", token="2")
    here = titles(at)
    assert ("The segment table: two rows" in here) == (kind not in ("no segments", "distilbert"))
    assert "has no masked-word head: only the final vectors" in said(at) or kind not in ("no heads", "bare")
    assert "Rows" not in [c.label for c in at.segmented_control]  # 32 positions: all are shown
    assert chart(at, 1)["data"][0]["z"]["shape"] == "32, 32"
    choose(at, "Compare the whole sum with", "each in turn")
    rows = component(at, "turn-matrix")["rows"]["text"]
    assert ("no segment" in rows) == (kind not in ("no segments", "distilbert"))
