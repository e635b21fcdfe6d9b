"""The page that replicates papers, as Streamlit runs it."""

from pathlib import Path
from types import SimpleNamespace

from streamlit.testing.v1 import AppTest

from bert_explain.chapters.replicate import chapter, negation
from bert_explain.chapters.replicate.draw_table import Edited, rows_of

APP = str(Path(__file__).resolve().parents[2] / "app.py")
ROWS = rows_of(negation.TRIAL)


def opened(**params: str) -> AppTest:
    at = AppTest.from_file(APP, default_timeout=240)
    for name, value in ({"mode": "explore", "step": "negation"} | params).items():
        at.query_params[name] = value
    at.switch_page("pages/17_Replicate_the_paper.py")
    at.run()
    assert not at.exception
    return at


def html(at: AppTest) -> str:
    return " ".join(str(e.proto.body) for e in at.get("html") if "<style" not in e.proto.body)


def button(at: AppTest, label: str):
    return next(b for b in at.button if b.label.startswith(label))


def test_a_press_runs_it_and_a_link_shows_it_again():
    at = opened()
    assert "Found again" not in html(at)
    button(at, "Run it on these sentences (25 rows)").click().run()
    assert not at.exception
    assert "Found again, in both parts" in html(at)
    assert "Why they differ" in html(at)
    number = at.query_params["run-negation"]
    again = opened(**{"run-negation": number[0] if isinstance(number, list) else number})
    assert "Found again, in both parts" in html(again)


def test_own_rows_come_by_the_address_and_a_bad_one_is_told_and_kept():
    rows = (*negation.TRIAL.builtin()[:3], ("A <b>dog</b>", "nothing", "", "x"))
    at = opened(**{ROWS.name: ROWS.show(Edited(rows, rows))})
    assert "Row 4 is left out: it needs one ___ where the word is hidden." in html(at)
    button(at, "Run it on these sentences (3 rows)").click().run()
    assert not at.exception
    assert "None of it can be told from so few rows" in html(at)
    assert "<b>dog</b>" not in html(at)
    button(at, "Back to the built-in rows").click().run()
    assert not at.exception
    assert ROWS.name not in at.query_params
    assert button(at, "Run it on these sentences (25 rows)")


def test_with_one_row_there_is_no_run():
    rows = negation.TRIAL.builtin()[:1]
    at = opened(**{ROWS.name: ROWS.show(Edited(rows, rows))})
    assert "fewer than two rows" in html(at)
    assert not [b for b in at.button if b.label.startswith("Run it")]


def test_the_head_that_was_found_is_the_one_that_is_opened(monkeypatch):
    """Heads and layers count from 0 in what was found, from 1 in an address, where 0 is no choice at all."""
    went = []
    monkeypatch.setattr(chapter.state, "address", lambda name, **chosen: chosen)
    monkeypatch.setattr(chapter.state, "own_key", lambda name: name)
    monkeypatch.setattr(chapter.st, "button", lambda label, **_: label.endswith("det"))
    monkeypatch.setattr(chapter.st, "switch_page", lambda file, query_params: went.append(query_params))
    chapter._show_heads(SimpleNamespace(facts={"det_layer": 0.0, "det_head": 5.0}))
    assert went == [{"layer": 1, "head": 6, "step": "heads"}]
