"""ELECTRA and RoBERTa: every stage equals Hugging Face's own forward pass, and what their tokenizers give is what is read."""

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer

from bert_explain.errors import Missing
from bert_explain.models import registry
from bert_explain.models.batches import hidden_states, word_vectors
from bert_explain.models.encoder import Encoder
from bert_explain.query import Query
from bert_explain.trace import Trace, run
from tests.parity import same_stage
from tests.tiny import byte_tokenizer, electra, roberta, tiny_electra, tiny_roberta, tokenizer

A, B = "The bank of the river was cold.", "The water was not, she said."
TEXTS = {
    "pair": Query(A, B),
    "single": Query(A),
    "empty": Query(""),
    "only B": Query("", "water"),
    "odd": Query("İstanbul 😀 שלום \x07 <b>漢字</b>", "naïve  “don’t”"),
    "typed": Query("[MASK] <mask> </s> [SEP]", "the <mask> bank"),
    "long": Query("the cold water of the river " * 30, "a bank " * 40),
    "spaces": Query("  the\n bank ", "\tcold"),
}
KINDS = {
    "generator": lambda: tiny_electra("generator"),
    "discriminator": lambda: tiny_electra("discriminator"),
    "generator, E = H": lambda: tiny_electra("generator", embedding_size=8),
    "discriminator, E = H": lambda: tiny_electra("discriminator", embedding_size=8),
    "roberta": tiny_roberta,
    "roberta, 2 segment rows": lambda: tiny_roberta(type_vocab_size=2),
}


@pytest.fixture(params=KINDS)
def model(request) -> Encoder:
    return KINDS[request.param]()


def theirs(trace: Trace, **inputs):
    ids = torch.tensor([[t.id for t in trace.tokens]])
    if trace.spec.has_segments:
        inputs.setdefault("token_type_ids", torch.tensor([[t.segment for t in trace.tokens]]))
    with torch.inference_mode():
        return trace.model.module(input_ids=ids, output_attentions=True, output_hidden_states=True, **inputs)


def assert_same(trace: Trace, out) -> None:
    assert len(out.hidden_states) == trace.spec.n_layers + 1
    for layer, hidden in enumerate(out.hidden_states):
        same_stage(trace.hidden[layer], hidden[0], err_msg=f"hidden {layer}")
    for layer, attention in enumerate(out.attentions):
        same_stage(trace.attention[layer], attention[0], err_msg=f"attention {layer}")
    if trace.spec.has_replaced:
        same_stage(trace.replaced_logits(), out.logits[0])
    else:
        same_stage(trace.mlm_logits(range(len(trace.tokens))), out.logits[0])


@pytest.mark.parametrize("text", TEXTS)
def test_every_stage(model, text):
    trace = run(model, TEXTS[text])
    assert_same(trace, theirs(trace))
    base = getattr(model.module, model.config.model_type)
    with torch.inference_mode():
        inputs = {"token_type_ids": torch.tensor([[t.segment for t in trace.tokens]])} if model.has_segments else {}
        summed = base.embeddings(torch.tensor([[t.id for t in trace.tokens]]), **inputs)[0]
    same_stage(trace.embeddings.normalised, summed)
    e = trace.embeddings
    same_stage(e.token + e.segment + e.position, e.total)


@pytest.mark.parametrize("text", TEXTS)
def test_the_tokens_are_the_tokenizers_own(model, text):
    query = TEXTS[text]
    trace = run(model, query)
    texts = [t for t in (query.text_a, query.text_b) if t] or [""]
    if not query.text_a and query.text_b:
        texts = ["", query.text_b]
    own = model.tokenizer(*texts, truncation=True, max_length=model.max_tokens)
    assert [t.id for t in trace.tokens] == own["input_ids"]
    assert trace.pieces == model.tokenizer.convert_ids_to_tokens(own["input_ids"])


@pytest.mark.parametrize(
    "change",
    [
        {"segments": "flipped"},
        {"positions": "shuffled", "seed": 5},
        {"masked": (2, 4)},
        {"replaced": ((3, 7),)},
        {"swapped": True},
    ],
)
def test_interventions_that_hugging_face_can_express(model, change):
    trace = run(model, Query(A, B, **change))
    inputs = {}
    if change.get("positions"):
        order = torch.tensor(np.random.default_rng(5).permutation(len(trace.tokens)))[None]
        inputs["position_ids"] = order + model.embed.first
    assert_same(trace, theirs(trace, **inputs))


def test_the_comparison_would_notice(model):
    trace, other = run(model, Query(A, B)), run(model, Query(A, B, replaced=((2, 9),)))
    assert trace.attention.max() > 0.3
    assert np.abs(trace.hidden[-1] - other.hidden[-1]).max() > 0.05


def test_many_texts_at_once_give_the_same_vectors(model):
    trace = run(model, Query(A))
    ids = torch.tensor([[t.id for t in trace.tokens]])
    with torch.inference_mode():
        for layer, state in enumerate(hidden_states(model, ids)):
            same_stage(state[0], trace.hidden[layer])
    found = word_vectors(model, [A], [(4, 8)])
    places = [t.position for t in trace.tokens if t.span and t.span[0] < 8 and t.span[1] > 4]
    same_stage(found[:, 0], trace.hidden[:, places].mean(axis=1))


