"""The page on next-sentence prediction, as Streamlit runs it: numbers, links, bad input, other models."""

import json
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from bert_explain.analysis import next_sentence as ns
from bert_explain.chapters.next_sentence import draw_sentence_pairs as parts
from bert_explain.chapters.next_sentence import sentence_pairs as sp
from bert_explain.content import next_sentence as content
from bert_explain.content.next_sentence import Row
from bert_explain.models import registry
from bert_explain.query import Query
from bert_explain.trace import run
from tests.tiny import tiny_bert
from tests.whole import whole

APP = str(Path(__file__).resolve().parents[2] / "app.py")
PAIR = {"a": "She walked to the bank.", "b": "The water was cold."}
QUERY = Query(**{f"text_{name}": text for name, text in PAIR.items()})
ALL = ["Does B follow A?", "Change one thing", "From [CLS] to two numbers", "Your pairs, judged", "Fifty-fifty"]
ALL += ["Can it tell the difference?"]


def opened(**params: str) -> AppTest:
    """The page, opened cold at an address."""
    at = whole(AppTest.from_file(APP, default_timeout=120))
    for name, value in (PAIR | params).items():
        at.query_params[name] = value
    at.switch_page("pages/7_Next_sentence.py")
    at.run()
    assert not at.exception
    return at


def said(at: AppTest) -> str:
    """Everything the page says outside its pictures."""
    html = [str(e.proto.body) for e in at.get("html") if "<style" not in e.proto.body]
    return " ".join([*html, *(c.value for c in at.caption), *(t.value for t in at.text)])


def titles(at: AppTest) -> list[str]:
    return [s.value.replace("\\", "") for s in at.subheader]  # as they are read: Markdown takes the escapes away


def bars(at: AppTest, key: str) -> list[dict]:
    """What the component of that key was given."""
    found = [c for c in at.get("bidi_component") if f"{key}-" in c.proto.id or c.proto.id.endswith(key)]
    assert len(found) == 1, [c.proto.id for c in at.get("bidi_component")]
    return json.loads(found[0].proto.json)["bars"]


def press(at: AppTest, label: str) -> AppTest:
    next(b for b in at.button if b.label == label).click().run()
    assert not at.exception
    return at


def flip(at: AppTest, label: str) -> AppTest:
    toggle = next(t for t in at.toggle if t.label == label)
    toggle.set_value(not toggle.value).run()
    assert not at.exception
    return at


def address(at: AppTest, name: str) -> str | None:
    found = at.query_params.get(name)
    return found[0] if isinstance(found, list) else found


def results(at: AppTest):
    """The table of judged pairs (the editor is the other data frame)."""
    return next(d.value for d in at.dataframe if "verdict" in d.value.columns)


def is_next(model, query: Query) -> float:
    return float(run(model, query).nsp[0])


# the pair


def test_the_bars_are_the_models(mini_bert):
    at = opened()
    assert sorted(titles(at)) == sorted(ALL)
    trace = run(mini_bert, QUERY)
    found = bars(at, "answer-bars")
    assert [bar["value"] for bar in found] == pytest.approx(trace.nsp.tolist(), abs=1e-5)
    assert found[0]["note"] == f"logit {trace.nsp_logits[0]:+.2f}".replace("-", "−")
    changes = bars(at, "change-bars")
    drawn = ns.random_sentence(content.sentences(), 1)
    expected = [
        {},
        {"swapped": True},
        {"segments": "flipped"},
        {"segments": "removed"},
        {"separators": "removed"},
        {"text_b": drawn},
        {"text_b": QUERY.text_a},
    ]
    values = [is_next(mini_bert, QUERY.but(**change)) for change in expected]
    assert [bar["value"] for bar in changes] == pytest.approx(values, abs=1e-5)
    assert drawn in said(at)
    gap = float(trace.nsp_logits[0] - trace.nsp_logits[1])
    assert any(f"{gap:+.2f}" in latex.value for latex in at.latex)


