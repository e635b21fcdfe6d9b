"""A token table longer than the vocabulary, rounded up to a multiple of 8 as many are: every chapter, with rows that have no
piece as the first guesses, in the text of a link, and written by the decoder.
"""

from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest
from transformers import BertConfig, BertForPreTraining, BertLMHeadModel

from bert_explain import models
from bert_explain.analysis.writing import Writing
from bert_explain.core.tokens import text_of, text_of_all
from bert_explain.query import Query
from bert_explain.sampling import Settings
from bert_explain.trace import run
from bert_explain.ui.stages import STAGES
from tests.elements import texts
from tests.tiny import WORDS, tokenizer
from tests.whole import whole

APP = str(Path(__file__).resolve().parents[2] / "app.py")
ROWS = 8 * -(-len(WORDS) // 8)  # 16 rows for 12 pieces
SIZES = {
    "vocab_size": ROWS,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 64,
    "initializer_range": 0.4,
}
READS = ("tokens", "embeddings", "layer", "attention", "masked_words", "next_sentence", "outputs")  # chapters of the encoder
PAGES = [stage for stage in STAGES if stage.path]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """An encoder and a decoder whose likeliest pieces are rows without a name."""
    assert len(WORDS) < ROWS
    made = {}
    with torch.random.fork_rng():  # other weights might draw the named one only
        torch.manual_seed(3)
        modules = {
            "padded-bert": BertForPreTraining(BertConfig(**SIZES)),
            "padded-gpt": BertLMHeadModel(BertConfig(**SIZES, is_decoder=True)),
        }
    for name, module in modules.items():
        with torch.no_grad():
            for bias in (module.cls.predictions.bias, module.cls.predictions.decoder.bias):
                bias[len(WORDS) :] = torch.tensor([29.0, 29.5, 30.0, 40.0])
                bias[WORDS.index("bank")] = 40.5  # and a named one among them
        made[name] = tmp_path_factory.mktemp("models") / name
        module.save_pretrained(made[name])
        tokenizer().save_pretrained(made[name])
    return made


@pytest.fixture(autouse=True)
def given(folders, monkeypatch):
    monkeypatch.setenv("BERT_EXPLAIN_MODEL", str(folders["padded-bert"]))
    monkeypatch.setenv("BERT_EXPLAIN_DECODER", str(folders["padded-gpt"]))


def test_the_first_guess_has_a_name_of_its_own():
    assert models.default_name() == "padded-bert"
    trace = run(models.load("padded-bert"), Query("the bank", masked=(2,)))
    first, second = trace.mlm_logits([2])[0].argsort()[-2:]
    assert {trace.wordpiece.id_to_token(int(row)) for row in (first, second)} == {None, "bank"}
    assert trace.text_of(ROWS - 1) == f"[row {ROWS - 1}]"


def test_a_text_with_rows_that_have_no_piece_is_written_out():
    model = models.load_decoder("padded-gpt")
    writing = Writing(model, (2,), Settings(temperature=1.0, top_k=0, top_p=1.0, seed=1))
    while writing.reach(12):
        pass
    ids = [step.id for step in writing.steps]
    assert any(i >= len(WORDS) for i in ids)
    written = writing.text(len(ids))
    for row in (i for i in ids if i >= len(WORDS)):
        assert text_of(model.wordpiece, row) in written
    assert written.count("[row ") == sum(i >= len(WORDS) for i in ids)
    assert "None" not in written
    named = [WORDS.index(w) for w in ("the", "bank", "##s", "cold", ".")]
    assert text_of_all(model.tokenizer, model.wordpiece, named) == "the banks cold."
    assert text_of_all(model.tokenizer, model.wordpiece, []) == ""
    mixed = [WORDS.index("bank"), ROWS - 1, ROWS - 2, WORDS.index("cold")]
    assert text_of_all(model.tokenizer, model.wordpiece, mixed) == f"bank [row {ROWS - 1}] [row {ROWS - 2}] cold"


@pytest.mark.rest
@pytest.mark.parametrize("stage", PAGES, ids=[stage.chapter for stage in PAGES])
@pytest.mark.parametrize("params", [{"mask": "2"}, {"put": f"2.{ROWS - 1}", "token": "2"}, {"put": f"2.{ROWS}"}])
def test_every_chapter_draws_what_has_no_name(stage, params):
    at = AppTest.from_file(APP, default_timeout=200)
    for name, value in ({"a": "the bank the river.", "b": "cold waters."} | params).items():
        at.query_params[name] = value
    at.switch_page(stage.file)
    whole(at).run()
    assert not at.exception
    said = "".join(text for _, _, text in texts(at))
    if stage.chapter in READS:
        assert ("There is no replaced position" in said) is ("put" in params)
    if stage.chapter == "masked_words" and "mask" in params:
        assert f"[row {ROWS - 1}]" in said
    for _, _, text in texts(at):
        assert not text.startswith("None ")
        assert "“None”" not in text
        assert ">None<" not in text
