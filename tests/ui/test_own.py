"""Sentences and labels speak with the tokens of the model in view, and leave alone what a reader typed."""

import streamlit as st

from bert_explain.analysis.sentence import Piece, say
from bert_explain.core.spec import Special, Specials
from bert_explain.ui import own

ROBERTA = Specials(Special(0, "<s>"), Special(2, "</s>"), Special(9, "<mask>"))


def test_a_sentence_has_the_models_tokens_and_the_readers_piece(monkeypatch):
    monkeypatch.setattr(st, "session_state", {})
    said = say("Put [MASK] for {word}: {rest}", word=Piece("[MASK] <b>"), rest=say("[SEP] gets {p}.", p="3 %"))
    assert own.sentence(said) is said  # no model is in view yet
    own.speaks_of(ROBERTA)
    told = own.sentence(said)
    assert told.plain() == "Put <mask> for [MASK] <b>: </s> gets 3 %."
    assert "Put &lt;mask&gt; for" in told.html()
    assert "[MASK] &lt;b&gt;" in told.html()
    assert "<mask>" not in told.html()
    assert told.markdown().startswith("Put \\<mask\\> for **")
    assert own.plain("[CLS]") == "<s>"
    assert own.markdown("`[CLS]`") == "`<s>`"