@pytest.mark.parametrize(
    ("label", "name", "value", "change"),
    [
        ("Swap A and B", "swap", "1", {"swapped": True}),
        ("Flip segments", "seg", "flipped", {"segments": "flipped"}),
        ("Remove [SEP]", "sep", "removed", {"separators": "removed"}),
    ],
)
def test_a_switch_changes_the_whole_walk_and_back(mini_bert, label, name, value, change):
    at = flip(opened(), label)
    assert address(at, name) == value
    assert bars(at, "answer-bars")[0]["value"] == pytest.approx(is_next(mini_bert, QUERY.but(**change)), abs=1e-5)
    changes = bars(at, "change-bars")
    assert changes[0]["value"] == pytest.approx(is_next(mini_bert, QUERY), abs=1e-5)
    assert [bar["mark"] for bar in changes].count("on") == 1
    at = flip(at, label)
    assert address(at, name) is None
    assert bars(at, "answer-bars")[0]["value"] == pytest.approx(is_next(mini_bert, QUERY), abs=1e-5)


def test_a_link_opens_with_its_switches_on(mini_bert):
    at = opened(swap="1", sep="removed")
    assert [t.value for t in at.toggle] == [True, False, True]
    together = bars(at, "change-bars")[-1]
    assert together["text"] == "all your changes"
    query = QUERY.but(swapped=True, separators="removed")
    assert together["value"] == pytest.approx(is_next(mini_bert, query), abs=1e-5)


def test_a_mask_follows_its_word_when_the_sentences_are_swapped():
    at = flip(opened(mask="5"), "Swap A and B")  # "bank"
    assert address(at, "mask") == "11"
    at = flip(at, "Swap A and B")
    assert address(at, "mask") == "5"


def test_a_drawn_sentence_goes_into_b_and_the_readers_own_comes_back(mini_bert):
    at = opened()
    first = ns.random_sentence(content.sentences(), 1)
    at = press(at, "Draw another sentence")
    assert address(at, "rand") == "2"
    second = ns.random_sentence(content.sentences(), 2)
    assert first not in said(at)
    at = press(at, "Put it in B")
    assert address(at, "b") == second
    assert bars(at, "answer-bars")[0]["value"] == pytest.approx(is_next(mini_bert, QUERY.but(text_b=second)), abs=1e-5)
    again = opened(**{n: address(at, n) for n in ("a", "b", "rand", "was")})
    at = press(press(at, "Draw another sentence"), "Put it in B")
    assert address(at, "b") == ns.random_sentence(content.sentences(), 3)
    for page in (at, again):
        page = press(page, "Put my sentence back")
        assert address(page, "b") == PAIR["b"]
        assert address(page, "was") is None


def test_without_b_there_is_a_way_on():
    at = opened(b="")
    assert said(at).count("There is no sentence B, so there is nothing to judge.") == 3  # Judge, Change one thing, From [CLS]
    assert set(titles(at)) == {ALL[0], *ALL[3:]}
    at = press(at, "Put a random sentence in B")
    assert address(at, "b") == ns.random_sentence(content.sentences(), 1)
    assert sorted(titles(at)) == sorted(ALL)
    at = press(opened(b="   ", a="x"), "Take an example pair")
    assert sorted(titles(at)) == sorted(ALL)


@pytest.mark.slow
@pytest.mark.parametrize(
    "texts",
    [
        {"a": "", "b": "Only B."},
        {"a": " ", "b": "..."},
        {"a": "<b>x</b> {0} **y** $z$", "b": "![i](http://x.y/z) 🙂 مرحبا"},
        {"a": "\u0000\u200b", "b": "\u202e"},
        {"a": "word " * 300, "b": "other " * 400, "mask": "5", "swap": "1"},
    ],
)
def test_any_text(texts):
    at = opened(**texts)
    assert titles(at)[0] == ("Does A follow B?" if "swap" in texts else ALL[0])
    assert ALL[-1] in titles(at)


def test_a_broken_link_is_said():
    at = opened(rand="-1", draw="x", count="99", pair="0", probe="Nothing", pairs="garbage", was="garbage")
    text = said(at)
    assert all(f"The link says {name}=" in text for name in ("rand", "draw", "count", "pair", "probe", "pairs", "was"))
    assert sorted(titles(at)) == sorted(ALL)


# many pairs


