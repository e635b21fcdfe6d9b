"""Folders with a head for a task: the numbers of Hugging Face's own class, or a true sentence about what is not shown."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from bert_explain.errors import Missing
from bert_explain.models import registry
from bert_explain.models.encoder import Encoder
from bert_explain.query import Query
from bert_explain.trace import run
from tests.parity import same_stage
from tests.tiny import WORDS, byte_tokenizer, noisy, tiny_bert, tokenizer

SIZES = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16, "initializer_range": 0.4}
TABLES = {"vocab_size": len(WORDS), "max_position_embeddings": 32}
DISTIL = {"dim": 8, "n_layers": 2, "n_heads": 2, "hidden_dim": 16, "initializer_range": 0.4}
BYTES = {"vocab_size": len(byte_tokenizer()), "max_position_embeddings": 34, "type_vocab_size": 1}
FAMILIES = {
    "Bert": (transformers.BertConfig, SIZES | TABLES),
    "DistilBert": (transformers.DistilBertConfig, DISTIL | TABLES),
    "Electra": (transformers.ElectraConfig, SIZES | TABLES | {"embedding_size": 6}),
    "Roberta": (transformers.RobertaConfig, SIZES | BYTES),
}
READ = ("SequenceClassification", "TokenClassification", "QuestionAnswering")
TEXTS = {
    "pair": Query("The bank of the river", "water, cold."),
    "single": Query("The bank"),
    "empty": Query(""),
    "only B": Query("", "water"),
    "odd": Query("İstanbul 😀 שלום <b>漢字</b> [MASK]", "## naïve"),
    "long": Query("the cold water " * 30, "a bank " * 40),
    "changed": Query("The bank of the river", "water", masked=(2,), segments="flipped"),
}


def saved(folder: Path, family: str, head: str, **config) -> torch.nn.Module:
    """A folder of that class with random weights; the module that was saved."""
    made, sizes = FAMILIES[family]
    torch.manual_seed(1)
    settings = made(**(sizes | config))
    settings._attn_implementation = "eager"
    module = noisy(getattr(transformers, f"{family}For{head}")(settings)).eval()
    module.save_pretrained(folder)
    (byte_tokenizer() if family == "Roberta" else tokenizer()).save_pretrained(folder)
    return module


def opened(folder: Path) -> Encoder:
    return registry.from_folder(folder, "mine", "mine")


def change(folder: Path, **values) -> None:
    file = folder / "config.json"
    held = json.loads(file.read_text()) | values
    file.write_text(json.dumps({name: value for name, value in held.items() if value is not None}))


def rewritten(folder: Path, names) -> None:
    """The weights with other names: `names` maps each; "" leaves one out."""
    tensors = load_file(folder / "model.safetensors")
    save_file(
        {new: t.clone() for name, t in tensors.items() if (new := names(name))}, folder / "model.safetensors", {"format": "pt"}
    )


def theirs(module, trace) -> np.ndarray:
    inputs = {"input_ids": torch.tensor([[t.id for t in trace.tokens]])}
    if trace.spec.has_segments:
        inputs["token_type_ids"] = torch.tensor([[t.segment for t in trace.tokens]])
    with torch.inference_mode():
        out = module(**inputs)
    if "start_logits" in out:
        return torch.stack([out.start_logits[0], out.end_logits[0]], dim=-1).numpy()
    return out.logits[0].numpy()


@pytest.mark.parametrize("head", READ)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_numbers_are_those_of_hugging_faces_class(family, head, tmp_path):
    labels = {} if head == "QuestionAnswering" else {"num_labels": 3}
    module = saved(tmp_path, family, head, **labels)
    model = opened(tmp_path)
    assert model.unread == ()
    assert model.task.architecture == f"{family}For{head}"
    assert (model.has_mlm, model.has_nsp) == (False, False)
    for name, query in TEXTS.items():
        trace = run(model, query)
        same_stage(trace.task_logits(), theirs(module, trace), err_msg=name)
    one, other = (run(model, TEXTS[name]).task_logits() for name in ("pair", "single"))
    assert one.shape != other.shape or np.abs(one - other).max() > 1e-3  # the comparison would notice


@pytest.mark.parametrize(("family", "head"), [("Bert", READ[0]), ("DistilBert", READ[1]), ("Roberta", READ[0])])
def test_a_pickle_and_weights_in_several_files_hold_the_same_head(family, head, tmp_path):
    module = saved(tmp_path / "a", family, head)
    expected = run(opened(tmp_path / "a"), TEXTS["pair"]).task_logits()
    torch.save(module.state_dict(), tmp_path / "a" / "pytorch_model.bin")
    (tmp_path / "a" / "model.safetensors").unlink()
    assert (run(opened(tmp_path / "a"), TEXTS["pair"]).task_logits() == expected).all()
    module.save_pretrained(tmp_path / "b", max_shard_size="2KB")
    (byte_tokenizer() if family == "Roberta" else tokenizer()).save_pretrained(tmp_path / "b")
    assert (tmp_path / "b" / "model.safetensors.index.json").is_file()
    assert (run(opened(tmp_path / "b"), TEXTS["pair"]).task_logits() == expected).all()


@pytest.mark.parametrize(
    ("config", "reads", "stated"),
    [
        ({"num_labels": 3}, "softmax", False),
        ({"num_labels": 1}, "value", False),
        ({"num_labels": 3, "problem_type": "single_label_classification"}, "softmax", True),
        ({"num_labels": 3, "problem_type": "multi_label_classification"}, "sigmoid", True),
        ({"num_labels": 1, "problem_type": "multi_label_classification"}, "sigmoid", True),
        ({"num_labels": 1, "problem_type": "regression"}, "value", True),
        ({"num_labels": 2, "problem_type": "regression"}, "value", True),
    ],
)
def test_how_it_is_read_follows_problem_type(config, reads, stated, tmp_path):
    saved(tmp_path, "Bert", "SequenceClassification", **config)
    task = opened(tmp_path).task
    assert (task.kind, task.reads, task.stated, task.here) == ("sequence", reads, stated, False)
    assert len(task.labels) == config["num_labels"]


def test_labels_are_the_folders_own_and_each_is_shown_as_another_one(tmp_path):
    names = ["<b>good</b>", "", "x" * 300, "same", "same", " a\n b "]
    saved(tmp_path, "Bert", "TokenClassification", num_labels=6, id2label=dict(enumerate(names)))
    task = opened(tmp_path).task
    assert task.labels == tuple(names)
    assert task.named
    shown = task.names
    assert shown[:2] == ("<b>good</b>", "no name (output 2)")
    assert len(shown[2]) == 40
    assert shown[3:] == ("same (output 4)", "same (output 5)", "a b")
    assert len(set(shown)) == 6
    saved(tmp_path, "Bert", "TokenClassification", num_labels=3)
    assert not opened(tmp_path).task.named


def test_what_stands_on_it_is_said(tmp_path):
    saved(tmp_path, "Bert", "SequenceClassification", id2label={0: "no", 1: "yes"})
    model = opened(tmp_path)
    said = "mine has a task head: it gives the text one of 2 labels (no, yes). See the page Any task model."
    assert said in model.spec.remarks
    assert model.spec.has_task
    assert any("no masked-word head" in line for line in model.spec.lacks)


@pytest.mark.parametrize("family", FAMILIES)
def test_multiple_choice_is_said_and_the_encoder_walks(family, tmp_path):
    saved(tmp_path, family, "MultipleChoice")
    model = opened(tmp_path)
    assert (model.task, model.task_head) == (None, None)
    assert len(model.unread) == 1
    assert f"has a head for multiple choice ({family}ForMultipleChoice)" in model.unread[0]
    assert model.unread[0] in model.spec.remarks
    with pytest.raises(Missing, match="no head for a task of its own"):
        run(model, TEXTS["pair"]).task_logits()


@pytest.mark.parametrize("head", ["MaskedLM", "NextSentencePrediction", "PreTraining"])
def test_heads_of_the_walk_itself_leave_nothing_over(head, tmp_path):
    saved(tmp_path, "Bert", head)
    model = opened(tmp_path)
    assert (model.task, model.unread) == (None, ())
    assert (model.has_mlm, model.has_nsp) == (head != "NextSentencePrediction", head != "MaskedLM")


# What config.json and the weights say together ------------------------------------------------------------------------


@pytest.mark.parametrize("head", READ)
@pytest.mark.parametrize("family", FAMILIES)
def test_without_a_class_the_weights_names_decide(family, head, tmp_path):
    module = saved(tmp_path, family, head, **({} if head == "QuestionAnswering" else {"num_labels": 3}))
    change(tmp_path, architectures=None)
    model = opened(tmp_path)
    assert model.task is not None, model.unread
    trace = run(model, TEXTS["pair"])
    same_stage(trace.task_logits(), theirs(module, trace))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("head", ["SequenceClassification", "MultipleChoice"])
def test_one_output_of_no_class_is_not_guessed(family, head, tmp_path):
    saved(tmp_path, family, head, **({"num_labels": 1} if head != "MultipleChoice" else {}))
    change(tmp_path, architectures=None)
    model = opened(tmp_path)
    assert model.task is None
    assert "names no class, which does not say how they are read" in model.unread[0]
    assert "classifier" in model.unread[0]


@pytest.mark.parametrize(
    "called", ["BertForSentiment", "RobertaForTokenClassification", "BertModel", "BertForPreTraining", "<b>"]
)
def test_a_class_that_says_nothing_of_the_weights(called, tmp_path):
    saved(tmp_path, "Bert", "TokenClassification")
    change(tmp_path, architectures=[called])
    model = opened(tmp_path)
    assert model.task is None
    assert model.unread == (
        "The folder of mine holds weights that are not shown here (classifier.bias, classifier.weight); config.json names "
        f"{called}, which does not say how they are read.",
    )


def test_a_class_whose_weights_are_not_there(tmp_path):
    saved(tmp_path, "Bert", "PreTraining")
    change(tmp_path, architectures=["BertForTokenClassification"])
    model = opened(tmp_path)
    assert model.task is None
    assert "says BertForTokenClassification, but its weights hold no such head" in model.unread[0]


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda f: rewritten(f, lambda n: "" if n == "classifier.bias" else n), "the folder lacks classifier.bias"),
        (lambda f: rewritten(f, lambda n: "" if "pooler" in n else n), "the folder holds no pooler"),
        (lambda f: change(f, id2label={"0": "a", "1": "b"}, label2id=None), "it has 3 outputs, and config.json names 2"),
        (lambda f: change(f, architectures=["BertForQuestionAnswering"]), "the folder lacks qa_outputs.weight"),
    ],
)
def test_a_head_that_is_not_whole_is_not_shown_and_said(spoil, why, tmp_path):
    saved(tmp_path, "Bert", "SequenceClassification", num_labels=3)
    spoil(tmp_path)
    model = opened(tmp_path)
    assert model.task is None
    assert model.unread[0].startswith("The task head of mine (Bert")
    assert why in model.unread[0]
    run(model, TEXTS["pair"])


def test_what_stands_beside_a_head_is_named(tmp_path):
    saved(tmp_path, "Bert", "TokenClassification", num_labels=3)
    tensors = load_file(tmp_path / "model.safetensors")
    crf = {f"crf.{i}": torch.zeros(3) for i in range(5)}
    save_file({**tensors, **crf}, tmp_path / "model.safetensors", {"format": "pt"})
    model = opened(tmp_path)
    assert model.task.kind == "token"
    assert "(crf.0, crf.1, crf.2 and 2 more); BertForTokenClassification has no such weights." in model.unread[0]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_head_of_numbers_that_are_none_is_refused(value, tmp_path):
    saved(tmp_path, "Bert", "TokenClassification")
    tensors = load_file(tmp_path / "model.safetensors")
    tensors["classifier.weight"][0, 0] = value
    save_file(tensors, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(registry.BadModel, match="not finite"):
        opened(tmp_path)


def test_another_head_is_another_model(tmp_path):
    saved(tmp_path / "a", "Bert", "TokenClassification")
    saved(tmp_path / "b", "Bert", "TokenClassification")
    tensors = load_file(tmp_path / "b" / "model.safetensors")
    tensors["classifier.weight"] += 1
    save_file(tensors, tmp_path / "b" / "model.safetensors", {"format": "pt"})
    one, two = opened(tmp_path / "a"), opened(tmp_path / "b")
    assert one.fingerprint != two.fingerprint
    assert one.spec.reads_as != two.spec.reads_as
    assert one.nbytes > 4 * one.parameters
    assert tiny_bert().spec.task is None
