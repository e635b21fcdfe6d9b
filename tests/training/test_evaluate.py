"""The programs that measure, as they are run, on small models and a few kilobytes."""

import shutil

import pytest

from bert_explain.training import __main__ as program
from bert_explain.training import cards, evaluate, gpt, options, senses, word2vec
from tests.tiny_elmo import save_tiny


@pytest.fixture(scope="module")
def assets(text_folder, small_encoder, tmp_path_factory):
    """A folder of the form of the app's own, of very small models."""
    folder = tmp_path_factory.mktemp("assets")
    shutil.copytree(small_encoder, folder / "models" / "mini-bert")
    options.export(gpt.start(small_encoder), small_encoder, folder / "models" / "mini-gpt")
    save_tiny(folder / "models" / "mini-elmo")
    table = folder / "vectors" / "word2vec"
    few = ["--vector-size", "8", "--min-count", "2", "--epochs", "1"]
    given = ["--text", text_folder, "--out", table, "--work", tmp_path_factory.mktemp("work")]
    assert word2vec.main([*map(str, given), *few]) == 0
    return folder


def test_every_model_of_the_folder_is_measured(assets, text_folder, tmp_path, capsys):
    card = assets / "vectors" / "word2vec" / "README.md"
    card.write_text("<!-- scores -->\n<!-- /scores -->\n", encoding="utf-8")
    given = ["--text", text_folder, "--assets", assets, "--work", tmp_path]
    assert program.main(["evaluate", *map(str, given)]) == 0
    shown = capsys.readouterr().out
    for name, (place, _) in evaluate.WHAT.items():
        assert cards.read(assets / place)
        assert f"\n{name}: " in shown
    found = cards.read(assets / "models" / "mini-bert")
    assert found["masked_loss"] > 5  # it has learned nothing
    assert {"masked_top1_new", "cloze_top1", "cloze_top5", "cloze_first", "cloze_food"} <= set(found)
    assert not {"masked_top1_modern", "masked_top1_alone"} & set(found)  # this text has no such sources
    assert set(found) <= set(cards.NAMES)
    assert cards.read(assets / "models" / "mini-gpt")["perplexity"] > 1000
    found = cards.read(assets / "vectors" / "word2vec")
    assert found["analogies_covered"] < 0.01  # the bundled table covers more than half of the questions
    assert "wordsim353" not in found
    assert cards.table(found) in card.read_text(encoding="utf-8")


@pytest.mark.parametrize("documents", [1, 58], ids=["none", "one of one sentence"])
def test_text_that_leaves_nothing_to_measure_on_is_said(assets, tmp_path, capsys, documents):
    text = tmp_path / "text"
    text.mkdir()
    (text / "one.txt").write_text("The dog is in the garden.\n\n" * documents, encoding="utf-8")
    before = [cards.read(assets / place) for place, _ in list(evaluate.WHAT.values())[:2]]
    assert program.main(["evaluate", "--text", str(text), "--assets", str(assets), "--work", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "bert: not measured, the text has no document" in shown
    assert "gpt: not measured, the text has no document" in shown
    assert ("elmo: not measured" in shown) == (documents == 1)  # it reads single sentences
    assert "word2vec: analogies" in shown
    assert [cards.read(assets / place) for place, _ in list(evaluate.WHAT.values())[:2]] == before


def test_scores_to_choose_by_come_from_the_other_half_and_are_not_written(assets, text_folder, tmp_path, capsys, monkeypatch):
    seen = []

    def measured(folder, found, kept):
        seen.append({d.number for d in found})
        return {"perplexity": 2.0}

    monkeypatch.setitem(evaluate.WHAT, "gpt", ("models/mini-gpt", measured))
    before = cards.read(assets / "models" / "mini-gpt")
    given = ["--text", str(text_folder), "--assets", str(assets), "--work", str(tmp_path), "--only", "gpt"]
    assert evaluate.main([*given, "--half", "choice", "--dry"]) == 0
    assert "gpt: perplexity 2" in capsys.readouterr().out
    assert cards.read(assets / "models" / "mini-gpt") == before
    monkeypatch.setattr(cards, "update", lambda *args, **named: None)
    assert evaluate.main(given) == 0
    assert seen == [{7, 107}, {57}]


def test_a_model_that_is_not_there_is_said(text_folder, tmp_path, capsys):
    assert program.main(["evaluate", "--text", str(text_folder), "--assets", str(tmp_path), "--only", "gpt"]) == 0
    assert "gpt: no folder" in capsys.readouterr().out


def test_senses_makes_the_folder_that_it_writes_to(tmp_path, monkeypatch):
    monkeypatch.setattr(senses, "measure", lambda *given: {"models": {}})
    senses.main(["--out", str(tmp_path / "new" / "deep" / "scores.json")])
    assert (tmp_path / "new" / "deep" / "scores.json").read_text(encoding="utf-8").startswith("{")
