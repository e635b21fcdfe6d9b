"""A table on paper: all rows, harmless, with the names that the page gives its columns."""

from types import SimpleNamespace

import numpy as np
import pandas as pd

from bert_explain.ui import printing


def test_a_table_on_paper_is_whole_and_harmless():
    long = "word " * 40
    frame = pd.DataFrame(
        {"text": ["<b>&", long], "hidden": [1, 2], "share": [0.123456, 1e-9], "off": [True, False], "n": [np.nan, 3.0]}
    )
    found = printing.whole(frame, {"hidden": None, "share": {"label": "Share <1>"}, "off": "Off"})
    assert "<td>&lt;b&gt;&amp;</td>" in found
    assert f"<td>{long}</td>" in found  # nothing is cut
    assert "<th>Share &lt;1&gt;</th>" in found
    assert "hidden" not in found
    assert "<td>0.123</td><td>yes</td><td>–</td>" in found
    assert "<td>&lt; 0.001</td><td>no</td><td>3</td>" in found


def test_rows_are_counted_where_they_are_numbered_and_where_they_are_too_many():
    frame = pd.DataFrame({"a": range(printing.MOST + 5)}, index=range(1, printing.MOST + 6))
    found = printing.whole(frame, {}, hide_index=False)
    assert found.count("<tr>") == printing.MOST + 1
    assert "<td>1</td><td>0</td>" in found
    assert "And 5 more rows." in found


def test_what_is_printed_in_another_session_of_the_same_tab_has_another_number(monkeypatch):
    sent = []
    monkeypatch.setattr(printing, "_dialog", lambda **given: sent.append(given["data"]["number"]))
    monkeypatch.setattr(printing, "state", SimpleNamespace(touched=lambda: None))
    for _ in range(3):
        monkeypatch.setattr(printing.st, "session_state", {})
        for _ in range(2):
            printing.begin("attention")
            printing.Progress.dialog(None)
            printing.Progress.dialog(None)  # drawn again: the same number
            printing.over()
    assert sent[::2] == sent[1::2]
    assert len(set(sent)) == 6
    assert all(0 < number <= 2**31 for number in sent)  # a number that JavaScript holds, and takes for one
