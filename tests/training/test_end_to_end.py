"""The training programs as they are run, on a few kilobytes: they learn, survive a kill, and leave folders that load."""

import math
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
import torch
from transformers.models.bert.modeling_bert import BertForPreTraining, BertLMHeadModel

from bert_explain.models import registry
from bert_explain.query import Query
from bert_explain.trace import run
from bert_explain.training import __main__ as program
from bert_explain.training import cards, cloze, corpus, gpt, loop, pairs, pieces

from .conftest import BUNDLED, ROOT

FEW = ["--tokens", "256", "--warmup", "0.1", "--threads", "1", "--check-every", "1e9"]


@pytest.fixture(scope="module")
def trained(text_folder, small_encoder, tmp_path_factory):
    """mini-bert's program run for 250 steps: (folder of the model, folder of the checkpoint)."""
    out, work = tmp_path_factory.mktemp("bert"), tmp_path_factory.mktemp("work")
    arguments = ["bert", "--text", text_folder, "--weights", small_encoder, "--out", out, "--work", work]
    (out / "README.md").write_text("<!-- scores -->\n<!-- /scores -->\n", encoding="utf-8")
    assert program.main([str(a) for a in arguments] + ["--steps", "250", "--rate", "0.01", *FEW]) == 0
    return out, work


@pytest.mark.rest
def test_masked_words_are_learned(trained):
    out, work = trained
    scores = cards.read(out)
    assert scores["masked_top1"] > 0.33  # at random: 1 of 30,522; always the commonest word ("the"): 5 of 22
    assert scores["masked_loss"] < 2.5  # at random: log(30522) = 10.3
    assert "masked words, top-1" in (out / "README.md").read_text(encoding="utf-8")
    assert loop.checkpoint(work)["progress"]["step"] == 250


@pytest.mark.rest
def test_the_folder_is_an_encoder_that_the_app_opens(trained):
    out, _ = trained
    assert BertForPreTraining.from_pretrained(out, local_files_only=True).dtype == torch.float32
    assert (out / "model.safetensors").stat().st_size < 2.2 * (30_522 * 33 + 40_000)  # two bytes a number
    model = registry.from_folder(out, "small", "small")
    trace = run(model, Query("The dog is in the garden.", "The dog barks in the garden."))
    assert math.isclose(float(trace.nsp.sum()), 1.0, abs_tol=1e-5)


@pytest.mark.rest
def test_the_decoder_starts_from_the_encoder_and_learns(trained, text_folder, tmp_path):
    folder, out = trained[0], tmp_path / "gpt"
    arguments = ["gpt", "--text", text_folder, "--weights", folder, "--out", out, "--work", tmp_path / "work"]
    assert program.main([str(a) for a in arguments] + ["--steps", "200", "--rate", "0.01", *FEW]) == 0
    assert cards.read(out)["perplexity"] < 8
    made = BertLMHeadModel.from_pretrained(out, local_files_only=True)
    assert made.config.is_decoder
    again = gpt.start(out)  # to be trained on: all weights are its own
    for name, value in made.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name


@pytest.mark.rest
def test_a_run_killed_at_any_moment_goes_on_from_its_checkpoint(text_folder, small_encoder, tmp_path):
    work, out = tmp_path / "work", tmp_path / "out"
    plan = ["--steps", "60", "--rate", "0.01", "--save-every", "0", *FEW]
    command = [sys.executable, "-m", "bert_explain.training", "bert", "--text", text_folder, "--weights", small_encoder]
    command = [str(part) for part in [*command, "--out", out, "--work", work, *plan]]
    first = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while not (work / loop.CHECKPOINT).is_file() and first.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(random.random())  # in a step, or while a checkpoint is written
    first.send_signal(signal.SIGKILL)
    first.wait()
    reached = loop.checkpoint(work)["progress"]
    assert 0 < reached["step"] <= 60
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, env={**os.environ})
    assert done.returncode == 0, done.stderr[-2000:]
    finished = loop.checkpoint(work)["progress"]
    assert finished["step"] == 60
    assert finished["tokens"] == _read_in(60, text_folder), "every batch was read once: nothing anew, nothing left out"
    assert finished["seconds"] >= reached["seconds"]
    assert (out / "model.safetensors").is_file()


