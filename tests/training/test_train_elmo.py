"""Training mini-elmo: batches, the sampled loss, resuming, export; on a text made on the spot."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from bert_explain.errors import BadModel
from bert_explain.models import elmo as models
from bert_explain.training import corpus, elmo, elmo_text, loop
from bert_explain.training.widen import reworded, widen
from tests.conftest import ROOT
from tests.tiny_elmo import options, tiny_module

SENTENCES = ["The bank of the river is wet.", "She walked to the bank.", "He sees the old river.", "Water is cold."]


@pytest.fixture
def text(tmp_path, monkeypatch):
    """A folder of 60 documents, to be read three times a pass; document 7 and 57 are held out."""
    monkeypatch.setitem(corpus.WEIGHTS, "made", 3.0)
    folder = tmp_path / "text"
    folder.mkdir()
    rng = np.random.default_rng(0)
    blocks = [" ".join(rng.choice(SENTENCES, 6)) for _ in range(60)]
    (folder / "made.txt").write_text("\n\n".join(blocks))
    return folder


@pytest.fixture
def runs(text):
    return elmo_text.collect(corpus.for_training(corpus.documents(text)))


def test_runs_are_the_text(text, runs):
    documents = corpus.for_training(corpus.documents(text))
    assert len(documents) == 58
    words = [w for d in documents for p in d.paragraphs for s in corpus.sentences(p) for w in corpus.words(s)]
    assert [runs.types[k] for k in runs.words] == words
    assert runs.types[:3] == ["<S>", "</S>", "<UNK>"]
    assert runs.lengths.max() <= elmo_text.LONGEST
    assert runs.lengths.min() >= 1
    counts = np.bincount(runs.words, minlength=len(runs.types))[3:]
    assert (np.diff(counts) <= 0).all(), "types are numbered by how often they occur"
    assert set(runs.repeats) == {3}


def test_runs_are_kept_as_they_are(text, runs, tmp_path):
    path = tmp_path / "kept.npz"
    for _ in range(2):
        again = elmo_text.kept(path, corpus.for_training(corpus.documents(text)))
        assert again.types == runs.types
        assert np.array_equal(again.words, runs.words)
        assert np.array_equal(again.starts, runs.starts)


def test_a_batch_spells_what_stands_there(runs):
    batches = elmo_text.Batches(runs, 8, tokens=64)
    batch = batches[3]
    assert batch["at"].shape == batch["targets"].shape
    first = batch["characters"][batch["at"]]
    assert (first[0, :, 1] == 256).all()
    assert (first[-1, :, 1] == 257).all()
    assert (batch["targets"][0] == 0).all()
    assert (batch["targets"][-1] == 1).all()
    assert batch["targets"].max() < 8
    assert (batch["targets"][1:-1] >= 2).all()
    assert len(np.unique(batch["negatives"])) == len(batch["negatives"])
    for name, values in elmo_text.Batches(runs, 8, tokens=64)[3].items():
        assert np.array_equal(values, batch[name]), "the same step gives the same batch"


def test_one_pass_reads_every_run_as_often_as_its_weight(runs):
    batches = elmo_text.Batches(runs, 8, tokens=1)  # one run a batch: nothing is left over
    assert batches.per_pass == 3 * len(runs.repeats)


def test_the_sampled_loss_equals_the_whole_one_when_every_word_is_drawn(runs):
    torch.manual_seed(0)
    model = elmo.fresh(options(n_words=len(runs.types)), elmo.frequencies(runs, len(runs.types)))
    batch = {n: torch.from_numpy(v) for n, v in elmo_text.Batches(runs, len(runs.types), tokens=64)[0].items()}
    batch["negatives"] = torch.arange(len(runs.types))
    sampled, whole = elmo.SampledLoss(model, 10**6), elmo.FullLoss(model)  # drawn so often that log Q is 0
    assert float(sampled(batch).detach()) == pytest.approx(float(whole(batch).detach()), abs=1e-5)


def test_the_softmax_begins_with_the_words_frequencies(runs):
    counts = elmo.frequencies(runs, 8)
    assert counts.sum() == pytest.approx((runs.lengths + 1).sum() * 3)
    model = elmo.fresh(options(n_words=8), counts)
    assert torch.softmax(model.softmax.bias, -1).detach().numpy() == pytest.approx((counts + 1) / (counts + 1).sum())


def test_measured_perplexity_by_hand(runs):
    """A model that knows frequencies only: e to the mean of -ln share."""
    model = elmo.fresh(options(n_words=8), elmo.frequencies(runs, 8)).eval()
    with torch.no_grad():
        model.softmax.weight.zero_()
        share = torch.softmax(model.softmax.bias, -1).numpy()
        scores = elmo.measure(model, runs)
    rows = np.where(runs.words < 8, runs.words, 2)
    for end, name in ((1, "forward"), (0, "backward")):
        loss = -np.log(share[rows]).sum() - len(runs.repeats) * np.log(share[end])
        assert scores[f"{name}_perplexity"] == pytest.approx(np.exp(loss / (len(rows) + len(runs.repeats))), rel=1e-4)
    assert scores["unknown"] == pytest.approx((runs.words >= 8).mean())


def test_training_learns_stops_goes_on_and_is_exported(text, tmp_path):
    folder = tmp_path / "run"
    found = corpus.documents(text)
    runs = elmo_text.collect(corpus.for_training(found))
    sizes = options(n_words=min(20, len(runs.types)), cell=24, projection=12)
    plan = loop.Plan(steps=60, rate=2e-2, decay=0.0)
    first = elmo.train(found, folder, loop.Plan(**(vars(plan) | {"steps": 20})), options=sizes, tokens=64)
    assert first.step == 20
    assert (folder / loop.CHECKPOINT).is_file()
    then = elmo.train(found, folder, plan, options=sizes, tokens=64)
    assert then.step == 60
    assert then.tokens > first.tokens
    assert then.scores["val"] < first.scores["val"]
    assert then.scores["forward_perplexity"] < 8
    exported = tmp_path / "mini"
    module = elmo.export(folder, exported)
    loaded = models.from_folder(exported, "mini")
    assert loaded.words == tuple(runs.types[: sizes.n_words])
    for name, value in module.state_dict().items():
        assert torch.allclose(loaded.module.state_dict()[name], value, atol=1e-2), name
    scores = elmo.evaluate(corpus.for_validation(found), exported, None)
    assert scores["forward_perplexity"] == pytest.approx(then.scores["forward_perplexity"], rel=0.05)


def test_a_wider_model_says_what_the_narrow_one_says():
    narrow = tiny_module()
    wide = widen(narrow, 31, noise=0.0)
    token = torch.randn(7, 2, narrow.options.projection, generator=torch.Generator().manual_seed(0))
    assert [layer.hidden_size for layer in (*wide.ahead, *wide.back)] == [31] * 4
    with torch.no_grad():
        for mine, theirs in zip(wide(token)[:2], narrow(token)[:2], strict=True):
            for a, b in zip(mine, theirs, strict=True):
                torch.testing.assert_close(a, b, atol=1e-5, rtol=0)
    with pytest.raises(ValueError, match="cannot be widened"):
        widen(narrow, 5)


def test_the_copies_in_a_wider_model_learn_apart():
    wide = widen(tiny_module(), 24)
    optimiser = torch.optim.AdamW(wide.parameters(), lr=1e-2)
    token = torch.randn(7, 2, wide.options.projection, generator=torch.Generator().manual_seed(0))
    rows = wide.ahead[0].weight_ih_l0.unflatten(0, (4, 24))
    before = (rows[:, :12] - rows[:, 12:]).detach().abs().mean()
    for _ in range(40):
        wide(token)[0][-1].square().mean().backward()
        optimiser.step()
        optimiser.zero_grad()
    after = (rows[:, :12] - rows[:, 12:]).detach().abs().mean()
    assert before > 0
    assert after > 1.02 * before


def test_training_begins_with_a_given_model(text, tmp_path):
    found = corpus.documents(text)
    runs = elmo_text.collect(corpus.for_training(found))
    sizes = options(n_words=min(20, len(runs.types)), cell=24, projection=12)
    learned = elmo.train(found, tmp_path / "a", loop.Plan(steps=60, rate=2e-2, decay=0.0), options=sizes, tokens=64)
    elmo.export(tmp_path / "a", tmp_path / "narrow")
    first = models.from_folder(tmp_path / "narrow", "narrow")
    wider = replace(sizes, cell=60)
    then = elmo.train(found, tmp_path / "b", loop.Plan(steps=1, rate=1e-5), options=wider, first=first, tokens=64)
    assert then.scores["val"] == pytest.approx(learned.scores["val"], abs=0.1)  # without it: about log 20
    wordless = replace(first, words=())
    with pytest.raises(BadModel, match="without its softmax"):
        elmo.train(found, tmp_path / "d", options=wider, first=wordless)


def test_training_begins_with_a_model_of_fewer_words(text, tmp_path):
    found = corpus.documents(text)
    few = options(n_words=12, cell=24, projection=12)
    learned = elmo.train(found, tmp_path / "a", loop.Plan(steps=60, rate=2e-2, decay=0.0), options=few, tokens=64)
    elmo.export(tmp_path / "a", tmp_path / "few")
    first = models.from_folder(tmp_path / "few", "few")
    runs = elmo_text.collect(corpus.for_training(found))
    more = replace(few, n_words=len(runs.types))
    then = elmo.train(found, tmp_path / "b", loop.Plan(steps=1, rate=1e-5), options=more, first=first, tokens=64)
    assert then.scores["unknown"] == 0
    assert learned.scores["unknown"] > 0.1
    assert then.scores["val"] < learned.scores["val"] + learned.scores["unknown"] * np.log(9) + 0.1


def test_other_words_share_what_was_unknown():
    """Words of both keep their scores; the new ones have <UNK>'s probability among them, by how often each is met."""
    old = tiny_module(n_words=5)
    before, words = ["<S>", "</S>", "<UNK>", "the", "river"], ["<S>", "</S>", "<UNK>", "the", "phone", "web", "river"]
    new = reworded(old, before, words, np.array([9.0, 9, 0, 9, 5, 1, 9]), "<UNK>")
    state = torch.randn(4, old.options.projection, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        was, now = old.softmax(state).softmax(-1), new.softmax(state).softmax(-1)
    torch.testing.assert_close(now[:, [0, 1, 3, 6]], was[:, [0, 1, 3, 4]])
    torch.testing.assert_close(now[:, [2, 4, 5]], was[:, [2]] * torch.tensor([1 / 9, 6 / 9, 2 / 9]))


def test_a_model_that_is_not_widened_stays_as_it_is():
    narrow = tiny_module()
    for name, value in widen(narrow, narrow.options.cell).state_dict().items():
        share = 1.0 if "weight_hr" in name else 0.0  # one copy takes all of an output
        torch.testing.assert_close(value, narrow.state_dict()[name], atol=1e-6 * share, rtol=0)


def test_a_few_sentences_are_enough_to_train_on(tmp_path):
    """No length has runs for a whole batch, and nothing is held out: it trains, and has no scores."""
    found = [corpus.Document("own", n, (" ".join(SENTENCES[n:]),)) for n in range(3)]
    plan = loop.Plan(steps=3, rate=1e-2)
    assert elmo.train(found, tmp_path, plan, options=options(n_words=8, cell=24, projection=12)).scores == {}
    assert elmo.export(tmp_path, tmp_path / "mini").options.cell == 24


def test_another_text_in_the_same_folder_is_read_anew(text, tmp_path):
    found = corpus.documents(text)
    sizes = options(n_words=6, cell=24, projection=12)
    elmo.train(found, tmp_path / "work", loop.Plan(steps=1), options=sizes, tokens=64)
    with pytest.raises(loop.OtherRun, match="another text"):
        elmo.train(found[:40], tmp_path / "work", loop.Plan(steps=2), options=sizes, tokens=64)
    with pytest.raises(loop.OtherRun, match="another sizes"):
        elmo.train(found, tmp_path / "work", loop.Plan(steps=2), options=replace(sizes, cell=30), tokens=64)


def test_the_program_trains_exports_and_writes_the_card_in_two_processes(text, tmp_path):
    out, work = tmp_path / "out", tmp_path / "work"
    out.mkdir()
    (out / "README.md").write_text("<!-- scores -->\n<!-- /scores -->\n", encoding="utf-8")
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]
    command = [*launcher, "bert_explain.training", "elmo", "--text", text, "--out", out, "--work", work]
    command += ["--cell", 160, "--minutes", 0.02, "--tokens", 64]
    done = subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    assert models.from_folder(out, "made").module.options.cell == 160
    assert "forward perplexity" in (out / "README.md").read_text(encoding="utf-8")


def test_no_text_is_said_before_anything_is_written(tmp_path, capsys):
    with pytest.raises(SystemExit):
        elmo.main(["--work", str(tmp_path / "work")])
    assert "--text FOLDER is needed" in capsys.readouterr().err
    assert not (tmp_path / "work").exists()


def test_nothing_to_export_is_one_sentence(tmp_path):
    with pytest.raises(corpus.BadText, match="no checkpoint"):
        elmo.export(tmp_path, tmp_path / "to")
