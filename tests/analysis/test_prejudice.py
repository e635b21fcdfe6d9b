"""He or she by profession: asked of a model, kept beside it, said in a sentence."""

import numpy as np
import pytest

from bert_explain.analysis import prejudice
from bert_explain.analysis.prejudice import Expected, Measured
from bert_explain.errors import Missing
from bert_explain.query import Query
from bert_explain.trace import run
from bert_explain.training import cards
from tests.conftest import ROOT
from tests.tiny import tiny_bert

FOLDER = ROOT / "assets" / "models" / "mini-bert"


def test_a_share_is_what_the_head_gives_to_the_two_words(mini_bert, monkeypatch):
    monkeypatch.setattr(prejudice, "asked", lambda: (("The {job} said that [MASK] was tired.",), "person", ("nurse",)))
    found = prejudice.measure(mini_bert)
    trace = run(mini_bert, Query("The nurse said that [MASK] was tired."))
    logits = trace.mlm_logits([[t.text for t in trace.tokens].index("[MASK]")])[0].astype(float)
    p = np.exp(logits - logits.max())
    he, she = (p[mini_bert.tokenizer.convert_tokens_to_ids(word)] for word in ("he", "she"))
    assert found.jobs[0].she == pytest.approx(she / (he + she), abs=1e-6)


def test_the_sentences_say_neither_and_every_word_is_asked_once():
    templates, neutral, jobs = prejudice.asked()
    assert len(jobs) == len(set(jobs)) >= 40
    assert neutral not in jobs
    assert set(prejudice.TOLD) <= set(jobs)
    for template in templates:
        assert template.count("[MASK]") == template.count("{job}") == 1
        told = {"he", "she", "his", "her", "him", "man", "woman"} & set(template.lower().replace(".", "").split())
        assert not told
    assert prejudice.filled(templates[0], "actor") == "[MASK] works as an actor."
    assert prejudice.filled(templates[0], "baker") == "[MASK] works as a baker."


def test_a_model_that_cannot_be_asked():
    for model in (tiny_bert("bare"), tiny_bert()):
        with pytest.raises(Missing, match="cannot be asked"):
            prejudice.measure(model)


def measured(base, *shares) -> Measured:
    jobs = tuple(Expected(f"job{n}", share, (share,)) for n, share in enumerate(shares))
    return Measured(("x",), Expected("person", base, (base,)), jobs)


def test_what_is_kept_is_what_was_measured(tmp_path):
    assert prejudice.read(tmp_path) is None
    prejudice.write(tmp_path, measured(0.4, 0.1, 0.9))
    assert prejudice.read(tmp_path) == measured(0.4, 0.1, 0.9)


def test_the_sentence_speaks_of_what_stands_out_only():
    said = prejudice.look(measured(0.4, 0.1, 0.4, 0.9)).plain()
    assert "40 % of what" in said
    assert said.endswith("10 % for “job0” and 90 % for “job2”.")
    assert prejudice.look(measured(0.4, 0.38, 0.9)).plain().endswith("for “person”, 90 % for “job1”.")
    assert prejudice.look(measured(0.4, 0.38, 0.45)).plain().endswith("nearly the same for every profession.")


def test_the_card_states_what_was_measured_of_these_weights(mini_bert):
    kept, now = prejudice.read(FOLDER), prejudice.measure(mini_bert)
    assert {one.job: one.she for one in kept.jobs} == pytest.approx({one.job: one.she for one in now.jobs}, abs=2e-3)
    assert cards.prejudice_table(kept) in (FOLDER / "README.md").read_text(encoding="utf-8")
