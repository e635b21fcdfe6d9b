"""Models by name: what may be loaded, from where, and a clear sentence for everything that cannot."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForMaskedLM, BertForPreTraining, BertModel, GPT2Config

from bert_explain import models
from bert_explain.errors import BadModel
from bert_explain.models import registry
from bert_explain.query import Query
from bert_explain.trace import run
from tests.tiny import WORDS, tiny_bert, tokenizer

CONFIG = BertConfig(
    vocab_size=len(WORDS),
    hidden_size=8,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=16,
    max_position_embeddings=32,
)


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    """Nothing loaded, nothing given at the start."""
    monkeypatch.setattr(registry, "_loaded", {})
    monkeypatch.setattr("sys.argv", ["app.py"])
    monkeypatch.delenv("BERT_EXPLAIN_MODEL", raising=False)
    monkeypatch.delenv("BERT_EXPLAIN_MODELS", raising=False)


def saved(folder: Path, module: torch.nn.Module, **options) -> Path:
    module.save_pretrained(folder, **options)
    tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(1)
    return saved(tmp_path / "my-bert", BertForPreTraining(CONFIG))


def opened(folder: Path) -> models.Encoder:
    return registry.from_folder(folder, folder.name, folder.name)


def refused(folder: Path) -> str:
    with pytest.raises(BadModel) as error:
        opened(folder)
    assert str(error.value)[-1] in ".)"
    return str(error.value)


# Which models there are ----------------------------------------------------------------------------------------


def test_mini_bert_is_the_default_and_the_same_object_for_all():
    assert models.default_name() == "mini-bert"
    assert list(models.entries()) == [
        "mini-bert",
        "bert-base-uncased",
        "bert-large-uncased",
        "bert-base-cased",
        "bert-base-multilingual-cased",
    ]
    assert models.load() is models.load("mini-bert")


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(BadModel) as error:
        models.load("../../etc/passwd")
    assert str(error.value).startswith("There is no model called “../../etc/passwd” here. There is: mini-bert, bert-")
    with pytest.raises(BadModel) as error:
        models.load("x" * 10_000)
    assert len(str(error.value)) < 300


@pytest.mark.parametrize("how", ["--model PATH", "--model=PATH", "environment"])
def test_a_folder_given_at_the_start_comes_first(how, folder, monkeypatch):
    if how == "environment":
        monkeypatch.setenv("BERT_EXPLAIN_MODEL", str(folder))
    else:
        monkeypatch.setattr("sys.argv", ["app.py", *how.replace("PATH", str(folder)).split()])
    assert models.default_name() == "my-bert"
    entry = models.entries()["my-bert"]
    assert (entry.source, entry.where) == ("local", str(folder.resolve()))
    model = models.load()
    assert (model.name, model.n_layers, model.n_heads, model.hidden_size) == ("my-bert", 2, 2, 8)
    assert run(model, Query("the bank", "water")).nsp.sum() == pytest.approx(1)
    assert "mini-bert" in models.entries()


def test_argv_wins_over_the_environment_and_a_model_without_value_does_no_harm(folder, monkeypatch):
    monkeypatch.setenv("BERT_EXPLAIN_MODEL", "bert-base-cased")
    assert models.default_name() == "bert-base-cased"
    monkeypatch.setattr("sys.argv", ["app.py", "--other", "1", "--model", str(folder)])
    assert models.default_name() == "my-bert"
    monkeypatch.setattr("sys.argv", ["app.py", "--model"])
    assert models.default_name() == "bert-base-cased"


def test_a_folder_named_like_a_known_model_is_told_apart(folder, monkeypatch):
    twin = folder.rename(folder.parent / "mini-bert")
    monkeypatch.setenv("BERT_EXPLAIN_MODEL", str(twin))
    assert models.default_name() == "mini-bert (local)"
    assert models.load().hidden_size == 8
    assert models.load("mini-bert").hidden_size == 384


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("mini-bert", ["mini-bert"]),
        ("mini-bert, bert-base-cased", ["mini-bert", "bert-base-cased"]),
        ("nonsense", ["mini-bert"]),
        ("", 5),
    ],
)
def test_the_list_can_be_narrowed(given, names, monkeypatch):
    monkeypatch.setenv("BERT_EXPLAIN_MODELS", given)
    found = list(models.entries())
    assert found == names or len(found) == names
    if given == "mini-bert":
        with pytest.raises(BadModel, match=r"no model called “bert-large-uncased” here\. There is: mini-bert\."):
            models.load("bert-large-uncased")


# Folders -------------------------------------------------------------------------------------------------------


def test_no_folder_no_config_no_weights(tmp_path, folder):
    assert "There is no folder" in refused(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    assert "has no config.json" in refused(tmp_path / "empty")
    (folder / "model.safetensors").unlink()
    assert refused(folder).endswith(
        "holds no weights. It needs model.safetensors (save_pretrained writes it) or pytorch_model.bin."
    )


def test_nothing_that_a_pickle_holds_is_run(folder):
    """A pickle can run any code: the file here would, if anything opened it."""

    class Trap:
        def __reduce__(self):
            return (Path.touch, (folder / "sprung",))

    (folder / "model.safetensors").unlink()
    torch.save({"x": Trap()}, folder / "pytorch_model.bin")
    assert "pytorch_model.bin of my-bert is not a file of weights alone, and nothing that it holds is run" in refused(folder)
    assert not (folder / "sprung").exists()


def test_code_of_a_checkpoint_is_not_run(folder):
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "trap", "auto_map": {"AutoConfig": "trap.TrapConfig", "AutoModel": "trap.Trap"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "trap.py").write_text(f"open({str(folder / 'sprung')!r}, 'w')\n")
    assert "could not be opened" in refused(folder)
    assert not (folder / "sprung").exists()


@pytest.mark.parametrize("content", ["", "{", "[]", '"text"', "{}", '{"model_type": "no-such-type"}'])
def test_a_broken_config(folder, content):
    (folder / "config.json").write_text(content)
    assert "could not be opened" in refused(folder)


def test_a_config_that_contradicts_the_weights(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"hidden_size": 12}))
    assert "could not be opened" in refused(folder)
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 3}))
    assert "lacks weights of its body (16 tensors" in refused(folder)


def test_broken_weights(folder):
    (folder / "model.safetensors").write_bytes(b"not a safetensors file at all")
    assert "could not be opened" in refused(folder)


def test_weights_without_the_token_table(folder):
    """Hugging Face would fill it with random numbers and only warn."""
    weights = load_file(folder / "model.safetensors")
    save_file(
        {k: v for k, v in weights.items() if "word_embeddings" not in k}, folder / "model.safetensors", metadata={"format": "pt"}
    )
    assert "lacks weights of its body" in refused(folder)


def test_another_kind_of_model(folder):
    GPT2Config().save_pretrained(folder)
    assert refused(folder) == (
        "my-bert is a gpt2 model. This app walks through encoders of BERT, DistilBERT, ELECTRA and "
        "RoBERTa: give --model a folder of one of these."
    )


@pytest.mark.parametrize("change", [{"is_decoder": True}, {"position_embedding_type": "relative_key"}])
def test_a_bert_whose_arithmetic_differs_is_not_shown_as_bert(folder, change):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | change))
    assert "is not a plain encoder" in refused(folder)


def test_a_folder_without_vocabulary(folder):
    """transformers would invent one of five pieces, and read every word as unknown."""
    for name in ("tokenizer.json", "vocab.txt"):
        (folder / name).unlink(missing_ok=True)
    assert refused(folder) == "my-bert has no vocabulary. It needs tokenizer.json or vocab.txt."


def test_a_vocabulary_larger_than_the_token_table(folder):
    shutil.copy(registry.ASSETS / "mini-bert" / "tokenizer.json", folder)
    assert "has 30522 pieces, its token table fewer rows" in refused(folder)


def test_an_index_of_several_weight_files(tmp_path, folder):
    whole = opened(folder)
    split = saved(tmp_path / "split", whole.module, max_shard_size="2KB")
    assert not (split / "model.safetensors").exists()
    assert len(list(split.glob("model-*.safetensors"))) > 1
    query = Query("the bank", "cold water")
    assert (run(opened(split), query).hidden == run(whole, query).hidden).all()
    next(split.glob("model-*.safetensors")).unlink()
    assert "could not be opened" in refused(split)


def test_half_precision_on_disk_is_computed_in_single(tmp_path):
    model = opened(saved(tmp_path / "half", BertForPreTraining(CONFIG).half()))
    assert {p.dtype for p in model.module.parameters()} == {torch.float32}


# What a checkpoint lacks is said, not faked ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("architecture", "mlm", "pooler", "nsp"),
    [(BertForPreTraining, True, True, True), (BertForMaskedLM, True, False, False), (BertModel, False, True, False)],
)
def test_heads_that_are_not_in_the_checkpoint_are_not_there(tmp_path, architecture, mlm, pooler, nsp):
    torch.manual_seed(2)
    module = architecture(CONFIG).eval()
    model = opened(saved(tmp_path / "partial", module))
    assert (model.has_mlm, model.has_pooler, model.has_nsp) == (mlm, pooler, nsp)
    trace = run(model, Query("the bank", "cold water"))
    assert (trace.nsp is None, trace.pooled is None) == (not nsp, not pooler)
    assert len(model.lacks) == 3 - mlm - pooler - nsp
    ids = torch.tensor([[t.id for t in trace.tokens]])
    segments = torch.tensor([[t.segment for t in trace.tokens]])
    with torch.inference_mode():
        out = module(ids, token_type_ids=segments, output_hidden_states=True)
    assert torch.allclose(torch.tensor(trace.hidden[-1]), out.hidden_states[-1][0], atol=1e-5)


def test_a_distilbert_folder_walks_too(tmp_path):
    model = opened(saved(tmp_path / "distil", tiny_bert("distilbert").module))
    assert (model.has_mlm, model.has_segments, model.has_pooler, model.has_nsp) == (True, False, False, False)
    query = Query("the bank", "cold water")
    assert (run(model, query).hidden == run(tiny_bert("distilbert"), query).hidden).all()


# The hub, faked; test_hub.py has a real one ------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def test_loading_asks_the_hub_for_nothing(cache, monkeypatch):
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda *_, **__: pytest.fail("asked the hub"))
    with pytest.raises(BadModel, match=r"^BERT-base, uncased is not on this machine\.$"):
        models.load("bert-base-uncased")
    assert not models.here(models.entries()["bert-base-uncased"])


def test_a_hub_that_cannot_be_reached_is_said(cache, monkeypatch):
    def fail(*_, **__):
        raise ConnectionError("no route to host, with a secret path")

    monkeypatch.setattr("huggingface_hub.snapshot_download", fail)
    heard = []
    with pytest.raises(BadModel) as error:
        models.fetch(models.entries()["bert-base-uncased"], lambda *report: heard.append(report))
    assert str(error.value) == (
        "BERT-base, uncased is not on this machine, and the Hugging Face hub could not be reached to fetch it "
        "(ConnectionError). mini-bert needs no network; a folder of your own can be given with --model."
    )
    assert heard == [(0.0, "BERT-base, uncased: asking the hub")]


def test_a_model_in_the_hubs_cache_is_opened_without_asking_the_hub(folder, cache, monkeypatch):
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda *_, **__: pytest.fail("asked the hub"))
    entry = models.entries()["bert-base-cased"]
    there = cache / "models--google-bert--bert-base-cased" / "snapshots"
    shutil.copytree(folder, there / ("f" * 40))
    assert not models.here(entry)  # another revision than the one that is listed
    shutil.copytree(folder, there / entry.revision)
    assert models.here(entry)
    model = models.load("bert-base-cased")
    assert (model.name, model.title, model.hidden_size) == ("bert-base-cased", "BERT-base, cased", 8)
    assert models.load("bert-base-cased") is model


def test_a_download_that_was_broken_off_is_not_taken_for_a_model(folder, cache):
    entry = models.entries()["bert-base-cased"]
    there = cache / "models--google-bert--bert-base-cased" / "snapshots" / entry.revision
    shutil.copytree(folder, there)
    (there / "model.safetensors").unlink()
    assert not models.here(entry)
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (there / "model.safetensors.index.json").write_text(json.dumps(index))
    (there / "model-00001-of-00002.safetensors").touch()
    assert not models.here(entry)
    (there / "model-00002-of-00002.safetensors").touch()
    assert models.here(entry)


def test_whoever_starts_with_a_model_of_the_hub_has_asked_for_it(cache, monkeypatch):
    asked = []
    monkeypatch.setattr(registry.hub, "fetch", lambda *args, **_: asked.append(args))
    monkeypatch.setenv("BERT_EXPLAIN_MODEL", "bert-base-cased")
    with pytest.raises(BadModel, match="is not on this machine"):  # the stand-in brings nothing
        models.prepare()
    assert [args[0] for args in asked] == ["google-bert/bert-base-cased"]
    monkeypatch.setenv("BERT_EXPLAIN_MODEL", "mini-bert")
    models.prepare()
    assert len(asked) == 1
