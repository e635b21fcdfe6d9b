"""`all`: what it gives each program, where it stops, and when it refuses."""

import importlib
import os
import subprocess
import sys

import pytest
import torch

from bert_explain.training import __main__ as program
from bert_explain.training import bert, corpus, elmo, gpt, options, word2vec

from .conftest import ROOT


@pytest.fixture
def ran(monkeypatch):
    """The programs that would be run, with their arguments."""
    made = {}
    monkeypatch.setattr(program, "_run", lambda name, arguments: made.update({name: arguments}) or 0)
    return made


class Begun(Exception):
    """A program has read its options and begins its work."""


def given_to(name, arguments, monkeypatch) -> dict:
    """The options as the program's own parser reads them; the training itself is left out."""
    seen = {}

    def begun(*given, **named):
        for one in given:
            seen.update(vars(one) if hasattr(one, "minutes") else {})  # the options, or the plan made of them
        seen.update(named)
        raise Begun

    if name in ("bert", "gpt"):
        monkeypatch.setattr({"bert": bert, "gpt": gpt}[name], "start", lambda *_: torch.nn.Module())
        monkeypatch.setattr(options, "run", begun)
    else:
        monkeypatch.setattr(corpus, "documents", lambda folder: [])
        monkeypatch.setattr({"elmo": elmo, "word2vec": word2vec}[name], "train", begun)
    with pytest.raises(Begun):
        importlib.import_module(f"bert_explain.training.{name}").main(arguments)
    return seen


def test_each_program_gets_its_recipe_and_the_minutes(ran, tmp_path, monkeypatch):
    place = ["--text", tmp_path, "--assets", tmp_path / "a", "--work", tmp_path / "w", "--weights", tmp_path / "from"]
    assert program.main(["all", *map(str, place), "--minutes", "600"]) == 0
    got = {name: given_to(name, ran[name], monkeypatch) for name in ("bert", "gpt", "elmo", "word2vec")}
    for name, chosen in got.items():
        assert chosen["minutes"] == 600
        folders = dict(zip(ran[name][::2], ran[name][1::2], strict=True))
        assert folders["--work"] == str(tmp_path / "w" / name)
        place = "vectors/word2vec" if name == "word2vec" else f"models/mini-{name}"
        assert folders["--out"] == str(tmp_path / "a" / place)
    wanted = {"optimiser": "muon", "rate": 4.5e-4, "warmup": 0.04, "tokens": 8192, "steps": 1_000_000}
    assert {name: got["bert"][name] for name in wanted} == wanted
    assert got["bert"]["weights"] == tmp_path / "from"
    wanted = {"optimiser": "muon", "rate": 8e-4, "warmup": 0.05, "steps": 1_000_000}
    assert {name: got["gpt"][name] for name in wanted} == wanted
    assert got["gpt"]["weights"] == tmp_path / "a" / "models" / "mini-bert"
    assert got["elmo"]["steps"] == elmo.PLAN.steps
    assert got["word2vec"]["recipe"] == word2vec.Recipe()


def test_senses_is_run_for_the_apps_own_folder_only(ran, tmp_path, capsys, monkeypatch):
    assert program.main(["all", "--text", str(tmp_path), "--assets", str(tmp_path)]) == 0
    assert "senses" not in ran
    assert "senses is left out" in capsys.readouterr().out
    monkeypatch.chdir(options.ASSETS.parent)
    assert program.main(["all", "--text", str(tmp_path), "--assets", "assets"]) == 0
    assert ran["senses"] == ["--out", os.path.join("assets", "wordnet", "scores.json")]
    assert "senses is left out" not in capsys.readouterr().out


def test_the_program_that_failed_is_named_and_nothing_runs_after_it(monkeypatch, tmp_path, capsys):
    ran = []

    def runs(name):
        def main(arguments):
            ran.append(name)
            if name == "gpt":
                raise corpus.BadText("There is no such text.")

        return type("Program", (), {"main": staticmethod(main)})

    monkeypatch.setattr(program.importlib, "import_module", lambda name: runs(name.rsplit(".", 1)[1]))
    with pytest.raises(SystemExit) as stopped:
        program.main(["all", "--text", str(tmp_path)])
    assert stopped.value.code == 1
    assert ran == ["bert", "gpt"]
    shown = capsys.readouterr().err
    assert "There is no such text." in shown
    assert "all stopped at gpt" in shown


def test_several_processes_are_refused(tmp_path):
    command = [sys.executable, "-m", "bert_explain.training", "all", "--text", str(tmp_path), "--work", str(tmp_path / "w")]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, env={**os.environ, "WORLD_SIZE": "2", "RANK": "0"}
    )
    assert done.returncode == 1
    assert done.stderr == "all runs in one process: under torchrun, start bert, gpt and elmo one by one.\n"
    assert done.stdout == ""
    assert not (tmp_path / "w").exists()
