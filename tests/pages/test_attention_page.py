"""The Attention page, as Streamlit runs it: numbers against the trace, choices, links, bad input, other models."""

import base64
import json
import re
import threading
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from bert_explain.analysis import attention
from bert_explain.chapters.attention import bertviz_views, heads_off
from bert_explain.engines.cache import TRACES
from bert_explain.engines.jobs import JOBS
from bert_explain.kernel.readings import share
from bert_explain.models import registry
from bert_explain.query import Query
from bert_explain.trace import run
from bert_explain.ui import working
from tests.tiny import tiny_bert
from tests.whole import ask_button, asked_for, finished, whole

APP = str(Path(__file__).resolve().parents[2] / "app.py")
PAIR = {"a": "She walked to the bank of the river.", "b": "The water was cold and clear."}
QUERY = Query(PAIR["a"], PAIR["b"])


def opened(**params: str) -> AppTest:
    """The page, opened cold at an address."""
    at = whole(AppTest.from_file(APP, default_timeout=120))
    for name, value in (PAIR | params).items():
        at.query_params[name] = value
    at.switch_page("pages/5_Attention.py")
    at.run()
    assert not at.exception
    return at


def said(at: AppTest) -> str:
    """Everything the page says outside its pictures."""
    html = [str(e.proto.body) for e in at.get("html") if "<style" not in e.proto.body]
    return " ".join([*html, *(c.value for c in at.caption), *(t.value for t in at.text), *(m.value for m in at.markdown)])


def titles(at: AppTest) -> list[str]:
    return [s.value for s in at.subheader]


def component(at: AppTest, key: str) -> dict:
    """What a component was given; the all-heads map's header."""
    found = next(c.proto for c in at.get("bidi_component") if c.proto.id.endswith(f"-{key}"))
    if found.WhichOneof("data") == "json":
        return json.loads(found.json)
    raw = found.bytes
    return json.loads(raw[4 : 4 + int.from_bytes(raw[:4], "little")])


def shown(at: AppTest, key: str = "matrix") -> np.ndarray:
    data = component(at, key)
    values = np.frombuffer(base64.b64decode(data["values"]), "<f4")
    return values.reshape(len(data["rows"]["text"]), len(data["columns"]["text"]))


def press(at: AppTest, key: str) -> AppTest:
    at.button(key=key).click().run()
    assert not at.exception
    return at


# all heads, one head
def test_it_opens_with_the_most_telling_head(mini_bert):
    at = opened()
    trace = run(mini_bert, QUERY)
    link = attention.telling_head(trace)
    assert f"Layer {link.layer + 1}, head {link.head + 1}" in titles(at)
    assert component(at, "grid")["chosen"] == [link.layer, link.head]
    assert component(at, "matrix")["chosen"] == [link.row, link.column]
    np.testing.assert_allclose(shown(at), trace.attention[link.layer, link.head])
    assert f"it gives {link.weight:.2f} of its attention" in said(at)
    assert "layer" not in at.query_params


def test_a_link_names_the_head_and_the_row(mini_bert):
    at = opened(layer="4", head="7", token="8")
    trace = run(mini_bert, QUERY)
    assert "Layer 4, head 7" in titles(at)
    w = trace.attention[3, 6, 8]
    assert component(at, "matrix")["chosen"] == [8, int(w.argmax())]
    assert f'<b class="piece" dir="auto">river</b>: it gives {w.max():.2f}' in said(at)


@pytest.mark.parametrize(
    ("direction", "special", "again"),
    [("everything", "0", "1"), ("within B", "1", "0"), ("A to B", "0", "0"), ("B to A", "0", "1")],
)
def test_directions_and_special_tokens(mini_bert, direction, special, again):
    trace = run(mini_bert, QUERY)
    at = opened(layer="3", head="2", show=direction, special=special, sum1=again)
    view = attention.view(trace, direction, special == "1", again == "1")
    np.testing.assert_allclose(shown(at), view.of(trace.attention[2, 1]), rtol=1e-6)
    assert f"hold {share(view.share(trace.attention[2, 1]))} of the attention" in said(at)
    assert len(component(at, "grid")["text"]) == (19 if special == "1" else 16)


def test_choices_are_in_the_address():
    at = opened()
    next(t for t in at.toggle if t.label == "Special tokens").set_value(False).run()
    assert at.query_params["special"] == "0"
    next(t for t in at.toggle if t.label == "Rescale rows").set_value(True).run()
    assert at.query_params["sum1"] == "1"
    assert not at.exception


# facts
def test_the_table_holds_every_head(mini_bert):
    table = at_table(opened(), "Looks like")
    expected = attention.facts(run(mini_bert, QUERY))
    np.testing.assert_allclose(table["entropy"], expected["entropy"])
    assert table["pattern"].tolist() == expected["pattern"].tolist()