def _read_in(steps, folder):
    """The ids in the first batches that a run of BERT reads."""
    cut = pieces.cut(corpus.for_training(corpus.documents(folder)), BUNDLED / "tokenizer.json")
    batches = pairs.Batches(cut, "bert", 256)
    return sum(batches[step]["ids"].size for step in range(steps))


@pytest.mark.rest
def test_torchs_launcher_runs_it_in_two_processes(text_folder, small_encoder, tmp_path):
    work, out = tmp_path / "work", tmp_path / "out"
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]
    program = ["bert_explain.training", "bert", "--text", text_folder, "--weights", small_encoder, "--out", out, "--work", work]
    plan = ["--steps", "30", "--rate", "0.01", "--optimiser", "muon", *FEW]
    command = [str(part) for part in [*launcher, *program, *plan]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, env={**os.environ})
    assert done.returncode == 0, done.stderr[-2000:]
    progress = loop.checkpoint(work)["progress"]
    assert progress["step"] == 30
    assert 2 * 200 * 30 < progress["tokens"] <= 2 * 256 * 30  # both processes' batches are counted
    assert BertForPreTraining.from_pretrained(out, local_files_only=True).dtype == torch.float32


@pytest.mark.rest
def test_a_share_of_the_first_weights_can_be_kept(trained, text_folder, small_encoder, tmp_path):
    out, work = tmp_path / "bert", tmp_path / "work"
    shutil.copytree(trained[1], work)  # the finished run: only the average is left to do
    arguments = ["bert", "--text", text_folder, "--weights", small_encoder, "--out", out, "--work", work, "--keep", "0.25"]
    assert program.main([str(a) for a in arguments] + ["--steps", "250", *FEW]) == 0
    first, last, mixed = (
        BertForPreTraining.from_pretrained(folder).bert.pooler.dense.weight for folder in (small_encoder, trained[0], out)
    )
    assert not torch.allclose(first, last, atol=1e-2)
    torch.testing.assert_close(mixed, 0.75 * last + 0.25 * first, atol=1e-3, rtol=0)


def test_text_that_is_not_there_is_said_in_a_sentence(capsys, tmp_path):
    with pytest.raises(SystemExit):
        program.main(["bert", "--text", str(tmp_path / "nowhere")])
    assert "There is no folder" in capsys.readouterr().err


def test_the_commands_are_listed(capsys):
    assert program.main(["--help"]) == 0
    assert "word2vec" in capsys.readouterr().out
    assert program.main(["nonsense"]) == 2


def test_there_are_two_hundred_everyday_sentences_each_with_one_gap(mini_bert):
    found = cloze.sentences()
    assert len(found) == len({one.text for one in (*found, *cloze.sentences(cloze.FIRST))}) - 50 == 200
    for one in (*found, *cloze.sentences(cloze.FIRST)):
        assert one.text.count("[MASK]") == 1
        assert one.sensible
        assert all(word == word.lower() and " " not in word for word in one.sensible)
        known = [word for word in one.sensible if len(mini_bert.tokenizer.tokenize(word)) == 1]
        assert known, one.text  # a gap is one piece: at least one of the words can be said
    assert {group: len(cloze.sentences(group)) for group in cloze.GROUPS} == dict.fromkeys(cloze.GROUPS, 20)


@pytest.mark.parametrize("with_wordnet", [True, False])
def test_all_runs_every_program_in_its_order_with_options_it_takes(monkeypatch, tmp_path, capsys, with_wordnet):
    ran = []
    monkeypatch.setattr(program, "_run", lambda name, arguments: ran.append((name, arguments)) or 0)
    (tmp_path / "wordnet").mkdir()
    if with_wordnet:
        (tmp_path / "wordnet" / "noun.exc").write_text("")
    assert program.main(["all", "--text", str(tmp_path), "--minutes", "1.5"]) == 0
    expected = ["bert", "gpt", "elmo", "word2vec", "wordnet", "senses", "evaluate"]
    assert [name for name, _ in ran] == [name for name in expected if with_wordnet or name != "wordnet"]
    assert ("exception lists" in capsys.readouterr().out) != with_wordnet
    monkeypatch.undo()
    for name, arguments in ran:  # each program knows every option it is given: only an unknown one is refused here
        with pytest.raises(SystemExit) as stopped:
            program.main([name, *arguments, "--no-such-option"])
        assert stopped.value.code == 2
        assert re.search(r"unrecognized arguments: --no-such-option\n", capsys.readouterr().err)
