"""What each model has read, as data."""

import json

import pytest

from bert_explain.content import trained
from bert_explain.training import cards
from tests.conftest import ROOT


def written(folder, **other):
    folder.mkdir()
    found = {
        "began_with": "nothing",
        "unit": "words",
        "runs": [{"began_with": "nothing", "read": 90_000, "sources": ["own"]}],
        "sources": {"own": {"title": "diaries", "licence": "CC0"}},
        **other,
    }
    (folder / "trained.json").write_text(json.dumps(found), encoding="utf-8")
    return trained.read(folder)


def test_runs_are_added_up(tmp_path):
    runs = [{"began_with": "x", "read": n, "sources": ["own"]} for n in (2_000_000, 500_000)]
    assert written(tmp_path / "two", runs=runs).amount == "2.5 million words"
    runs[0]["read"] = None
    assert written(tmp_path / "unknown", runs=runs).amount == "at least 0.5 million words"
    assert written(tmp_path / "one").amount == "90,000 words"


def test_a_row_names_the_sources_with_their_licences(tmp_path):
    assert trained.table([written(tmp_path / "small")]) == [
        {"name": "small", "began with": "nothing", "read": "90,000 words", "sources": "diaries, CC0"}
    ]


def test_a_folder_that_says_nothing(tmp_path):
    assert trained.read(tmp_path) is None


@pytest.mark.parametrize("folder", trained.FOLDERS, ids=lambda folder: folder.name)
def test_every_bundled_model_says_what_it_read(folder):
    one = trained.read(folder)
    assert one in trained.bundled()
    assert one.read > 1e6
    assert all(s.title and s.licence for s in one.sources)
    found = cards.history(folder)
    assert {name for run in found["runs"] for name in run["sources"]} == set(found["sources"])
    assert cards.text_table(found["sources"]) in (folder / "README.md").read_text(encoding="utf-8")


def test_the_table_has_a_row_for_each():
    assert [row["name"] for row in trained.table()] == ["mini-bert", "mini-gpt", "mini-elmo", "word2vec"]


def test_the_readme_has_the_table():
    assert trained.markdown() in (ROOT / "README.md").read_text(encoding="utf-8")


def test_a_source_is_named_without_the_form_of_its_file(tmp_path):
    one = written(tmp_path / "small", sources={"talk-sentences": {"title": "talk", "licence": "CC0"}})
    assert trained.markdown([one]).splitlines()[-1] == "| small | nothing | 90,000 words | talk |"
