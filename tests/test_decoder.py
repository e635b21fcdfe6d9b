"""The decoder: loaded with care, equal to Hugging Face's own at every stage, and blind to what comes later."""

import json
import shutil

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertForMaskedLM, BertLMHeadModel, GPT2Config

from bert_explain.errors import BadModel, BadQuery, Missing
from bert_explain.models import decoder, load_decoder, registry
from bert_explain.models.decoder import Past, from_folder, from_module
from bert_explain.sampling import Settings, choose
from bert_explain.trace_decoder import generate, next_logits, run_decoder, start_ids
from tests.parity import same_stage
from tests.tiny import tiny_decoder, tiny_lm, tokenizer

TEXTS = {
    "pair": ("She walked to the bank of the river.", "The water was unbelievably cold and clear!"),
    "single": ("She walked to the bank of the river.", ""),
    "empty": ("", ""),
    "odd": ("İstanbul 😀 שלום \x07 <b>漢字</b>", "[MASK] naïve"),
    "long": ("the cold water of the river " * 40, "a bank " * 200),
}


@pytest.fixture(scope="module")
def wide(mini_bert):
    """mini-gpt's shape, random weights five times wider than usual: attention far from uniform."""
    torch.manual_seed(2018)
    config = BertConfig(num_hidden_layers=6, hidden_size=384, intermediate_size=1536, initializer_range=0.1, is_decoder=True)
    module = BertLMHeadModel._from_config(config, attn_implementation="eager")
    with torch.no_grad():
        for weight in module.parameters():
            if weight.dim() == 1:
                weight.add_(torch.randn_like(weight) * 0.1)
    return from_module("wide", "wide", module, mini_bert.tokenizer)


# parity ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", TEXTS)
def test_every_stage_equals_hugging_face(wide, name):
    trace = run_decoder(wide, *TEXTS[name])
    ids = torch.tensor([[t.id for t in trace.tokens]])
    with torch.inference_mode():
        theirs = wide.module(input_ids=ids, output_attentions=True, output_hidden_states=True)
    assert len(theirs.hidden_states) == len(trace.hidden) == 7
    for ours, their in zip(trace.hidden, theirs.hidden_states, strict=True):
        same_stage(ours, their[0])
    for ours, their in zip(trace.attention, theirs.attentions, strict=True):
        same_stage(ours, their[0])
    ours = trace.logits(range(len(trace.tokens)))
    scale = max(1.0, float(theirs.logits.abs().max()))
    np.testing.assert_allclose(ours, theirs.logits[0], rtol=1e-5, atol=1e-5 * scale)
    np.testing.assert_allclose(next_logits(wide, ids[0].tolist()), ours[-1], rtol=1e-5, atol=1e-5 * scale)


def test_tokens_and_cutting_are_berts(mini_bert, wide):
    for a, b in TEXTS.values():
        trace = run_decoder(wide, a, b)
        pair = (a, b) if b.strip() else (a,)
        cut = mini_bert.tokenizer(*pair, truncation=True, max_length=512)["input_ids"]
        assert [t.id for t in trace.tokens] == cut
        assert {t.segment for t in trace.tokens} == {0}
    assert len(run_decoder(wide, *TEXTS["long"]).tokens) == 512
    assert run_decoder(wide, *TEXTS["long"]).cut


# the mask -------------------------------------------------------------------------------------------------------
def test_attention_is_a_lower_triangle(wide):
    attention = run_decoder(wide, *TEXTS["pair"]).attention
    assert not np.triu(attention, 1).any()
    np.testing.assert_allclose(attention.sum(-1), 1, atol=1e-6)
    assert (np.diagonal(attention, axis1=2, axis2=3) > 0).all()
    assert not attention.flags.writeable


def test_a_later_word_changes_no_earlier_state(wide):
    """Exactly: not one bit. With the mask lifted it does."""
    a, b = (run_decoder(wide, f"She walked to the {end} again.") for end in ("bank", "water"))
    at = next(i for i, (x, y) in enumerate(zip(a.tokens, b.tokens, strict=True)) if x.id != y.id)
    assert at == 5
    np.testing.assert_array_equal(a.hidden[:, :at], b.hidden[:, :at])
    np.testing.assert_array_equal(a.logits(range(at)), b.logits(range(at)))
    assert (a.hidden[1:, at:] != b.hidden[1:, at:]).any(-1).all()
    a, b = (run_decoder(wide.lifted(), f"She walked to the {end} again.") for end in ("bank", "water"))
    assert (a.hidden[1:, :at] != b.hidden[1:, :at]).any(-1).all()


