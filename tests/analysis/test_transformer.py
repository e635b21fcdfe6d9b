"""Counting a Transformer's numbers: by hand, against Hugging Face's and PyTorch's own modules, and against loaded weights."""

import warnings

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import BertConfig, BertForPreTraining, OpenAIGPTConfig, OpenAIGPTLMHeadModel

from bert_explain.chapters.transformer import analysis as sizes
from bert_explain.chapters.transformer.analysis import SIZES, Sizes
from bert_explain.models.encoder import from_hugging_face
from bert_explain.models.parameters import PARTS, parameter_counts
from bert_explain.query import Query
from bert_explain.trace import run
from tests.tiny import WORDS, tiny_bert, tokenizer


def parts(s: Sizes) -> dict[str, int]:
    return sizes.count(s).set_index("part")["parameters"].to_dict()


def numbers(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def test_bert_base_worked_by_hand():
    assert parts(SIZES["BERT-base"]) == {
        "token table": 23_440_896,  # 30,522 x 768
        "position table": 393_216,  # 512 x 768
        "segment table": 1_536,  # 2 x 768
        "attention": 12 * 2_362_368,  # 4 x (589,824 + 768)
        "feed-forward": 12 * 4_722_432,  # 2 x 2,359,296 + 3,072 + 768
        "LayerNorm": 38_400,  # 25 x 1,536
        "pooler": 590_592,  # 589,824 + 768
        "masked-word head": 622_650,  # 590,592 + 1,536 + 30,522
        "next-sentence head": 1_538,  # 2 x 768 + 2
    }
    assert sizes.total(SIZES["BERT-base"]) == 110_106_428


@pytest.mark.parametrize(
    ("name", "config", "known"),
    [
        ("BERT-base", {}, 110_106_428),
        (
            "BERT-large",
            {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096},
            336_226_108,
        ),
    ],
)
def test_bert_equals_hugging_faces_own(name, config, known):
    with torch.device("meta"):  # shapes only, no memory
        module = BertForPreTraining(BertConfig(**config))
    model = from_hugging_face(name, name, module, tokenizer())
    assert sizes.of(model) == SIZES[name]
    assert {part: n for part, n in parameter_counts(model).items() if n} == {
        part: n for part, n in parts(SIZES[name]).items() if n
    }
    assert sizes.total(SIZES[name]) == numbers(module) == known
    assert sizes.checked(model)["equal"].all()
    heads = parts(SIZES[name])
    bare = known - heads["masked-word head"] - heads["next-sentence head"]
    assert bare == numbers(module.bert) == {"BERT-base": 109_482_240, "BERT-large": 335_141_888}[name]


def test_gpt_1_equals_hugging_faces_own():
    with torch.device("meta"):
        module = OpenAIGPTLMHeadModel(OpenAIGPTConfig())
    assert sizes.total(SIZES["GPT-1"]) == numbers(module) == 116_534_784


@pytest.mark.parametrize(("name", "paper"), [("Transformer base", 65e6), ("Transformer big", 213e6)])
def test_the_transformer_equals_pytorchs_less_what_the_paper_has_not(name, paper):
    s = SIZES[name]
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it would rather have its batches first
        module = torch.nn.Transformer(s.hidden, s.heads, s.layers, s.decoder_layers, s.feed_forward)
    biases = sum(p.numel() for n, p in module.named_parameters() if "attn" in n and n.endswith("bias"))
    last_norms = numbers(module.encoder.norm) + numbers(module.decoder.norm)
    assert sizes.total(s) - parts(s)["token table"] == numbers(module) - biases - last_norms
    assert sizes.total(s) == pytest.approx(paper, rel=0.04)  # with its "about 37000" pieces


@pytest.mark.parametrize("kind", ["full", "no heads", "bare", "no segments", "distilbert"])
def test_the_formula_equals_the_weights_of_every_kind(kind):
    model = tiny_bert(kind)
    table = sizes.checked(model)
    assert table["equal"].all()
    assert table["from the weights"].sum() == model.parameters == sizes.total(sizes.of(model))
    lacks = {"no heads": "masked-word head", "bare": "pooler", "distilbert": "segment table"}.get(kind)
    assert lacks is None or lacks not in set(table["part"])
    assert "the same" in sizes.look_checked(model.title, table).plain()


def test_a_difference_is_shown(monkeypatch):
    """A formula that were wrong by one would be said."""
    model = tiny_bert("full")
    off = {**parameter_counts(model), "pooler": 73}
    monkeypatch.setattr(sizes, "parameter_counts", lambda model: off)
    table = sizes.checked(model)
    assert table.set_index("part")["equal"].to_dict() == {
        part: part != "pooler" for part in PARTS if part not in ("widening", "replaced-word head")
    }
    assert sizes.look_checked("x", table).plain().endswith("in: pooler.")


def test_the_bundled_model(mini_bert):
    table = sizes.checked(mini_bert)
    assert table["equal"].all()
    assert len(table) == 9
    assert table["from the weights"].sum() == mini_bert.parameters


small = st.integers(1, 40)


@given(small, small, small, small, small, st.integers(0, 5))
def test_worked_numbers_come_to_the_count(layers, heads, hidden, feed_forward, vocabulary, decoders):
    s = Sizes(layers, heads, hidden, feed_forward, vocabulary, decoder_layers=decoders)
    for row in sizes.count(s).itertuples():
        worked = row[4].replace(",", "").replace("·", "*")
        assert eval(worked) == row.parameters, row.part
    groups = sizes.by_group({"x": s})
    assert groups["parameters"].sum() == sizes.total(s)
    assert groups["share"].sum() == pytest.approx(1)


@given(small, small)
def test_heads_change_nothing_but_whether_it_can_be_built(heads, hidden):
    s = Sizes(2, heads, hidden, 4 * hidden, 100)
    assert sizes.total(s) == sizes.total(Sizes(2, 1, hidden, 4 * hidden, 100))
    assert bool(sizes.problem(s)) == bool(hidden % heads)


def test_own_sizes_say_what_a_layer_costs():
    said = sizes.look_own(SIZES["BERT-base"]).plain()
    assert "110,106,428" in said
    assert "440 MB" in said
    assert "7,087,872" in said


def test_boxes_speak_of_this_text():
    trace = run(tiny_bert(), Query("the bank", "cold"))
    said = sizes.here("attention", trace).plain()
    assert "2 layers with 2 heads" in said
    assert f"your {len(trace.tokens)} tokens" in said
    assert "mixes 4 numbers" in said
    assert f"table of {len(WORDS)} rows" in sizes.here("embedding", trace).plain()
    assert sizes.here("cross_attention", trace) is None
    assert sizes.here("softmax", run(tiny_bert("bare"), Query("the", ""))) is None


@pytest.mark.parametrize(
    ("numbers", "said"), [(0, "0 bytes"), (249, "996 bytes"), (250, "1 kB"), (10**9, "4 GB"), (10**18, "4,000,000 TB")]
)
def test_memory(numbers, said):
    assert sizes.memory(numbers) == said
