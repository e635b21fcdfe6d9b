"""The page that lays the models side by side, as Streamlit runs it."""

import json
import re
from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest
from transformers import BertConfig, BertLMHeadModel

from bert_explain.chapters.sees import analysis as sees
from bert_explain.chapters.sees import numbers
from bert_explain.content import trained
from bert_explain.core.tokens import covering
from bert_explain.models import decoder, load_decoder, load_vectors
from bert_explain.models import elmo as elmo_models
from bert_explain.models.bilm import BiLM, Options
from bert_explain.models.elmo import Elmo
from bert_explain.query import Query
from bert_explain.trace import run
from bert_explain.trace_decoder import run_decoder
from bert_explain.trace_elmo import run_elmo
from tests.chapters.asking import ask_of
from tests.whole import whole

APP = str(Path(__file__).resolve().parents[2] / "app.py")
EXPECTED = re.compile(r"Look at the bar marked|Several models expect|among its first 10 guesses|can be expected without reading")
PAIR = {"a": "She walked to the bank.", "b": "The water was unbelievably cold."}


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
    path = tmp_path_factory.mktemp("models") / "sees-gpt"
    BertLMHeadModel(config).save_pretrained(path)
    mini_bert.tokenizer.save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def elmo():
    torch.manual_seed(0)
    words = ("the", "bank", "water", "to", "walked", "She", "cold")
    options = Options(4, ((1, 4), (2, 4)), 1, "relu", 50, 12, 6, 2, 3.0, 3.0, True, len(words))
    return Elmo("mini-elmo", "mini-elmo", BiLM(options).eval().requires_grad_(False), words)


@pytest.fixture(autouse=True)
def given(folder, elmo, monkeypatch):
    monkeypatch.setenv("BERT_EXPLAIN_DECODER", str(folder))
    monkeypatch.setattr("bert_explain.ui.cache.load_elmo", lambda name="": elmo)


def opened(**params: str) -> AppTest:
    at = whole(AppTest.from_file(APP, default_timeout=240))
    for name, value in (PAIR | params).items():
        at.query_params[name] = value
    at.switch_page("pages/14_What_each_model_sees.py")
    at.run()
    assert not at.exception
    return at


def said(at: AppTest) -> str:
    html = [str(e.proto.body) for e in at.get("html") if "<style" not in e.proto.body]
    return " ".join([*html, *(c.value for c in at.caption), *(t.value for t in at.text)])


def test_all_five_guess_the_chosen_word(mini_bert, elmo):
    at, text = opened(token="5"), PAIR["a"]
    of, spoken = sees.words(text), said(at)
    guesses = [
        sees.elmo(run_elmo(elmo, text), of, 4, "left", 5),
        sees.elmo(run_elmo(elmo, text), of, 4, "right", 5),
        sees.decoder(run_decoder(load_decoder(), text), of, 4, 5),
        sees.bert(run(mini_bert, Query(text, masked=(5,))), of, 4, 5),
    ]
    for guess in guesses:
        assert guess.truth == "bank"
        assert sees.look_guess(guess, 4).html() in spoken
    assert spoken.count("It expects") == 5
    assert EXPECTED.search(spoken)


def test_a_word_of_the_second_sentence_is_guessed_from_that_sentence_alone(mini_bert):
    at = opened(token="11")
    assert "number" in said(at)
    plain = run(mini_bert, Query(PAIR["a"], PAIR["b"]))
    word = plain.tokens[11]
    of = sees.words(PAIR["b"])
    target = covering(of, word.span)[0]
    alone = run(mini_bert, Query(PAIR["b"]))
    hidden = run(mini_bert, Query(PAIR["b"], masked=tuple(sees.pieces_of(alone.tokens, of[target]))))
    assert sees.look_guess(sees.bert(hidden, of, target, 5), target).html() in said(at)


@pytest.mark.parametrize("token", ["0", "6", "999"])
def test_a_special_token_or_none_at_all_falls_back_to_a_word(token):
    assert EXPECTED.search(said(opened(token=token)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("", ""),
        ("  ", ""),
        ("?!", ""),
        ("<b>x</b> **y** $z$", ""),
        ("😀 שלום \x07", ""),
        ("word " * 700, ""),
        ("[MASK]", ""),
        ("", "cold"),
    ],
)
def test_bad_text_keeps_the_page_alive(a, b):
    at = opened(a=a, b=b)
    assert "no word to guess" in said(at) or "Which model expected the word?" in [s.value for s in at.subheader]
    assert "<b>x</b>" not in said(at)


def test_a_model_that_is_missing_is_said_in_a_sentence(monkeypatch, tmp_path, mini_bert):
    monkeypatch.undo()
    monkeypatch.setenv("BERT_EXPLAIN_DECODER", str(tmp_path / "gone"))
    monkeypatch.setenv("BERT_EXPLAIN_ELMO", str(tmp_path / "gone-elmo"))
    monkeypatch.setattr(decoder, "_loaded", {})
    monkeypatch.setattr(elmo_models, "_loaded", {})
    spoken = said(opened(token="5", a="She went to the bank today."))
    assert spoken.count("There is no folder") >= 2
    of = sees.words("She went to the bank today.")
    guesses = [sees.bert(run(mini_bert, Query("She went to the bank today.", masked=(5,))), of, 4, 5)]
    guesses.insert(0, sees.word2vec(load_vectors("word2vec"), of, 4, 5))
    assert sees.look_summary(sees.summary(guesses, 4), "bank").html() in spoken


def test_the_number_of_guesses_is_the_readers():
    assert "k=" not in str(opened().query_params)
    at = opened(k="77")
    assert "which is not possible here" in said(at)


def test_the_page_says_what_each_model_has_read():
    assert any(trained.briefly() in m.value for m in opened().markdown)


def drawn(at: AppTest, key: str) -> dict:
    """What a component was given."""
    return json.loads(next(c.proto.json for c in at.get("bidi_component") if c.proto.id.endswith(f"-{key}")))


def test_the_hidden_word_is_marked_and_not_a_question_mark_of_the_readers():
    """[CLS] Why ? She walked to the bank ..."""
    at = opened(a="Why? She walked to the bank.", token="7")
    for key in ("bert", "decoder", "word2vec"):
        assert drawn(at, f"reads-{key}")["chosen"] == [6]


def test_of_a_long_sentence_the_words_are_drawn_that_the_reading_speaks_of(mini_bert):
    text = "The old man who lived near the river told us that a small dog had been seen in the cold water of the lake."
    at = opened(a=text, b="", token="1")
    found = numbers.both(ask_of(mini_bert, text))
    least = sorted(found["ratio"].nsmallest(14).index)
    assert len(found) > 14
    bars = drawn(at, "sees-both")["bars"]
    assert [bar["text"] for bar in bars] == found["word"][least].tolist()
    assert sum(bar["signal"] for bar in bars) == min(14, (found["ratio"] < 1).sum())
    assert f"Of {len(found)} words the 14 on which BERT is least ahead of the decoder" in said(at)


def test_both_sides_or_one_is_about_the_chosen_sentence_when_the_sentences_are_swapped():
    """[CLS] The water ...: the second token is one of B."""
    at = opened(token="2", swap="1")
    assert {bar["text"] for bar in drawn(at, "sees-both")["bars"]} <= {word.text for word in sees.words(PAIR["b"])}