def test_heads_off(model):
    trace = run(model, Query(A, B, heads_off=((0, 1), (1, 0))))
    d = model.head_size

    def hook(at):
        def silence(_, inputs):
            joined = inputs[0].clone()
            joined[..., (1 - at) * d : (2 - at) * d] = 0
            return (joined, *inputs[1:])

        return silence

    hooks = [layer.project.register_forward_pre_hook(hook(i)) for i, layer in enumerate(model.layers)]
    try:
        out = theirs(trace)
    finally:
        for one in hooks:
            one.remove()
    assert_same(trace, out)


# What each has, and what it lacks ------------------------------------------------------------------------------------


def test_a_discriminator_never_guesses_a_word():
    trace = run(tiny_electra("discriminator"), Query(A, B))
    assert (trace.spec.has_mlm, trace.spec.has_replaced, trace.nsp, trace.pooled) == (False, True, None, None)
    with pytest.raises(Missing, match="has no masked-word head"):
        trace.mlm_logits([1])
    assert any("tells which words were replaced: see the page Outputs" in said for said in trace.spec.lacks)


def test_a_generator_guesses_words_and_tells_no_replaced_ones():
    trace = run(tiny_electra("generator"), Query(A, B))
    assert (trace.spec.has_mlm, trace.spec.has_replaced) == (True, False)
    with pytest.raises(Missing, match="has no head for replaced words"):
        trace.replaced_logits()


def test_the_tables_of_a_small_electra_are_narrower_than_its_layers():
    trace = run(tiny_electra("generator"), Query(A))
    assert (trace.embeddings.total.shape[1], trace.hidden.shape[2], trace.spec.embedding_size) == (6, 8, 6)
    real = trace.embeddings
    arrays = (real.token, real.segment, real.position, real.total, real.normalised, trace.hidden, trace.attention)
    assert trace.spec.trace_bytes(len(trace.tokens)) >= sum(array.nbytes for array in arrays)


def test_roberta_reads_bytes_two_separators_and_positions_from_zero():
    model = tiny_roberta()
    trace = run(model, Query("the bank", "naïve"))
    assert trace.pieces[0] == "<s>"
    assert trace.pieces.count("</s>") == 3
    assert (model.max_tokens, model.has_segments, model.spec.pieces) == (32, False, "byte-level")
    assert {t.segment for t in trace.tokens} == {0}
    assert [t.position_id for t in trace.tokens] == list(range(len(trace.tokens)))
    same_stage(trace.embeddings.position, model.position_table()[: len(trace.tokens)])
    assert not trace.embeddings.segment.any()
    assert len(model.position_table()) == model.max_tokens


def test_a_byte_level_word_is_told_by_its_pieces():
    trace = run(tiny_roberta(), Query("unbelievable ## things"))
    words = [t.word for t in trace.tokens]
    assert [t.continues for t in trace.tokens] == [
        t.word is not None and t.word == words[i - 1] for i, t in enumerate(trace.tokens)
    ]
    assert any(t.continues for t in trace.tokens)
    spans = {w: [t.span for t in trace.tokens if t.word == w] for w in sorted({w for w in words if w is not None})}
    text = trace.query.text_a
    assert [text[found[0][0] : found[-1][1]] for found in spans.values()] == ["unbelievable", "##", "things"]


def test_roberta_hides_behind_its_own_mask():
    trace = run(tiny_roberta(), Query(A, masked=(2,)))
    assert (trace.tokens[2].text, trace.tokens[2].masked) == ("<mask>", True)
    assert trace.mlm_logits([2]).shape == (1, len(byte_tokenizer()))


# Folders -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pickled", [False, True])
@pytest.mark.parametrize("kind", ["generator", "discriminator", "roberta"])
def test_a_folder_gives_the_same_numbers(kind, pickled, tmp_path):
    module = roberta() if kind == "roberta" else electra(kind)
    folder = tmp_path / kind
    module.save_pretrained(folder)
    (byte_tokenizer() if kind == "roberta" else tokenizer()).save_pretrained(folder)
    if pickled:
        torch.save(module.state_dict(), folder / "pytorch_model.bin")
        (folder / "model.safetensors").unlink()
    model = registry.from_folder(folder, kind, kind)
    trace, known = run(model, Query(A, B)), run(KINDS[kind](), Query(A, B))
    assert (trace.hidden == known.hidden).all()
    assert (model.has_mlm, model.has_replaced) == (kind != "discriminator", kind == "discriminator")
    assert [t.id for t in trace.tokens] == AutoTokenizer.from_pretrained(folder)(A, B)["input_ids"]


def test_a_roberta_needs_its_own_vocabulary(tmp_path):
    roberta().save_pretrained(tmp_path / "r")
    tokenizer().save_pretrained(tmp_path / "r")
    with pytest.raises(registry.BadModel, match="names the tokenizer BertTokenizer, which cuts texts in another way"):
        registry.from_folder(tmp_path / "r", "r", "r")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / "r" / name).unlink()
    with pytest.raises(registry.BadModel, match=r"has no vocabulary\. It needs tokenizer\.json or vocab\.json with merges\.txt"):
        registry.from_folder(tmp_path / "r", "r", "r")