def test_the_lifted_decoder_is_the_same_weights_as_an_encoder(mini_bert):
    module = BertForMaskedLM._from_config(mini_bert.config, attn_implementation="eager")
    settings = mini_bert.config.to_dict() | {"is_decoder": True}
    lm = BertLMHeadModel._from_config(BertConfig(**settings), attn_implementation="eager")
    lm.load_state_dict(module.state_dict())
    trace = run_decoder(from_module("x", "x", lm, mini_bert.tokenizer).lifted(), TEXTS["single"][0])
    with torch.inference_mode():
        theirs = module.eval()(input_ids=torch.tensor([[t.id for t in trace.tokens]]))
    np.testing.assert_allclose(trace.logits(range(len(trace.tokens))), theirs.logits[0], rtol=1e-4, atol=1e-4)


# writing --------------------------------------------------------------------------------------------------------
def test_greedy_equals_hugging_face_generate(wide):
    ids = start_ids(wide, "She walked to the")
    ours = [step.id for step in generate(wide, ids, steps=12, temperature=0)]
    with torch.inference_mode():
        theirs = wide.module.generate(torch.tensor([ids]), max_new_tokens=12, do_sample=False, eos_token_id=-1, pad_token_id=0)
    assert ours == theirs[0, len(ids) :].tolist()


def test_a_seed_writes_the_same_text_and_a_step_depends_on_nothing_after_it(wide):
    def written(**options):
        return [s.id for s in generate(wide, (101,), temperature=1.5, **options)]

    assert written(steps=8, seed=3) == written(steps=8, seed=3)
    assert written(steps=8, seed=3)[:5] == written(steps=5, seed=3)
    assert written(steps=8, seed=3) != written(steps=8, seed=4)


def test_a_step_says_what_the_model_gave(wide):
    ids = start_ids(wide, "")
    assert ids == (101,)
    step = next(generate(wide, ids, steps=1, top_k=5, seed=1))
    logits = next_logits(wide, ids).astype(float)
    p = np.exp(logits - logits.max())
    assert step.probability == pytest.approx((p / p.sum())[step.id])
    assert step.text == wide.tokenizer.convert_ids_to_tokens(step.id)
    assert step.choice.kept.sum() == 5
    assert step.choice.kept[step.id]


def test_writing_ends_where_the_positions_end():
    model = tiny_decoder()
    assert len(list(generate(model, [2] * 30, steps=9))) == 2
    assert len(list(generate(model, [2] * 32, steps=9))) == 0
    with pytest.raises(BadQuery, match="needs a token"):
        next(generate(model, [], steps=1))
    with pytest.raises(BadQuery, match="reads 32 tokens at most, not 33"):
        next_logits(model, [2] * 33)


def test_kept_keys_and_values_give_what_a_run_without_gives(wide):
    """Every step of a text, in steps of one token and of several; the texts that are written are the same, piece by piece."""
    ids = list(wide.tokenizer(*TEXTS["pair"])["input_ids"])
    past, at = Past(), 0
    for size in (3, 1, 1, 4, 1, len(ids)):
        at = min(at + size, len(ids))
        kept, whole = next_logits(wide, ids[:at], past), next_logits(wide, ids[:at])
        np.testing.assert_allclose(kept, whole, rtol=1e-5, atol=1e-5 * max(1.0, float(np.abs(whole).max())))
        assert past.ids == tuple(ids[:at])
    written = list(ids[:5])
    for step in generate(wide, ids[:5], steps=20, temperature=0.8, top_k=50, seed=4):
        assert step.id == choose(next_logits(wide, written), Settings(0.8, 50, 1.0, 4), len(written) - 5).id
        written.append(step.id)


def test_each_token_written_is_one_token_read(wide, monkeypatch):
    read = []
    rows = type(wide).rows
    monkeypatch.setattr(type(wide), "rows", lambda self, ids, *more: read.append(len(ids)) or rows(self, ids, *more))
    list(generate(wide, [101, 2016, 2939], steps=5, seed=1))
    assert read == [3, 1, 1, 1, 1]


def test_what_was_kept_of_another_text_is_not_used(wide):
    for other in ([101, 2002, 2939, 2000], [101, 2016], [101, 2016, 2939]):
        past = Past()
        next_logits(wide, [101, 2016, 2939], past)
        np.testing.assert_array_equal(next_logits(wide, other, past), next_logits(wide, other))


