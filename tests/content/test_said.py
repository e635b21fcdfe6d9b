"""What pages and cards must not say: that the models differ in nothing but the way they read."""

import re

from tests.conftest import ROOT

SAID = [
    ROOT / "README.md",
    *(ROOT / "assets").rglob("README.md"),
    *(ROOT / "bert_explain").rglob("*.toml"),
    *(ROOT / "bert_explain" / "chapters").rglob("*.py"),
]


SAME = re.compile(r"trained on the (?:\*\*)?same text|what differs (?:between them )?is the way|models, one text\b")


def test_nobody_says_that_all_models_read_the_same_text():
    for path in SAID:
        assert not SAME.search(" ".join(path.read_text(encoding="utf-8").split())), path
