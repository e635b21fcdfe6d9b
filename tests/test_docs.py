"""What the documents name is there: files and folders in backticks, and links to files of the repository."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])
# A path: with a folder in it, and a file's ending or a slash behind it. NAME and N stand for something.
PATH = re.compile(r"`((?:[\w.-]+/)+(?:[\w-]+\.(?:py|toml|md|css|js|json|txt|yml))?)`")
OPEN = re.compile(r"\b(NAME|N_Name)\b")
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")
MADE = {"runs/", "tests/.artifacts/"}  # there once something was run


def missing(text: str, folder: Path) -> list[str]:
    """What a document in this folder names and what is not there; a path may begin inside the package."""
    named = [one for one in PATH.findall(text) if not OPEN.search(one) and one not in MADE]
    gone = [one for one in named if not any((start / one).exists() for start in (ROOT, ROOT / "bert_explain"))]
    return gone + [one for one in LINK.findall(text) if not (folder / one).exists()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_document_names_is_there(document):
    assert missing(document.read_text(encoding="utf-8"), document.parent) == []


def test_what_is_not_there_is_seen():
    text = "`core/query.py`, `core/gone.py`, `chapters/NAME/words.toml`, [here](docs/security.md), [gone](docs/gone.md), `a, b`"
    assert missing(text, ROOT) == ["core/gone.py", "docs/gone.md"]


def test_decisions_are_numbered_and_say_what_and_why():
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(one.name[:4]) for one in records] == list(range(1, len(records) + 1))
    for one in records:
        text = one.read_text(encoding="utf-8")
        assert text.startswith(f"# {int(one.name[:4])}. ")
        assert "**Decided:**" in text
        assert "**Why:**" in text
