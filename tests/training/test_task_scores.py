"""What is measured of fine-tuning beside a bag of words: by hand, kept after each seed, gone on with."""

import json
import shutil

import numpy as np
import pytest

from bert_explain.kernel import tasks
from bert_explain.kernel.tasks import Sequence, Task
from bert_explain.training import tasks as program


def points(*right):
    return np.array([[float(r), 1.0] for r in right])


@pytest.fixture
def task():
    rows = tuple(Sequence(f"text {i}", "yes" if i % 2 else "no", f"pattern {i}") for i in range(40))
    return Task("liked", "Liked", "sequence", ("no", "yes"), rows, rows, None)


def test_better_is_who_is_so_in_other_draws_too(task):
    good, bad = points(*[1] * 40), points(*[0] * 20, *[1] * 20)
    found = program.summary(task, [np.stack([good, bad])] * 3)
    assert (found["score"], found["bag"], found["better"]) == (1.0, 0.5, "fine-tuned")
    assert found["seeds"] == [1.0] * 3
    assert program.summary(task, [np.stack([bad, good])] * 3)["better"] == "bag of words"
    level = program.summary(task, [np.stack([bad, bad[::-1]])] * 3)
    assert level["better"] == "neither"
    assert level["difference"][0] < 0 < level["difference"][1]


def test_the_card_keeps_what_is_written_by_hand(task):
    bad = points(*[0] * 20, *[1] * 20)
    found = {**program.summary(task, [np.stack([bad, bad])]), "model": "tiny", "recipe": {"epochs": 5, "rate": 1e-4}}
    card = program.with_scores("# Liked\n\nBy hand.\n", program.said(found))
    assert card.startswith("# Liked\n\nBy hand.\n\n")
    assert program.with_scores(card, program.said(found)) == card
    assert "50.0%" in card
    assert "1 seed the draws" in card


def test_each_seed_is_kept_and_a_run_goes_on(tmp_path, monkeypatch, capsys):
    folder, work = tmp_path / "tasks", tmp_path / "work"
    folder.mkdir()
    for name in ("sentiment", "question-type"):
        shutil.copytree(tasks.FOLDER / name, folder / name)
    made = []

    def measured(model, task, seed, strength, progress):
        made.append((task.name, seed))
        count = len(task.test)
        return np.stack([points(*[1] * count), points(*[0] * count)])

    monkeypatch.setattr(program, "measured", measured)
    arguments = ["--tasks", str(folder), "--work", str(work), "--seeds", "1"]
    assert program.main(arguments) == 0
    assert program.main([*arguments[:-1], "2"]) == 0
    assert made == [("sentiment", 0), ("question-type", 0), ("sentiment", 1), ("question-type", 1)]
    found = json.loads((folder / "scores.json").read_text())
    assert found["sentiment"]["seeds"] == [1.0, 1.0]
    assert found["sentiment"]["better"] == "fine-tuned"
    assert "100.0%" in (folder / "sentiment" / "README.md").read_text()
    assert not list(tmp_path.rglob(".*"))
    assert program.main([*arguments[:-1], "3", "--minutes", "0"]) == 0
    assert len(made) == 4
    assert "time is over" in capsys.readouterr().out
