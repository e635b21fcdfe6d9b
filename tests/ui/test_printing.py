"""A table on paper: all rows, harmless, with the names that the page gives its columns."""

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
