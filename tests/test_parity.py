"""Every stage equals Hugging Face's own forward pass to 1e-5: mini-bert, a random BERT-base, a random DistilBERT."""

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertForPreTraining, DistilBertConfig, DistilBertForMaskedLM

from bert_explain.models.encoder import Encoder, from_hugging_face
from bert_explain.query import Query
from bert_explain.trace import Trace, run
from tests.parity import same_stage

A, B = "She walked to the bank of the river.", "The water was unbelievably cold and clear!"
TEXTS = {
    "pair": Query(A, B),
    "single": Query(A),
    "empty": Query(""),
    "odd": Query("İstanbul 😀 שלום \x07 <b>漢字</b>", "[MASK] naïve"),
    "long": Query("the cold water of the river " * 30, "a bank " * 40),
}


def random_base(tokenizer) -> Encoder:
    """BERT-base's sizes; weights five times wider than usual, so that attention is far from uniform."""
    torch.manual_seed(20181011)
    config = BertConfig(initializer_range=0.1)
    module = BertForPreTraining._from_config(config, attn_implementation="eager")
    with torch.no_grad():
        for weight in module.parameters():  # biases and LayerNorms too: zeros and ones would hide mistakes
            if weight.dim() == 1:
                weight.add_(torch.randn_like(weight) * 0.1)
    return from_hugging_face("random-base", "random BERT-base", module, tokenizer)


@pytest.fixture(scope="module")
def models(mini_bert):
    torch.manual_seed(7)
    config = DistilBertConfig(initializer_range=0.1, n_layers=3)
    module = DistilBertForMaskedLM._from_config(config, attn_implementation="eager")
    distil = from_hugging_face("random-distil", "random DistilBERT", module, mini_bert.tokenizer)
    return {"mini-bert": mini_bert, "random-base": random_base(mini_bert.tokenizer), "random-distil": distil}


def theirs(trace: Trace, **inputs):
    """Hugging Face's forward pass on the trace's tokens, with everything it can give."""
    ids = torch.tensor([[t.id for t in trace.tokens]])
    if trace.model.has_segments:
        inputs.setdefault("token_type_ids", torch.tensor([[t.segment for t in trace.tokens]]))
    with torch.inference_mode():
        return trace.model.module(input_ids=ids, output_attentions=True, output_hidden_states=True, **inputs)


def assert_same(trace: Trace, out) -> None:
    model = trace.model
    same_stage(trace.embeddings.normalised, out.hidden_states[0][0])
    assert len(out.hidden_states) == model.n_layers + 1
    for layer, hidden in enumerate(out.hidden_states):
        same_stage(trace.hidden[layer], hidden[0], err_msg=f"hidden {layer}")
    for layer, attention in enumerate(out.attentions):
        same_stage(trace.attention[layer], attention[0], err_msg=f"attention {layer}")
    logits = out.prediction_logits if "prediction_logits" in out else out.logits
    scale = max(1.0, float(logits.abs().max()))  # logits are sums of H products: the tolerance grows with them
    ours = trace.mlm_logits(range(len(trace.tokens)))
    np.testing.assert_allclose(ours, logits[0], rtol=1e-5, atol=1e-5 * scale)
    if model.has_nsp:
        same_stage(trace.nsp_logits, out.seq_relationship_logits[0])
        same_stage(trace.nsp, out.seq_relationship_logits[0].softmax(-1))


