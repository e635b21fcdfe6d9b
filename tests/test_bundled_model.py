"""The bundled model is a standard Hugging Face folder that works without this project, and does what its card says."""

import json
import re

import pytest
import torch
from safetensors import safe_open
from transformers import AutoTokenizer, BertForMaskedLM, BertForPreTraining, BertTokenizer, pipeline

from bert_explain.query import Query
from bert_explain.trace import run
from tests.conftest import ROOT

FOLDER = ROOT / "assets" / "models" / "mini-bert"
CARD = (FOLDER / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def plain():
    """The model and its tokenizer as anyone would open them."""
    model, info = BertForPreTraining.from_pretrained(FOLDER, output_loading_info=True)
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    return model.eval(), BertTokenizer.from_pretrained(FOLDER)


def test_plain_transformers_opens_it_in_single_precision(plain):
    model, tokenizer = plain
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    c = model.config
    assert (c.num_hidden_layers, c.num_attention_heads, c.hidden_size, c.intermediate_size) == (6, 12, 384, 1536)
    assert (c.vocab_size, c.max_position_embeddings, c.type_vocab_size) == (30522, 512, 2)
    assert c.architectures == ["BertForPreTraining"]
    assert tokenizer.model_max_length == 512
    auto = AutoTokenizer.from_pretrained(FOLDER)
    assert isinstance(auto, BertTokenizer)
    for one in (tokenizer, auto):
        assert one("Ünaffable BANK?")["input_ids"] == one("unaffable bank?")["input_ids"]


def test_the_file_holds_half_precision_and_one_copy_of_each_table():
    with safe_open(FOLDER / "model.safetensors", "pt") as file:
        assert {file.get_slice(key).get_dtype() for key in file.keys()} == {"F16"}  # noqa: SIM118
        assert "cls.predictions.decoder.weight" not in file.keys()  # noqa: SIM118
    assert (FOLDER / "model.safetensors").stat().st_size < 50e6


def test_the_folder_is_standard_and_holds_nothing_else():
    assert {p.name for p in FOLDER.iterdir()} == {
        "README.md",
        "config.json",
        "model.safetensors",
        "scores.json",
        "special_tokens_map.json",
        "prejudices.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "trained.json",
        "vocab.txt",
    }
    tokenizer = json.loads((FOLDER / "tokenizer.json").read_text(encoding="utf-8"))
    assert tokenizer["truncation"] is None
    assert tokenizer["padding"] is None
    vocabulary = (FOLDER / "vocab.txt").read_text(encoding="utf-8").splitlines()
    assert {piece: i for i, piece in enumerate(vocabulary)} == tokenizer["model"]["vocab"]


def test_paris_is_the_capital_of_france(plain):
    model = BertForMaskedLM.from_pretrained(FOLDER).eval()  # the class that the card's pipeline_tag stands for
    guesses = pipeline("fill-mask", model=model, tokenizer=plain[1])("Paris is the capital of [MASK].", top_k=5)
    assert "france" in [guess["token_str"] for guess in guesses]


@pytest.mark.parametrize(
    ("first", "follows", "does_not"),
    [
        ("She opened the door.", "Then she walked into the room.", "Interest rates are set by the central bank."),
        ("The volcano erupted in the night.", "Ash covered the villages around it.", "The president signed the bill."),
        ("She walked to the bank of the river.", "The water was cold and clear.", "Profit is revenue minus cost."),
    ],
)
def test_a_pair_that_does_not_follow_gets_more_for_not_next(mini_bert, first, follows, does_not):
    right, wrong = (run(mini_bert, Query(first, second)).nsp for second in (follows, does_not))
    assert right[0] > 0.5
    assert wrong[1] > 0.5
    assert wrong[1] > right[1]


def test_the_code_on_the_card_prints_what_the_card_says(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    code, printed = (re.search(rf"```{kind}\n(.*?)```", CARD, re.DOTALL).group(1) for kind in ("python", "text"))
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out == printed


def test_the_card_has_the_head_that_the_hub_reads_and_true_numbers(mini_bert):
    head = CARD.split("---")[1]
    for line in ("language: en", "license: apache-2.0", "library_name: transformers", "pipeline_tag: fill-mask"):
        assert f"\n{line}\n" in head
    from huggingface_hub import ModelCard

    assert ModelCard(CARD).data.license == "apache-2.0"
    assert f"{mini_bert.parameters / 1e6:.1f} million" in CARD
    assert "/work" not in CARD
    assert "../" not in CARD
