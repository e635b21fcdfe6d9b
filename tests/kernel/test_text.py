"""Labels in Markdown and cells of CSV files: what a reader supplies is shown as it is, and does nothing."""

import csv as standard
import io
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bert_explain.analysis.sentence import Piece, say
from bert_explain.kernel.text import cell, csv, markdown

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://a","b")', "\t=1", "\r=1", " =1", "＝1", "-", "@", "\n"]


def seen(label: str) -> str:
    """What is left of a label when Markdown's backslashes are taken away, without the marks that have no width."""
    return re.sub(r"\\(.)", r"\1", label).replace("\u2060", "")


@given(st.text(max_size=60))
def test_a_label_reads_as_it_was_written_in_one_line(text):
    text = text.replace("\u2060", "")
    assert seen(markdown(text)) == " ".join(text.split())


@pytest.mark.parametrize(
    ("text", "late"),
    [
        ("$x$ :smile: [a](http://b) <b>", r":[a-z]+:|://|(?<!\\)[$\[\]<>]"),
        (":material/home: :red[x]", r":[a-z]"),
        ("a -> b <- c -- d >= e <= f ~= g", r"->|<-|--|>=|<=|~="),
        ("www.b.example WWW.b.example me@c.example", r"(?i)www\.|@\w"),
    ],
)
def test_nothing_is_left_that_is_looked_for_after_the_backslashes(text, late):
    """Streamlit makes icons, links and arrows of text from which Markdown has taken the backslashes."""
    label = markdown(text)
    assert not re.search(late, label)
    assert not re.search(late.replace(r"|(?<!\\)[$\[\]<>]", ""), re.sub(r"\\(.)", r"\1", label))


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Layer 1, head 2: who looks at whom", "Layer 1, head 2: who looks at whom"),
        ("Fifty-fifty (A, B). 3 + 4!", "Fifty-fifty (A, B). 3 + 4!"),
        ("- x", r"\- x"),
        ("12. x", r"12\. x"),
        ("1234) x", r"1234\) x"),
        ("# x", r"\# x"),
        ("##ing", r"\##ing"),
        ("king*", r"king\*"),
        ("[UNK]", r"\[UNK\]"),
        ("    code", "code"),
        ("a\n\nb", "a b"),
    ],
)
def test_marks_are_escaped_where_they_mean_something(text, label):
    assert markdown(text) == label


def test_sentences_use_the_same_escaper():
    assert say("{w} is hidden", w=":material/home: *x*").markdown() == markdown(":material/home: *x*") + " is hidden"
    assert say("{w}", w=Piece("$x$")).markdown() == r"**\$x\$**"


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_no_formula_in_a_csv_file(text):
    table = pd.DataFrame({"token": [text, "bank"], "x": [-0.5, np.nan], text: ["a", None]})
    rows = list(standard.reader(io.StringIO(csv(table).decode(), newline="")))
    safe = "'" + text.replace("\r", "\n")
    assert rows == [["token", "x", safe], [safe, "-0.5", "a"], ["bank", "", ""]]


@given(st.text(max_size=20))
def test_no_cell_of_text_begins_like_a_formula(text):
    assert not re.match(r"\s*[=+\-@＝＋－＠]", cell(text))
    lines = "\n".join(re.split("\r\n?|\n", text))
    assert cell(text) in (lines, f"'{lines}")


def test_a_carriage_return_begins_no_row_of_its_own():
    rows = list(standard.reader(io.StringIO(csv(pd.DataFrame({"a": ["x\r=1+1", "y"]})).decode(), newline="")))
    assert rows == [["a"], ["x\n=1+1"], ["y"]]


def test_numbers_stay_what_they_are():
    values = np.array([-1.1, 3e-20, 0.1], dtype=np.float32)
    table = pd.DataFrame({"d0": values, "n": [-1, 2, 3], "of": [True, False, True], "mixed": [-1.5, "-x", None]})
    back = pd.read_csv(io.BytesIO(csv(table)))
    assert (back["d0"].to_numpy(np.float32) == values).all()
    assert back["n"].tolist() == [-1, 2, 3]
    assert back["mixed"].tolist()[:2] == ["-1.5", "'-x"]


def test_odd_tables_can_be_written():
    assert csv(pd.DataFrame()) == b"\n"
    twice = pd.concat([pd.DataFrame({"a": ["=1"]}), pd.DataFrame({"a": ["b"]})])  # one index twice
    assert csv(twice) == b"a\n'=1\nb\n"
    same = pd.DataFrame([["x", "=y"]], columns=["the", "the"])  # tokens as columns
    assert csv(same) == b"the,the\nx,'=y\n"
