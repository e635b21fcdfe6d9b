"""CSV files of sentences: what spreadsheets and people write, and what is said of the rest."""

import csv
import io
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bert_explain.analysis import same_word as sw
from bert_explain.analysis.same_word import BadList, Line
from bert_explain.chapters.same_word.sentence_csv import SentenceFile, read_csv


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"sentence,label\nThe bank.,river\n", (Line("The bank.", "river"),)),
        (b'\xef\xbb\xbfSentence;Label\n"A bank; a river";x\n', (Line("A bank; a river", "x"),)),
        (b"label\tsentence\nx\tThe bank.\n", (Line("The bank.", "x"),)),
        (b"sentence\nThe bank\nA bank\n", (Line("The bank"), Line("A bank"))),
        (b'sentence,label\n"two\nlines | bar",a|b\n', (Line("two lines | bar", "a/b"),)),
        (b"sep=;\nsentence;label\nA bank, here;x\n", (Line("A bank, here", "x"),)),
        (b'\xef\xbb\xbf"sep=;"\r\nsentence;label\r\nA bank, here;x\r\n', (Line("A bank, here", "x"),)),
        (b"SEP=|\nsentence|label\nA bank, here|x\n", (Line("A bank, here", "x"),)),
        (b"sep=e\nlabelesent;sentence\nx,y\n", "no column called sentence"),
        (b'sep="\nsentence\nx\n', "cannot part cells"),
        (b"sentence\nOne column, no quotation marks.\n", (Line("One column, no quotation marks."),)),
        (b"sentence,label,,\nThe bank.,river,,\n", (Line("The bank.", "river"),)),
        (b'"sentence","label"\n"She said ""bank"", twice.","x"\n', (Line('She said "bank", twice.', "x"),)),
        (b"\n\nsentence,label\n\nThe bank.,x\n\n", (Line("The bank.", "x"),)),
        ("sentence;label\nDie Bank.;Fluß\n".encode("utf-16"), (Line("Die Bank.", "Fluß"),)),
        (b"sentence,label,sentence\nfirst,x,second\n", (Line("first", "x"),)),
        (b"sentence\nA bank\rThe bank\r", (Line("A bank"), Line("The bank"))),
    ],
)
def test_files_that_are_read_whole(data, lines):
    if isinstance(lines, str):
        with pytest.raises(BadList, match=lines):
            read_csv(data)
    else:
        assert read_csv(data) == SentenceFile(lines, ())


@pytest.mark.parametrize(
    ("data", "lines", "said"),
    [
        (
            b"sentence,label\nShe sat on the bank, and slept.,river\nThe bank.,money\n",
            (Line("The bank.", "money"),),
            "Not read, because of more cells than the 2 columns that the first row names: row 2. A sentence with a comma in it "
            "must stand in quotation marks.",
        ),
        (
            b"sentence;label\nOn the bank; slept.;river\nThe bank.;money\n" + b"a;b;c\n" * 9,
            (Line("The bank.", "money"),),
            "rows 2, 4, 5, 6, 7, 8, 9, 10 and 2 more. A sentence with “;” in it",
        ),
        (b"sentence,label\n,river\nA bank.,x\n,\n", (Line("A bank.", "x"),), "Not read, because there is no sentence: row 2."),
        (b"sentence,label\nA bank.," + b"x" * 50 + b"\n", (Line("A bank.", "x" * 40),), "Labels cut to 40 characters: row 2."),
        ("sentence\nDie Bank in Köln\n".encode("cp1252"), (Line("Die Bank in Köln"),), "read as Windows-1252"),
    ],
)
def test_what_is_not_read_or_changed_is_said(data, lines, said):
    read = read_csv(data)
    assert read.lines == lines
    assert len(read.problems) == 1
    assert said in read.problems[0]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no rows"),
        (b"sep=;\n", "no rows"),
        (b"sentence,label\n", "no rows"),
        (b"text,kind\nA bank.,river\n", "no column called sentence. Its columns: text, kind"),
        (b"sentence,label\n,river\n", "is empty"),
        (b"sentence,label\nOn the bank, she sat, and slept.,river\n", "No row of this CSV file was read: they have more cells"),
        (
            b'sentence,label\nThe bank.,x\n"A bank, a river.,y\nThe last.,z\n',
            "Row 3 .* opens a quotation mark that is never closed",
        ),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "no text file"),
        (b"x" * 131_073, "a cell of more than 131,072 characters: nothing is read"),
        (b"sentence,label\n" + b"x" * 131_073 + b",x\n", "a cell of more than 131,072 characters: nothing is read"),
        (b"sep=;\nsentence;label\n" + b"x" * 131_073 + b";x\n", "a cell of more than 131,072 characters: nothing is read"),
    ],
)
def test_files_that_cannot_be_read_say_what_is_wrong(data, said):
    with pytest.raises(BadList, match=said):
        read_csv(data)


def test_a_file_too_long_for_a_list_loses_no_label_and_it_is_said():
    rows = [("a", f"The bank number {i}.") for i in range(20_000)] + [("b", f"My bank {i}.") for i in range(5)]
    data = "label,sentence\n" + "".join(f"{label},{text}\n" for label, text in rows)
    read = read_csv(data.encode())
    assert len(sw.shown(read.lines)) <= sw.LONGEST_LIST
    assert sum(line.label == "b" for line in read.lines) == 5
    assert f"{len(read.lines):,} of the 20,005 sentences are read" in read.problems[0]
    assert sw.parse(sw.shown(read.lines)) == read.lines


@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=10)), min_size=1, max_size=6), st.sampled_from(",;\t"))
def test_what_a_writer_writes_is_read_again(rows, separator):
    """Every cell as a CSV writer puts it, whatever marks are in it; blanks are made one."""
    if any("\0" in cell for row in rows for cell in row):
        return
    out = io.StringIO()
    csv.writer(out, delimiter=separator, quoting=csv.QUOTE_ALL).writerows([("sentence", "label"), *rows])
    wanted = [Line(" ".join(a.split()), " ".join(b.split()).replace("|", "/")) for a, b in rows]
    wanted = [line for line in wanted if line.text]
    try:
        assert list(read_csv(out.getvalue().encode("utf-8", "replace")).lines) == [
            Line(line.text.encode("utf-8", "replace").decode(), line.label.encode("utf-8", "replace").decode()) for line in wanted
        ]
    except BadList:
        assert not wanted


@given(st.binary(max_size=200))
def test_no_file_breaks_the_page(data):
    with suppress(BadList):
        assert read_csv(data).lines