def at_table(at: AppTest, title: str):
    """The table with a column of that title."""
    return next(d.value for d in at.dataframe if title in d.proto.columns)


# heads off
def test_switching_a_head_off_changes_the_prediction(mini_bert):
    at = opened(layer="2", head="9", token="5")
    assert "All heads are on" in said(at)
    at = press(at, "switch-one")
    assert at.query_params["off"] == "2.9"
    off = run(mini_bert, QUERY.but(masked=(5,), heads_off=((1, 8),)))
    whole = run(mini_bert, QUERY.but(masked=(5,)))
    table = heads_off.before_after(whole, off, 5)
    bars = component(at, "off-after")["bars"]
    assert [b["text"] for b in bars] == table["piece"].tolist()
    np.testing.assert_allclose([b["value"] for b in bars], table["without"], atol=1e-6)
    np.testing.assert_allclose([b["value"] for b in component(at, "off-before")["bars"]], table["before"], atol=1e-6)
    nsp = [b["value"] for b in component(at, "off-nsp")["bars"]]
    plain = [run(mini_bert, q).nsp[0] for q in (QUERY, QUERY.but(heads_off=((1, 8),)))]
    np.testing.assert_allclose(nsp, plain, atol=1e-6)
    assert component(at, "grid")["off"] == [[1, 8]]
    assert "This head is switched off" in said(at)
    assert "“bank” is masked for this comparison" in said(at)
    at = press(at, "switch-one")
    assert "off" not in at.query_params


def test_a_whole_layer_and_undo():
    at = press(opened(layer="3", head="1"), "switch-layer")
    assert at.query_params["off"] == ",".join(f"3.{h}" for h in range(1, 13))
    assert "layer 3, heads 1, 2, 3" in said(at)
    at = press(at, "switch-none")
    assert "off" not in at.query_params


def test_the_readers_own_mask_is_compared():
    assert "The masked word: “river”" in said(opened(mask="8", token="5"))


def test_which_single_head_matters_most(mini_bert):
    at = opened(token="5")
    assert len(at.dataframe) == 1
    at = asked_for(at, "tried")
    table = at_table(at, "Change")
    whole = run(mini_bert, QUERY.but(masked=(5,)))
    expected = heads_off.single_heads(whole, 5, lambda query: run(mini_bert, query))
    np.testing.assert_allclose(table["change"], 100 * expected["change"], atol=1e-4)
    told = re.split("[.:] ", heads_off.look_single(expected, whole, 5).plain())[0]  # its numbers may round otherwise
    assert told in re.sub("<[^>]*>", "", said(at))
    unasked = opened(token="5")  # another reader had it made: that is no reason to show it
    assert len(unasked.dataframe) == 1
    assert told not in re.sub("<[^>]*>", "", said(unasked))
    link = finished(opened(token="5", tried=at.query_params["tried"]))  # a link shows what was seen
    assert at_table(link, "Change").equals(table)
    edited = opened(token="5", tried=at.query_params["tried"], a="He walked to the bank of the river.")
    assert len(edited.dataframe) == 1  # the number belongs to another text: asked again
    assert ask_button(edited, "tried") is not None


# rollout
def test_rollout_of_one_token_and_of_all(mini_bert):
    reached = attention.rollout(run(mini_bert, QUERY))
    np.testing.assert_allclose(shown(opened(token="8"), "rollout-one"), reached[:, 8], rtol=1e-5)
    np.testing.assert_allclose(shown(opened(flow="every token, after the last layer"), "rollout-all"), reached[-1], rtol=1e-5)


# bertviz
def test_bertviz_is_drawn_only_when_it_is_opened(mini_bert):
    assert not opened().get("iframe")
    trace = run(mini_bert, QUERY)
    for view in ("head", "model"):
        frame = opened(bertviz=f"{view} view").get("iframe")[0].proto
        assert '"/app/static/require.js"' in frame.srcdoc
        assert frame.srcdoc.count("<script") == 2
        assert bertviz_views.height(view, trace) > 300


def test_bertviz_says_what_it_leaves_out():
    at = opened(a="word " * 100, bertviz="model view")
    assert "32 of 110 tokens" in said(at)


