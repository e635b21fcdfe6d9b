"""The page on the OpenAI Transformer, as Streamlit runs it: numbers against the model, links, writing, bad input."""

import json
import threading
from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest
from transformers import BertConfig, BertLMHeadModel

from bert_explain.analysis import writing as wr
from bert_explain.chapters.decoder import analysis as dec
from bert_explain.engines.jobs import JOBS
from bert_explain.models import decoder, load_decoder, registry
from bert_explain.sampling import Settings
from bert_explain.trace_decoder import run_decoder
from bert_explain.ui import working
from tests.tiny import tiny_bert
from tests.whole import explore, whole

APP = str(Path(__file__).resolve().parents[2] / "app.py")
PAIR = {"a": "She walked to the bank.", "b": "The water was cold."}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, mini_bert):
    """A random decoder with the bundled vocabulary."""
    torch.manual_seed(4)
    config = BertConfig(
        hidden_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        initializer_range=0.5,
        is_decoder=True,
    )
    path = tmp_path_factory.mktemp("models") / "random-gpt"
    BertLMHeadModel(config).save_pretrained(path)
    mini_bert.tokenizer.save_pretrained(path)
    return path


@pytest.fixture(autouse=True)
def given(folder, monkeypatch):
    monkeypatch.setenv("BERT_EXPLAIN_DECODER", str(folder))


def opened(**params: str) -> AppTest:
    at = whole(AppTest.from_file(APP, default_timeout=240))
    for name, value in (PAIR | params).items():
        at.query_params[name] = value
    at.switch_page("pages/11_OpenAI_Transformer.py")
    at.run()
    assert not at.exception
    return at


def said(at: AppTest) -> str:
    html = [str(e.proto.body) for e in at.get("html") if "<style" not in e.proto.body]
    return " ".join([*html, *(c.value for c in at.caption), *(t.value for t in at.text)])


def address(at: AppTest, name: str) -> str | None:
    value = at.query_params.get(name)
    return value[0] if isinstance(value, list) else value


def press(at: AppTest, label: str) -> AppTest:
    next(b for b in at.button if b.label == label).click().run()
    assert not at.exception
    return at


def test_the_numbers_are_the_models():
    at = opened(token="5", layer="2", head="1")
    trace = run_decoder(load_decoder(), PAIR["a"], PAIR["b"])
    table = dec.next_tokens(trace)
    assert dec.look_next(table, trace.model.vocab_size).html() in said(at)
    assert dec.look_predictions(dec.predictions(trace, 5, 6), 5).html() in said(at)
    assert "55 of its 121 weights are exactly 0" not in said(at)
    n = len(trace.tokens)
    assert f"{n * (n - 1) // 2} of its {n * n} weights" in said(at)
    assert "5 of the 5 earlier states keep every digit. In BERT 5 of them move" in said(at).replace("</b>", "")
    charts = [json.loads(c.proto.spec) for c in at.get("plotly_chart")]
    assert len(charts) == 2


def expected(count: int, settings: Settings) -> wr.Writing:
    trace = run_decoder(load_decoder(), PAIR["a"], PAIR["b"])
    begin = wr.start_place(trace.tokens)
    writing = wr.Writing(trace.model, [t.id for t in trace.tokens[: begin + 1]], settings)
    while writing.reach(count):
        pass
    return writing


def test_the_mask_opens_on_a_head_that_looks_at_words_and_keeps_what_is_chosen():
    at = opened()
    layer, head = dec.telling_head(run_decoder(load_decoder(), PAIR["a"], PAIR["b"]))
    title = "Who may look where: layer {}, head {}"
    assert title.format(layer + 1, head + 1) in [s.value for s in at.subheader]
    assert title.format(1, 2) in [s.value for s in opened(layer="1", head="2").subheader]


def test_a_link_reopens_the_same_text():
    at = opened(made="6", heat="120", topk="10", topp="80", draw="7")
    writing = expected(6, Settings(1.2, 10, 0.8, 7))
    assert "… " + writing.text(6) in [t.value for t in at.text]
    assert wr.look_step(writing.steps[5], 30522).html() in said(at)
    at = opened(made="6", heat="120", topk="10", topp="80", draw="7", at="2")
    assert wr.look_step(writing.steps[1], 30522).html() in said(at)


def test_step_run_back_and_start_over():
    at = press(opened(), "Next word")
    one = int(address(at, "made"))
    assert one >= 1
    press(at, "Write 20 tokens")
    assert int(address(at, "made")) == one + 20
    press(at, "One word back")
    assert one <= int(address(at, "made")) < one + 20
    press(at, "Start over")
    assert address(at, "made") is None
    assert "How token" not in " ".join(s.value for s in at.subheader)


