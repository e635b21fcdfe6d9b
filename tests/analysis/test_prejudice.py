"""He or she by profession: asked of a model, kept beside it, said in a sentence."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bert_explain.analysis import prejudice
from bert_explain.analysis.prejudice import Expected, Measured
from bert_explain.errors import BadQuery, Missing
from bert_explain.figures import masked_words as figures
from bert_explain.query import Query
from bert_explain.trace import run, run_all
from bert_explain.training import cards
from tests.conftest import ROOT
from tests.tiny import tiny_bert, tiny_roberta

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


@given(st.text(max_size=30))
def test_a_readers_own_profession_is_taken_as_letters_or_refused_in_a_sentence(text):
    try:
        job = prejudice.own(text)
    except BadQuery:
        return
    assert job == " ".join(text.split())
    assert any(c.isalpha() for c in job)
    assert not set(job) & set("[]<>{}$*`#|0123456789")


def test_pieces_that_are_he_or_she_are_known_with_and_without_their_space():
    assert prejudice.met(["the", "she"])
    assert prejudice.met(["\u0120He"])
    assert prejudice.met(["He"])
    assert not prejudice.met(["the", "her", "##he", "all other 9 pieces"])


def test_a_model_of_joined_bytes_is_asked_with_its_own_mask_and_with_every_way_to_write_the_words(monkeypatch):
    monkeypatch.setattr(prejudice, "asked", lambda: (("[MASK] works as {a} {job}.",), "person", ("baker",)))
    model = tiny_roberta()  # its vocabulary has four of the forms
    texts = []

    def spied(queries):
        texts.extend(query.text_a for query in queries)
        return run_all(model, queries)

    found = prejudice.expected(model, "baker", spied)
    assert texts[0] == "<mask> works as a baker."
    logits = run(model, Query(texts[0])).mlm_logits([1])[0].astype(float)
    p = np.exp(logits - logits.max())
    he, she = (
        sum(p[model.wordpiece.token_to_id(form)] for form in forms) for forms in (("\u0120He", "He"), ("\u0120She", "She"))
    )
    assert found.by[0] == pytest.approx(she / (he + she), abs=1e-6)


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
    level = "nearly the same for every profession whose word does not say which."
    assert prejudice.look(measured(0.4, 0.38, 0.45)).plain().endswith(level)
    near = measured(0.4, 0.38, 0.45)
    told = replace(near, jobs=(Expected("fisherman", 0.02, (0.02,)), *near.jobs, Expected("maid", 0.9, (0.9,))))
    assert prejudice.look(told) == prejudice.look(near)  # these two stand beside it, far off, and are not meant


def test_a_readers_own_stands_among_the_others_and_near_is_not_below():
    among = measured(0.4, 0.1, 0.4, 0.9)
    said = prejudice.say_own(Expected("cook", 0.2, (0.2,)), among).plain()
    assert said == "For cook “she” gets 20 %: more than for 1 of the 3 professions, and below the 40 % for “person”."
    assert "near the 40 %" in prejudice.say_own(Expected("cook", 0.38, (0.38,)), among).plain()
    assert "more than for none" in prejudice.say_own(Expected("cook", 0.1, (0.1,)), among).plain()
    assert "above the 40 %" in prejudice.say_own(Expected("cook", 0.5, (0.5,)), among).plain()


def test_halves_are_counted_without_the_words_that_say_it():
    found = Measured(("x",), Expected("person", 0.4, (0.4,)), tuple(Expected(j, s, (s,)) for j, s in (("a", 0.2), ("maid", 0.9))))
    assert "for none of the 1 professions" in prejudice.say_halves(found).plain()
    assert "for 1 of the 3 professions" in prejudice.say_halves(measured(0.4, 0.1, 0.5, 0.9)).plain()


def test_the_table_has_every_sentence_and_the_bars_stand_in_its_order():
    found = measured(0.4, *np.linspace(0.1, 0.9, 30))
    table = prejudice.table(found)
    assert table.shape == (31, 3)
    assert table["profession"][0] == "person"
    bars = figures.whom_bars(found, Expected("cook", 0.2, (0.2,)))
    assert len(bars) == 16
    assert [bar.value for bar in bars] == sorted(bar.value for bar in bars)
    assert [bar.text for bar in bars if bar.signal] == ["person"]
    assert [bar.text for bar in bars if bar.mark] == ["cook"]


def test_the_card_states_what_was_measured_of_these_weights(mini_bert):
    kept, now = prejudice.read(FOLDER), prejudice.measure(mini_bert)
    assert {one.job: one.she for one in kept.jobs} == pytest.approx({one.job: one.she for one in now.jobs}, abs=2e-3)
    assert cards.prejudice_table(kept) in (FOLDER / "README.md").read_text(encoding="utf-8")