def test_the_table_of_pairs_is_judged(mini_bert):
    at = opened()
    table = results(at)
    assert len(table) == len(content.rows())
    expected = [is_next(mini_bert, Query(row.a, row.b)) for row in content.rows()]
    np.testing.assert_allclose(table["is_next"], expected, atol=1e-5)
    right = [(p >= 0.5) == row.follows for p, row in zip(expected, content.rows(), strict=True) if row.follows is not None]
    assert f"right on {sum(right)} of {len(right)} labelled pairs" in said(at).replace("&#x27;", "'")


def test_a_link_brings_its_own_pairs_and_a_press_the_built_in_ones(mini_bert):
    rows = (Row("The cat sat.", "It slept.", True), Row("", "No A."), Row("<b>", "x", None))
    at = opened(pairs=parts.PAIRS.show(parts.Edited(rows, rows)))
    table = results(at)
    assert table["verdict"].tolist()[1] == "not judged"
    assert table["is_next"][0] == pytest.approx(is_next(mini_bert, Query("The cat sat.", "It slept.")), abs=1e-5)
    assert "Row 2 has no sentence A, so it is not judged." in said(at)
    at = press(at, "Back to the built-in pairs")
    assert address(at, "pairs") is None
    assert len(results(at)) == len(content.rows())


# training and weaknesses


def test_the_drawn_pairs_and_their_loss(mini_bert):
    at = opened(draw="7", count="6", pair="3")
    drawn = sp.draw(content.documents(), 7, 6)
    verdicts = [ns.verdict(run(mini_bert, q)) for q in sp.queries(sp.drawn_rows(drawn))]
    table = sp.with_verdicts(drawn, verdicts)
    assert f"mean loss is {table['loss'].mean():.2f} nats" in said(at)
    found = bars(at, "drawn-bars")
    assert [bar["value"] for bar in found] == pytest.approx(table["is_next"].tolist(), abs=1e-5)
    assert [bar["mark"] for bar in found] == table["label"].tolist()
    assert f"A  {drawn['a'][2]}\nB  {drawn['b'][2]}" in said(at)
    at = press(at, "Draw again")
    assert address(at, "draw") == "8"


@pytest.mark.rest
@pytest.mark.parametrize("name", [probe.name for probe in content.probes()])
def test_each_weakness_is_computed(mini_bert, name):
    at = opened(probe=name)
    probe = next(p for p in content.probes() if p.name == name)
    table = sp.probed(probe, tuple(ns.verdict(run(mini_bert, q)) for q in sp.probe_queries(probe)))
    shares = sp.shares(table)
    assert [bar["value"] for bar in bars(at, "share-bars")] == pytest.approx(shares["share"].tolist(), abs=1e-5)
    assert probe.says in said(at)
    figure = json.loads(at.get("plotly_chart")[-1].proto.spec)
    assert sum(trace["mode"] == "markers" for trace in figure["data"]) == 2


# other models


def use(monkeypatch, kind: str) -> None:
    entry = registry.Entry(kind, kind, "local", "nowhere", "")
    monkeypatch.setattr(registry, "entries", lambda: {kind: entry})
    monkeypatch.setitem(registry._loaded, entry, tiny_bert(kind))
    monkeypatch.setattr("bert_explain.models.entries", lambda: {kind: entry}, raising=False)


@pytest.mark.parametrize("kind", ["distilbert", "no heads"])
def test_without_the_head_it_is_said_and_the_draw_is_still_seen(kind, monkeypatch):
    use(monkeypatch, kind)
    at = opened(a="the bank, cold.", b="the river", model=kind, pair="2")
    assert "no next-sentence head" in said(at)
    assert titles(at) == ["Fifty-fifty"]
    drawn = sp.draw(content.documents(), 1, 12)
    assert drawn["a"][1] in said(at)


def test_without_segments_there_is_nothing_to_flip(monkeypatch):
    use(monkeypatch, "no segments")
    at = opened(a="the bank, cold.", b="the river", model="no segments")
    assert [t.label for t in at.toggle] == ["Swap A and B", "Remove [SEP]"]
    assert sorted(titles(at)) == sorted(ALL)