def test_tokens_are_written_beside_the_page_and_the_writing_can_be_stopped(monkeypatch):
    monkeypatch.setattr(working, "AT_ONCE", 0.1)
    go, first = threading.Semaphore(5), wr.Writing.reach

    def slow(writing, count):
        assert go.acquire(timeout=60)
        return first(writing, count)

    monkeypatch.setattr(wr.Writing, "reach", slow)
    at = explore(AppTest.from_file(APP, default_timeout=240))
    for name, value in {**PAIR, "draw": "77", "step": "write"}.items():
        at.query_params[name] = value
    at.switch_page("pages/11_OpenAI_Transformer.py")
    at.run()
    press(at, "Write 20 tokens")
    assert address(at, "made") == "20"
    assert next(b for b in at.button if b.label == "Next word").disabled
    assert address(at.number_input(key="w-OpenAI Transformer-run").set_value(21).run(), "run") == "21"  # answered meanwhile
    press(at, "Stop writing")
    go.release(1000)
    assert JOBS.wait(60)
    at.run()
    made = int(address(at, "made") or 0)
    assert made < 20
    assert not any(b.label == "Stop writing" for b in at.button)
    press(at, "Start over")
    assert address(at, "made") is None


@pytest.mark.slow
def test_a_text_that_ends_early_leaves_its_count_in_the_address():
    """A count that is put right while the page is drawn would be a second entry of the history for one press."""
    at = opened(made="400", heat="130", draw="3", run="60")
    shown = [s.value for s in at.subheader if s.value.startswith("How token")]
    assert len(shown) == 1
    assert address(at, "made") == "400"
    if "ended there" in said(at) or "positions are full" in said(at):
        assert next(b for b in at.button if b.label == "Next word").disabled


def test_temperature_0_repeats_whatever_the_seed():
    texts = [next(t.value for t in opened(made="5", heat="0", draw=seed).text if t.value.startswith("… ")) for seed in ("1", "2")]
    assert texts[0] == texts[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("a", "b"),
    [("", ""), ("  ", " "), ("?!", ""), ("<b>x</b> **y** $z$", "😀 שלום \x07"), ("word " * 700, "other " * 300), ("[MASK]", "")],
)
def test_bad_text_keeps_the_page_alive(a, b):
    at = opened(a=a, b=b, made="3")
    assert "How token 3 was chosen" in [s.value for s in at.subheader] or "positions are full" in said(at)
    assert "<b>x</b>" not in said(at)


def test_bad_links_are_dropped_with_a_notice():
    at = opened(made="-3", heat="9999", topk="x", begin="77777", draw="3", task="nothing")
    assert said(at).count("which is not possible here") == 5
    assert address(at, "draw") == "3"
    at = opened(begin="400", made="1")
    assert address(at, "begin") is None


def test_changes_are_said_to_be_berts():
    assert "masks and other changes are BERT" in said(opened(mask="5"))
    assert "masks and other changes are BERT" not in said(opened())


@pytest.mark.parametrize(
    ("change", "token", "plain"),
    [({"swap": "1"}, 2, 9), ({"swap": "1"}, 6, 13), ({"sep": "removed"}, 8, 9), ({"sep": "removed"}, 11, 12)],
)
def test_the_chosen_token_is_the_same_one_in_the_text_as_it_stands(change, token, plain):
    """[CLS] She walked to the bank . [SEP] The water was cold . [SEP]: 9 is "water", 12 B's full stop, 13 its [SEP]."""
    trace = run_decoder(load_decoder(), PAIR["a"], PAIR["b"])
    at = opened(token=str(token), **change)
    assert dec.look_predictions(dec.predictions(trace, plain, 6), plain).html() in said(at)


def test_every_task_can_be_chosen():
    for task in ("entailment", "similarity", "choice"):
        opened(task=task, b="")


def test_without_a_decoder_the_page_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("BERT_EXPLAIN_DECODER", str(tmp_path / "gone"))
    monkeypatch.setattr(decoder, "_loaded", {})
    at = opened()
    assert "There is no folder" in said(at)
    assert "--decoder" in said(at)
    assert not at.get("plotly_chart")


def test_beside_an_encoder_of_one_layer_and_one_head_there_is_nothing_to_choose(monkeypatch):
    entry = registry.Entry("one layer", "One layer", "local", "nowhere", "")
    monkeypatch.setattr(registry, "entries", lambda: {"one layer": entry})
    monkeypatch.setitem(registry._loaded, entry, tiny_bert("one layer", num_hidden_layers=1, num_attention_heads=1))
    monkeypatch.setattr("bert_explain.models.entries", lambda: {"one layer": entry})
    at = opened(model="one layer", step="mask")
    assert not {slider.label for slider in at.slider} & {"Layer", "Head"}
    for name in ("layer", "head"):
        assert f"has one {name}." in said(at)
