"""Folders that people really have: each is read exactly as its own library reads it, or refused with what to do."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from transformers import (
    AlbertConfig,
    AutoTokenizer,
    BertConfig,
    BertForPreTraining,
    DistilBertConfig,
    DistilBertForMaskedLM,
    ElectraConfig,
    ElectraForMaskedLM,
    ElectraForPreTraining,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaForMaskedLM,
)

from bert_explain import families
from bert_explain.errors import BadModel
from bert_explain.models import memory, registry
from bert_explain.models.encoder import Encoder
from bert_explain.query import Query
from bert_explain.trace import run
from tests.tiny import WORDS, tokenizer

PIECES = (*WORDS, "The", "Bank", "na", "##ïve")
SMALL = {"vocab_size": 20, "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
CONFIG = BertConfig(**SMALL, max_position_embeddings=32)
LINE = Query("The bank, naïve", "cold water.")


@pytest.fixture
def folder(tmp_path) -> Path:
    torch.manual_seed(3)
    BertForPreTraining(CONFIG).save_pretrained(tmp_path / "mine")
    tokenizer().save_pretrained(tmp_path / "mine")
    return tmp_path / "mine"


def opened(folder: Path) -> Encoder:
    return registry.from_folder(folder, folder.name, folder.name)


def refused(folder: Path) -> str:
    with pytest.raises(BadModel) as error:
        opened(folder)
    said = str(error.value)
    assert said[-1] in ".)"
    assert "Traceback" not in said
    return said


def change(file: Path, **values) -> None:
    """Write values into a JSON file; None takes one away."""
    held = json.loads(file.read_text(encoding="utf-8")) | values
    file.write_text(json.dumps({k: v for k, v in held.items() if v is not None}), encoding="utf-8")


def only_vocabulary(folder: Path) -> None:
    """Leave vocab.txt alone, with capitals and accents in it, as the first BERTs have it."""
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()
    (folder / "vocab.txt").write_text("\n".join(PIECES) + "\n", encoding="utf-8")


def as_transformers(folder: Path, query: Query) -> list[int]:
    texts = [text for text in (query.text_a, query.text_b) if text]
    return AutoTokenizer.from_pretrained(folder)(*texts)["input_ids"]


# The tokenizer -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["tokenizer_config.json", "config.json"])
@pytest.mark.parametrize("named", ["BertJapaneseTokenizer", "NoSuchTokenizer", "AlbertTokenizer"])
def test_another_tokenizer_is_not_read_as_this_one(folder, file, named):
    if file == "config.json":
        change(folder / "tokenizer_config.json", tokenizer_class=None)
    change(folder / file, tokenizer_class=named)
    said = refused(folder)
    assert said.startswith(f"mine names the tokenizer {named}, which cuts texts in another way than BertTokenizer")
    assert "This app reads BertTokenizer and PreTrainedTokenizerFast." in said


def test_a_tokenizer_that_is_code_is_not_run(folder):
    change(folder / "tokenizer_config.json", auto_map={"AutoTokenizer": ["own.Own", None]})
    (folder / "own.py").write_text(f"open({str(folder / 'sprung')!r}, 'w')\n")
    assert refused(folder) == "mine brings a tokenizer as code of its own, which is not run here."
    assert not (folder / "sprung").exists()


@pytest.mark.parametrize("content", ["", "[]", '"text"', "{", "[" * 100_000])
def test_a_broken_tokenizer_config(folder, content):
    (folder / "tokenizer_config.json").write_text(content)
    assert "tokenizer_config.json of mine could not be opened" in refused(folder)


@pytest.mark.parametrize("named", [None, "BertTokenizer", "BertTokenizerFast", "DistilBertTokenizer", "ElectraTokenizerFast"])
def test_names_of_the_same_tokenizer(folder, named):
    change(folder / "tokenizer_config.json", tokenizer_class=named)
    assert [t.id for t in run(opened(folder), LINE).tokens] == as_transformers(folder, LINE)


def test_capitals_where_nothing_says_whether_they_count_are_read_as_transformers_reads_them(folder):
    only_vocabulary(folder)
    model = opened(folder)
    theirs = AutoTokenizer.from_pretrained(folder)
    assert model.spec.lower_case == theirs.do_lower_case
    assert model.spec.capitals == 2  # The, Bank
    assert "2 pieces of its vocabulary have capitals: none of these is ever read." in model.spec.remarks[0]
    read = [t.id for t in run(model, Query("The Bank")).tokens]
    assert not {PIECES.index("The"), PIECES.index("Bank")} & set(read)
    assert [t.id for t in run(model, LINE).tokens] == as_transformers(folder, LINE)


@pytest.mark.parametrize("lower", [True, False])
def test_capitals_as_the_folder_says(folder, lower):
    only_vocabulary(folder)
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": lower}))
    model = opened(folder)
    assert model.spec.lower_case is lower
    assert run(model, LINE).pieces[1] == ("the" if lower else "The")
    assert bool(model.spec.remarks) is lower
    assert [t.id for t in run(model, LINE).tokens] == as_transformers(folder, LINE)


def cased_json(folder: Path) -> None:
    """A tokenizer.json that keeps capitals, beside a tokenizer_config.json that says nothing of them."""
    only_vocabulary(folder)
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": False}))
    AutoTokenizer.from_pretrained(folder).save_pretrained(folder)
    change(folder / "tokenizer_config.json", do_lower_case=None)


def test_two_tokenizers_that_contradict_each_other_are_refused_and_the_remedy_helps(folder):
    cased_json(folder)
    alone = Tokenizer.from_file(str(folder / "tokenizer.json")).encode("The bank", add_special_tokens=False).tokens
    assert alone == ["The", "bank"]
    said = refused(folder)
    assert (
        "mine has two tokenizers that contradict each other. “The bank” begins with “the” by transformers' BertTokenizer, and"
        in said
    )
    assert "with “The” by tokenizer.json" in said
    assert 'Say in tokenizer_config.json which is right: "do_lower_case": false if it is tokenizer.json' in said
    change(folder / "tokenizer_config.json", do_lower_case=False)
    assert run(opened(folder), LINE).pieces[1:3] == ["The", "bank"]
    change(folder / "tokenizer_config.json", do_lower_case=None)
    (folder / "tokenizer.json").unlink()
    assert run(opened(folder), LINE).pieces[1:3] == ["the", "bank"]


def test_a_tokenizer_file_that_stands_by_itself_is_taken_as_it_is(folder):
    cased_json(folder)
    change(folder / "tokenizer_config.json", tokenizer_class="PreTrainedTokenizerFast")
    model = opened(folder)
    assert run(model, LINE).pieces[1:3] == ["The", "bank"]
    assert [t.id for t in run(model, LINE).tokens] == as_transformers(folder, LINE)
    (folder / "tokenizer.json").unlink()
    assert refused(folder) == "mine names the tokenizer PreTrainedTokenizerFast, which needs tokenizer.json, and has none."


def test_special_tokens_in_another_order_are_refused(folder):
    bare = Tokenizer.from_file(str(folder / "tokenizer.json"))
    names = {"cls_token": "[CLS]", "sep_token": "[SEP]", "unk_token": "[UNK]", "mask_token": "[MASK]", "pad_token": "[PAD]"}
    raw = json.loads(bare.to_str()) | {"post_processor": None}
    PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(json.dumps(raw)), **names).save_pretrained(folder)
    assert "puts other tokens around “The bank” than [CLS] A [SEP] B [SEP]" in refused(folder)


def test_pieces_of_another_kind_are_refused(folder):
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    words = Tokenizer(WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    words.pre_tokenizer = Whitespace()
    names = {"cls_token": "[CLS]", "sep_token": "[SEP]", "unk_token": "[UNK]"}
    PreTrainedTokenizerFast(tokenizer_object=words, **names).save_pretrained(folder)
    assert refused(folder) == "The pieces of mine are WordLevel, not WordPiece, as BERT has them."


@pytest.mark.parametrize(("piece", "why"), [("[UNK]", "words it cannot cut"), ("[CLS]", "begins with"), ("[SEP]", "ends with")])
def test_a_vocabulary_without_a_piece_that_every_text_needs(folder, piece, why):
    only_vocabulary(folder)
    (folder / "vocab.txt").write_text("\n".join(word for word in PIECES if word != piece) + "\n")
    said = refused(folder)
    assert said.startswith(f"The vocabulary of mine has no {piece}: ")
    assert why in said
    assert "Add it, or name the piece that stands for it as" in said


# Sizes ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("num_hidden_layers", 0, "mine has no layers, says its config.json"),
        ("num_attention_heads", 0, "mine has no heads"),
        ("hidden_size", 0, "mine has no numbers a token"),
        ("vocab_size", 0, "mine has no pieces in its vocabulary"),
        ("max_position_embeddings", 0, "mine has no positions"),
        ("intermediate_size", 0, "mine has no numbers in its feed-forward part"),
        ("num_attention_heads", 3, "8 numbers a token cannot be shared by 3 heads"),
        ("num_hidden_layers", -1, "config.json of mine has '-1' as its number of layers: mend it."),
    ],
)
def test_sizes_that_no_model_can_have(folder, name, value, said):
    change(folder / "config.json", **{name: value})
    assert said in refused(folder)


@pytest.mark.parametrize(
    "sizes",
    [
        {"vocab_size": 10**12},
        {"hidden_size": 10**9, "num_attention_heads": 1},
        {"num_hidden_layers": 10**13},
        {"intermediate_size": 10**13},
        {"max_position_embeddings": 10**30},
    ],
)
def test_what_memory_cannot_hold_is_refused_before_anything_is_made(folder, sizes, monkeypatch):
    def never(*_, **__):
        raise AssertionError("memory was asked for")

    monkeypatch.setattr(BertForPreTraining, "from_pretrained", never)
    monkeypatch.setattr("bert_explain.models.folder.read_tokenizer", never)  # a vocabulary may be larger than any model
    change(folder / "config.json", **sizes)
    said = refused(folder)
    assert "of memory, and" in said
    assert "are free on this machine. Give --model a smaller model" in said


def test_memory_is_counted_from_config_and_files(folder, monkeypatch):
    numbers = sum(p.numel() for p in BertForPreTraining(CONFIG).parameters())
    vocabulary = memory.VOCABULARY_FOLD * (folder / "tokenizer.json").stat().st_size
    monkeypatch.setattr(memory, "available", lambda: 4 * numbers + vocabulary)
    opened(folder)
    monkeypatch.setattr(memory, "available", lambda: 4 * numbers + vocabulary - 1)
    assert "mine would need" in refused(folder)
    monkeypatch.setattr(memory, "available", lambda: None)  # not known: nothing is refused
    opened(folder)
    pickled(folder)
    whole = 4 * numbers + vocabulary + memory.unpacked(folder / "pytorch_model.bin")  # a pickle is read whole
    monkeypatch.setattr(memory, "available", lambda: whole)
    opened(folder)
    monkeypatch.setattr(memory, "available", lambda: whole - 1)
    assert "mine would need" in refused(folder)


def test_a_file_that_swells_when_it_is_unpacked_is_counted_at_its_true_size(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.bin", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data/0", bytes(10_000_000))
    assert (tmp_path / "x.bin").stat().st_size < 20_000
    assert memory.unpacked(tmp_path / "x.bin") == 10_000_000


@pytest.mark.parametrize(
    ("config", "module"),
    [
        (CONFIG, BertForPreTraining),
        (DistilBertConfig(vocab_size=20, dim=8, n_layers=2, n_heads=2, hidden_dim=16), DistilBertForMaskedLM),
        (ElectraConfig(**SMALL, embedding_size=6), ElectraForMaskedLM),
        (ElectraConfig(**SMALL, embedding_size=8), ElectraForPreTraining),
        (RobertaConfig(**SMALL, max_position_embeddings=34, type_vocab_size=1), RobertaForMaskedLM),
    ],
)
def test_the_arithmetic_counts_what_is_really_made(config, module):
    made = module(config)
    names = list(made.state_dict())
    family = families.of(config.model_type)
    assert family.module(config, names) is module
    assert family.numbers(config, names) == sum(p.numel() for p in made.parameters())


def test_a_container_that_may_have_less_than_the_machine(tmp_path):
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("700\n")
    (tmp_path / "memory.stat").write_text("anon 500\ninactive_file 200\n")
    assert list(memory._group(tmp_path)) == [500]
    (tmp_path / "memory.max").write_text("max\n")
    assert list(memory._group(tmp_path)) == []
    free = memory.available()
    assert free is None or free > 0


@pytest.mark.parametrize(
    ("size", "said"), [(5_000, "5 kB"), (2_500_000_000, "2.5 GB"), (10**13, "10.0 TB"), (10**40, "more bytes")]
)
def test_bytes_as_people_read_them(size, said):
    assert memory.said(size).startswith(said)


# Weights -------------------------------------------------------------------------------------------------------------


def pickled(folder: Path, rename=lambda name: name, **options) -> None:
    """The folder's weights as pytorch_model.bin, and no safetensors."""
    weights = load_file(folder / "model.safetensors")
    torch.save({rename(name): value for name, value in weights.items()}, folder / "pytorch_model.bin", **options)
    (folder / "model.safetensors").unlink()