def test_without_the_mask_every_token_is_read_anew(wide):
    lifted, past = wide.lifted(), Past()
    for count in (2, 3, 4):
        ids = [101, 2016, 2939, 2000][:count]
        np.testing.assert_array_equal(next_logits(lifted, ids, past), next_logits(lifted, ids))


def test_start_ids_leave_out_the_last_separator(wide):
    ids = wide.tokenizer("the bank", "was cold")["input_ids"]
    assert start_ids(wide, "the bank", "was cold") == tuple(ids[:-1])
    assert start_ids(wide, "the bank") == tuple(wide.tokenizer("the bank")["input_ids"][:-1])


# loading --------------------------------------------------------------------------------------------------------
@pytest.fixture
def folder(tmp_path):
    tiny_lm(3).save_pretrained(tmp_path / "my-gpt")
    tokenizer().save_pretrained(tmp_path / "my-gpt")
    return tmp_path / "my-gpt"


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    monkeypatch.setattr(decoder, "_loaded", {})
    monkeypatch.setattr("sys.argv", ["app.py"])
    monkeypatch.delenv("BERT_EXPLAIN_DECODER", raising=False)


def refused(folder) -> str:
    with pytest.raises(BadModel) as error:
        from_folder(folder, folder.name, folder.name)
    return str(error.value)


def test_a_folder_gives_the_model_that_was_saved(folder):
    loaded = from_folder(folder, "mine", "mine")
    ours = run_decoder(loaded, "the bank", "water").logits([0, 3])
    theirs = run_decoder(tiny_decoder(3), "the bank", "water").logits([0, 3])
    np.testing.assert_array_equal(ours, theirs)
    assert loaded.has_mlm
    assert not (loaded.has_nsp)
    assert not (loaded.has_pooler)
    assert not (loaded.has_segments)
    assert loaded.lacks == ()
    with pytest.raises(Missing):
        loaded.pooled(torch.zeros(8))


def test_a_half_precision_folder_is_read_as_float32(folder):
    tiny_lm(3).half().save_pretrained(folder)
    assert {p.dtype for p in from_folder(folder, "x", "x").module.parameters()} == {torch.float32}


@pytest.mark.parametrize("how", ["--decoder PATH", "environment"])
def test_a_folder_given_at_the_start_comes_first(how, folder, monkeypatch):
    if how == "environment":
        monkeypatch.setenv("BERT_EXPLAIN_DECODER", str(folder))
    else:
        monkeypatch.setattr("sys.argv", ["app.py", "--decoder", str(folder), "--model", "x"])
    assert load_decoder().name == "my-gpt"
    assert load_decoder("my-gpt") is load_decoder()
    assert list(decoder.decoders()) == ["my-gpt", "mini-gpt"]
    assert registry.given("--model", "NOT_SET_ANYWHERE") == ("" if how == "environment" else "x")


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(BadModel, match=r"There is no decoder called “\.\./etc” here\. There is: mini-gpt\."):
        load_decoder("../etc")


def test_what_is_no_decoder_is_refused(folder, tmp_path):
    assert "There is no folder" in refused(tmp_path / "nowhere")
    assert "--decoder" in refused(tmp_path / "nowhere")
    config = json.loads((folder / "config.json").read_text())

    def told(**changes) -> str:
        (folder / "config.json").write_text(json.dumps(config | changes))
        return refused(folder)

    assert "my-gpt is an encoder" in told(is_decoder=False)
    assert "it has cross-attention" in told(add_cross_attention=True)
    assert "lacks weights of its body" in told(num_hidden_layers=3)
    assert "could not be opened" in told(vocab_size=99)
    (folder / "config.json").write_text(json.dumps(GPT2Config().to_dict()))
    assert "is a gpt2 model" in refused(folder)
    (folder / "config.json").write_text(json.dumps(config))
    shutil.move(folder / "model.safetensors", folder / "pytorch_model.bin")
    assert "pytorch_model.bin of my-gpt is not a file of weights alone" in refused(folder)


def test_a_file_cut_short_or_without_a_head_is_refused(folder):
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[:500])
    assert "could not be opened" in refused(folder)
    from safetensors.torch import load, save

    weights = {k: v for k, v in load(whole).items() if "predictions.transform" not in k}
    (folder / "model.safetensors").write_bytes(save(weights, {"format": "pt"}))
    assert "no next-word head" in refused(folder)