NAMES = ["mini-bert", "random-base", "random-distil"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("text", TEXTS)
def test_every_stage(models, name, text):
    trace = run(models[name], TEXTS[text])
    assert_same(trace, theirs(trace))
    if models[name].has_pooler:
        base = models[name].module.bert
        with torch.inference_mode():
            pooled = base.pooler(torch.from_numpy(trace.hidden[-1].copy())[None])[0]
            whole = base(
                torch.tensor([[t.id for t in trace.tokens]]), token_type_ids=torch.tensor([[t.segment for t in trace.tokens]])
            ).pooler_output[0]
        same_stage(trace.pooled, pooled)
        same_stage(trace.pooled, whole)


@pytest.mark.parametrize("name", NAMES)
def test_the_comparison_would_notice(models, name):
    """The random models are no trivial ones: attention is uneven, and one wrong id changes the last layer a lot."""
    trace = run(models[name], TEXTS["pair"])
    assert trace.attention.max() > 0.5
    other = run(models[name], TEXTS["pair"].but(replaced=((2, 2000),)))
    assert np.abs(trace.hidden[-1] - other.hidden[-1]).max() > 0.1


@pytest.mark.parametrize("name", ["mini-bert", "random-base"])
def test_parts_of_a_layer_equal_the_modules_of_hugging_face(models, name):
    """What the modules inside one layer really put out, caught by hooks during their own forward pass."""
    trace, at = run(models[name], TEXTS["pair"]), models[name].n_layers // 2
    layer, caught = models[name].module.bert.encoder.layer[at], {}
    watched = {
        "joined": layer.attention.self,
        "projected": layer.attention.output.dense,
        "attended_normalised": layer.attention.output,
        "expanded": layer.intermediate,
        "contracted": layer.output.dense,
        "output": layer.output,
    }
    hooks = [
        module.register_forward_hook(lambda _, __, out, stage=stage: caught.update({stage: out}))
        for stage, module in watched.items()
    ]
    try:
        theirs(trace)
    finally:
        for hook in hooks:
            hook.remove()
    step = trace.layer(at)
    for stage, out in caught.items():
        out = out[0] if isinstance(out, tuple) else out
        same_stage(getattr(step, stage), out[0], err_msg=stage)
    assert set(caught) == set(watched)


# Interventions that Hugging Face can express as well -----------------------------------------------------------------


@pytest.mark.parametrize("name", ["mini-bert", "random-base"])
def test_flipped_segments(models, name):
    trace = run(models[name], Query(A, B, segments="flipped"))
    plain = run(models[name], Query(A, B))
    assert_same(trace, theirs(trace, token_type_ids=torch.tensor([[1 - t.segment for t in plain.tokens]])))


@pytest.mark.parametrize("name", NAMES)
def test_shuffled_positions(models, name):
    trace = run(models[name], Query(A, B, positions="shuffled", seed=5))
    order = np.random.default_rng(5).permutation(len(trace.tokens))
    assert_same(trace, theirs(trace, position_ids=torch.tensor(order)[None]))


@pytest.mark.parametrize("name", NAMES)
def test_masked_and_replaced_tokens(models, name):
    trace = run(models[name], Query(A, B, masked=(3, 7), replaced=((5, 2300),)))
    ids = models[name].tokenizer(A, B, return_tensors="pt")["input_ids"]
    ids[0, [3, 7]], ids[0, 5] = models[name].tokenizer.mask_token_id, 2300
    assert [t.id for t in trace.tokens] == ids[0].tolist()
    assert_same(trace, theirs(trace))


@pytest.mark.parametrize("name", NAMES)
def test_heads_off(models, name):
    """Hugging Face's pass with those heads' slice of the input of the output projection set to zero."""
    model, off = models[name], ((0, 3), (0, 11), (2, 0))
    d = model.head_size

    def silence(layer):
        def hook(_, inputs):
            joined = inputs[0].clone()
            for at, head in off:
                if at == layer:
                    joined[..., head * d : (head + 1) * d] = 0
            return (joined, *inputs[1:])

        return hook

    trace = run(model, Query(A, B, heads_off=off))
    hooks = [layer.project.register_forward_pre_hook(silence(i)) for i, layer in enumerate(model.layers)]
    try:
        out = theirs(trace)
    finally:
        for hook in hooks:
            hook.remove()
    assert_same(trace, out)
    assert np.abs(trace.hidden[-1] - run(model, Query(A, B)).hidden[-1]).max() > 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_removed_token_embeddings(models, name):
    """`inputs_embeds` of zeros is the same as no token embedding."""
    trace = run(models[name], Query(A, B, tokens="removed"))
    shape = (1, len(trace.tokens), models[name].hidden_size)
    segments = {}
    if models[name].has_segments:
        segments = {"token_type_ids": torch.tensor([[t.segment for t in trace.tokens]])}
    with torch.inference_mode():
        out = models[name].module(inputs_embeds=torch.zeros(shape), output_attentions=True, output_hidden_states=True, **segments)
    assert_same(trace, out)