@pytest.mark.parametrize("old", [False, True])
def test_pickled_weights_give_the_same_numbers(folder, old):
    """Also in the format before 2020, and with the names that LayerNorm's numbers had then."""
    before = run(opened(folder), LINE)
    rename = (
        (lambda n: n.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")) if old else str
    )
    pickled(folder, rename, _use_new_zipfile_serialization=not old)
    after = run(opened(folder), LINE)
    assert (after.hidden == before.hidden).all()
    assert (after.nsp == before.nsp).all()
    assert (after.mlm_logits([1]) == before.mlm_logits([1])).all()


def test_pickled_weights_in_several_files(folder):
    before = run(opened(folder), LINE)
    weights = load_file(folder / "model.safetensors")
    names = sorted(weights)
    parts = {"pytorch_model-00001-of-00002.bin": names[::2], "pytorch_model-00002-of-00002.bin": names[1::2]}
    for file, held in parts.items():
        torch.save({name: weights[name] for name in held}, folder / file)
    (folder / "model.safetensors").unlink()
    index = folder / "pytorch_model.bin.index.json"
    where = {name: file for file, held in parts.items() for name in held}
    index.write_text(json.dumps({"weight_map": where}))
    assert (run(opened(folder), LINE).hidden == before.hidden).all()
    index.write_text(json.dumps({"weight_map": where | {names[0]: "../elsewhere.bin"}}))
    assert refused(folder) == "pytorch_model.bin.index.json of mine names a file that is not beside it."


def test_nothing_in_a_pickle_is_run(folder):
    class Trap:
        def __reduce__(self):
            return (Path.touch, (folder / "sprung",))

    pickled(folder)
    for new in (True, False):
        torch.save({"x": Trap()}, folder / "pytorch_model.bin", _use_new_zipfile_serialization=new)
        assert "is not a file of weights alone, and nothing that it holds is run" in refused(folder)
    assert not (folder / "sprung").exists()


def test_a_pickle_of_something_else(folder):
    pickled(folder)
    torch.save([1, 2], folder / "pytorch_model.bin")
    assert refused(folder) == "pytorch_model.bin of mine holds no table of weights."


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(folder, value):
    weights = load_file(folder / "model.safetensors")
    weights["bert.encoder.layer.1.output.dense.weight"][3, 3] = value
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    said = refused(folder)
    assert said.startswith("The weights of mine have numbers that are not finite, in bert.encoder.layer.1.output.dense.weight")


def test_a_trial_run_that_gives_no_numbers_is_told(folder):
    weights = load_file(folder / "model.safetensors")
    for name in ("intermediate", "output"):
        weights[f"bert.encoder.layer.1.{name}.dense.weight"].fill_(1e30)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    assert "mine was tried on two words, and its last layer gave numbers that are not finite" in refused(folder)


def test_half_a_head_is_no_head(folder):
    """Hugging Face fills what the file lacks with random numbers."""
    weights = load_file(folder / "model.safetensors")
    save_file({k: v for k, v in weights.items() if k != "cls.predictions.bias"}, folder / "model.safetensors", {"format": "pt"})
    assert not opened(folder).has_mlm


# Other families ------------------------------------------------------------------------------------------------------


def test_albert_is_refused_with_the_reason(folder):
    AlbertConfig().save_pretrained(folder)
    assert refused(folder) == (
        "mine is an albert model: ALBERT has one layer that is used again and again, and its pieces come from SentencePiece. "
        "This app walks through encoders of BERT, DistilBERT, ELECTRA and RoBERTa: give --model a folder of one of these."
    )


def test_every_family_has_its_folder():
    root = Path(families.__file__).parent
    assert sorted(families.NAMES) == sorted(path.parent.name for path in root.glob("*/family.py"))
    assert all(families.of(name).name == name for name in families.NAMES)


@pytest.mark.slow
def test_a_model_is_tried_in_a_process_without_a_network_or_anything_loaded(folder):
    """The whole way from the command line's folder to the first numbers."""
    code = (
        "from bert_explain import models; from bert_explain.query import Query; from bert_explain.trace import run;"
        "print(run(models.load(), Query('the bank')).pieces)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "BERT_EXPLAIN_MODEL": str(folder), "HF_HUB_OFFLINE": "1"},
        cwd=Path(__file__).resolve().parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "['[CLS]', 'the', 'bank', '[SEP]']"
