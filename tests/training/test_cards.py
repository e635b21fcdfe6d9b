"""Scores in files and in model cards, and the code that cards show."""

import re
import tomllib

import pytest

from bert_explain.training import cards, corpus, loop

from .conftest import ROOT

FOLDERS = [*(ROOT / "assets" / "models").iterdir(), ROOT / "assets" / "vectors" / "word2vec"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_code_of_a_card_runs_and_prints_what_the_card_says(folder, monkeypatch, capsys):
    blocks = re.findall(r"```(python|text)\n(.*?)```", (folder / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    code = [text for kind, text in blocks if kind == "python"]
    assert code
    monkeypatch.chdir(ROOT)
    exec("\n".join(code), {})
    printed = capsys.readouterr().out
    assert printed.strip()
    for kind, text in blocks:
        assert kind == "python" or text == printed


def test_a_run_is_put_into_a_card_and_a_folder_without_one_gets_one(tmp_path):
    found = [corpus.Document("news", n, ("A. B.",)) for n in range(3)] + [corpus.Document("own", 0, ("C. D.",))]
    done = loop.Progress(step=20, tokens=6000, seconds=60, on="one GPU")
    cards.made(tmp_path, cards.told(done, loop.Plan(rate=3e-4, warmup=0.1), found, "mini-bert's weights"))
    cards.update(tmp_path, {"masked_top1": 0.4})
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {tmp_path.name}\n")
    for row in (
        "| began with | mini-bert's weights |",
        "| text | news (3 documents), own (1 document) |",
        "| read | 6,000 tokens in 20 steps |",
        "| time | 1 minutes (100 tokens a second) |",
        "| hardware | one GPU |",
        "| optimiser | adamw, peak rate 0.0003, warm-up 10%, linear decay |",
        "held-out documents) | 40.0% |",
    ):
        assert row in text
    cards.made(tmp_path, {"began with": "nothing"})
    assert "mini-bert's weights" not in (tmp_path / "README.md").read_text(encoding="utf-8")


def test_what_was_read_goes_on_from_what_was_read_before(tmp_path):
    news, own = corpus.Document("news", 0, ("A. B.",)), corpus.Document("own", 0, ("C. D.",))
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    cards.trained(first, 6000, [news, news], "nothing", unit="words")
    assert cards.history(first)["runs"] == [{"began_with": "nothing", "read": 6000, "sources": ["news"]}]
    (second / "README.md").write_text(f"# second\n\n{cards.TEXT_BEGIN}\n{cards.TEXT_END}\n", encoding="utf-8")
    for _ in range(2):  # a run that is exported again is not counted twice
        cards.trained(second, 500, [own], "first's weights", cards.history(first))
    found = cards.history(second)
    assert (found["began_with"], found["unit"]) == ("nothing", "words")
    assert [run["read"] for run in found["runs"]] == [6000, 500]
    assert list(found["sources"]) == ["news", "own"]
    assert found["sources"]["news"]["licence"] == "CC BY-SA 4.0"
    card = (second / "README.md").read_text(encoding="utf-8")
    assert "| news at three reading levels (OneStopEnglish) | CC BY-SA 4.0 |\n| own | not known to the program |" in card


def test_every_source_with_a_weight_of_its_own_has_a_licence():
    about = tomllib.loads(cards.SOURCES.read_text(encoding="utf-8"))
    assert set(about) == set(corpus.WEIGHTS)
    assert all(of["title"] and of["licence"] for of in about.values())


def test_a_card_is_brought_up_to_date_and_keeps_its_words(tmp_path):
    card = tmp_path / "README.md"
    card.write_text("# mini\n\nWords.\n\n<!-- scores -->\nold\n<!-- /scores -->\n\nMore words.\n", encoding="utf-8")
    cards.update(tmp_path, {"masked_top1": 0.43214, "perplexity": 1234.5})
    cards.update(tmp_path, {"masked_top1": 0.44})
    text = card.read_text(encoding="utf-8")
    assert cards.read(tmp_path) == {"masked_top1": 0.44, "perplexity": 1234.5}
    assert "old" not in text
    assert "| masked words, top-1 (15 % masked, held-out documents) | 44.0% |" in text
    assert "| perplexity per piece (held-out documents) | 1,234.5 |" in text
    assert text.startswith("# mini\n\nWords.")
    assert text.endswith("More words.\n")


def test_scores_of_other_weights_do_not_stay(tmp_path):
    cards.update(tmp_path, {"masked_top1": 0.4, "cloze_top5": 0.8})
    cards.update(tmp_path, {"masked_top1": 0.5}, instead=True)
    assert cards.read(tmp_path) == {"masked_top1": 0.5}


def test_a_folder_without_scores_has_none(tmp_path):
    assert cards.read(tmp_path) == {}
