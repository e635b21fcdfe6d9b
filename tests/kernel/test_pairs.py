"""The pairs of sentences: as their card says."""

from collections import Counter

import pytest

from bert_explain.errors import Missing
from bert_explain.kernel import pairs


def test_each_first_sentence_stands_once_with_each_label():
    found = pairs.load()
    assert len(found) == len(set(found)) == 60
    assert Counter(pair.label for pair in found) == {"follows": 30, "other": 30}
    assert set(Counter((pair.first, pair.label) for pair in found).values()) == {1}
    assert len(pairs.sentences()) == 90
    assert all(text == text.strip() and text[-1] in ".!?" for text in pairs.sentences())


def test_a_wrong_file_is_said(tmp_path):
    path = tmp_path / "pairs.tsv"
    with pytest.raises(Missing, match=r"pairs\.tsv is not in"):
        pairs.load(path)
    path.write_text("label\tfirst\tsecond\nmaybe\tA.\tB.\n")
    with pytest.raises(ValueError, match="line 2: maybe is none of the labels"):
        pairs.load(path)