# bad input, long input, other models
BAD = [
    ("", ""),
    ("", " "),
    ("   ", " "),
    ("", "only b"),
    ("?!... --", "…"),
    ("😀 🧑‍🚀", "👍🏽"),
    ("مرحبا", "שלום"),
    ("a\x00b\u202ec", "\ufeff"),
    ("<script>alert(1)</script><b>", "![x](http://x.invalid/a.png) **bold** $x$"),
    ("[MASK] [SEP] [CLS]", "[PAD]"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("a", "b"), BAD, ids=repr)
def test_the_page_stays_alive(a, b):
    at = opened(a=a, b=b, special="1" if b == " " else "0", show="A to B", off="1.1", bertviz="head view")
    assert "Switch heads off" in titles(at)
    assert "<script>" not in said(at)
    assert "<b>" not in said(at)


@pytest.mark.slow
def test_a_long_text_is_shown_in_part(mini_bert):
    words = "It was the best of times, it was the worst of times. " * 40
    at = opened(a=words, b="", layer="5", head="3", token="200")
    assert "This text has 512 tokens; the picture shows 64 of them" in said(at)
    rows = component(at, "matrix")["rows"]["text"]
    assert len(rows) == 64
    trace = run(mini_bert, Query(words))
    link = attention.link_in(trace, 4, 2, attention.view(trace), 200)
    i, j = component(at, "matrix")["chosen"]
    assert shown(at)[i, j] == pytest.approx(link.weight)
    whole = opened(a=words, b="", whole="1")
    assert len(component(whole, "matrix")["rows"]["text"]) == 512
    assert len(next(c for c in whole.get("bidi_component") if c.proto.id.endswith("-matrix")).proto.json) < 200_000


def test_a_broken_link_is_said():
    at = opened(layer="99", head="0x", show="sideways", off="1.1,9.9", bertviz="yes")
    assert "which is not possible here" in said(at) or any("possible" in w.value for w in at.warning)
    assert component(at, "grid")["off"] == [[0, 0]]


def use(monkeypatch, kind: str, **config) -> None:
    entry = registry.Entry(kind, kind, "local", "nowhere", "")
    monkeypatch.setattr(registry, "entries", lambda: {kind: entry})
    monkeypatch.setitem(registry._loaded, entry, tiny_bert(kind, **config))
    monkeypatch.setattr("bert_explain.models.entries", lambda: {kind: entry}, raising=False)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["full", "distilbert", "no segments", "no heads", "bare"])
def test_models_that_lack_parts(kind, monkeypatch):
    use(monkeypatch, kind)
    at = opened(a="the bank, cold.", b="the river", model=kind, off="1.2", layer="2", head="2")
    assert "Layer 2, head 2" in titles(at)
    assert len(at_table(at, "Looks like")) == 4
    keys = {c.proto.id.rpartition("-")[2] for c in at.get("bidi_component")}
    assert ("before" in keys) == (kind in ("full", "distilbert", "no segments"))
    assert ("nsp" in keys) == (kind in ("full", "no segments"))
    if kind in ("no heads", "bare"):
        assert "no prediction that heads could change" in said(at)
        assert ask_button(at, "tried") is None
    else:
        asked_for(at, "tried")


# long work beside the page


@pytest.fixture
def held(monkeypatch):
    """Every head but the first waits until it is told to go on."""
    began, go = threading.Event(), threading.Event()
    real = heads_off.single_heads

    def slow(whole, position, trace_of, progress):
        def told(share: float) -> None:
            progress(share)
            began.set()
            assert go.wait(60)

        return real(whole, position, trace_of, told)

    monkeypatch.setattr(heads_off, "single_heads", slow)
    monkeypatch.setattr(working, "AT_ONCE", 0)
    TRACES.clear()
    yield began, go
    go.set()
    JOBS.wait(60)


def test_what_is_clicked_meanwhile_is_answered(held):
    began, go = held
    at = opened(token="5")
    ask_button(at, "tried").click().run()
    assert began.wait(60)
    at.run()
    assert not at.exception
    assert any(b.label == "Cancel" for b in at.button)
    assert at.get("progress")[0].proto.text == "Head 1 of 72, switched off alone"
    at.toggle[0].set_value(not at.toggle[0].value).run()
    assert not at.exception
    go.set()
    assert len(finished(at).dataframe) == 2


def test_cancel_stops_it_and_offers_it_again(held):
    began, go = held
    at = opened(token="5")
    ask_button(at, "tried").click().run()
    assert began.wait(60)
    at.run()
    next(b for b in at.button if b.label == "Cancel").click().run()
    go.set()
    finished(at)
    assert len(at.dataframe) == 1
    assert ask_button(at, "tried") is not None
    assert "tried" not in at.query_params


def test_an_edit_stops_the_work_on_the_old_text(held):
    began, go = held
    at = opened(token="5")
    ask_button(at, "tried").click().run()
    assert began.wait(60)
    job = next(job for job in JOBS.every if job.key[0][0] == "single heads" and not job.over)
    at.text_input[0].set_value("He walked to the bank of the lake.").run()
    assert not at.exception
    go.set()
    assert job.wait(60)
    assert job.state == "cancelled"
    assert ask_button(at, "tried") is not None


def test_a_text_of_one_token_is_answered():
    at = opened(a="", b="", sep="removed")
    assert "There is only one token:" in said(at)
    np.testing.assert_allclose([bar["value"] for bar in component(at, "mean-row")["bars"]], [1.0])
