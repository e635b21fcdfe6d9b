"""The right options of the chapter Transformer, worked out another way on twenty pairs."""

import numpy as np
import pytest

from bert_explain.chapters.transformer import questions
from bert_explain.learning.question import NotAskable
from bert_explain.models.parameters import parameter_counts
from tests.chapters.asking import PAIRS, ask_of
from tests.tiny import tiny_bert


def test_a_model_that_looks_ahead_is_the_encoder_and_the_decoder_is_not(mini_bert):
    for a, b, word in PAIRS[:20]:
        ask = ask_of(mini_bert, a, b, word)
        evidence = questions.HALF.evidence(ask)
        weights = ask.trace.attention
        rows = np.arange(len(ask.trace.tokens))
        later = sum(float(weights[:, :, i, i + 1 :].sum()) for i in rows) / (weights.shape[0] * weights.shape[1] * len(rows))
        assert questions.HALF.answer(evidence) == ("encoder" if later > 0 else "decoder")
        assert float(evidence.attrs["facts"]["later"].split()[0]) == pytest.approx(100 * later, rel=0.02)
    tried = questions.HALF.tried(ask, evidence)
    assert questions.HALF.answer(tried) == "decoder"
    assert tried.attrs["facts"]["later"] == "0 %"


@pytest.mark.parametrize("text", ["", "cat", "[MASK] [SEP]", "🎉"])
def test_one_word_cannot_look_ahead(mini_bert, text):
    with pytest.raises(NotAskable, match="fewer than two words"):
        questions.HALF.evidence(ask_of(mini_bert, text))


def test_the_numbers_are_those_of_the_weights(mini_bert):
    for model in (mini_bert, tiny_bert("full"), tiny_bert("bare")):
        evidence = questions.COUNT.evidence(ask_of(model, "The cat sat on the mat.", "It slept."))
        counts = parameter_counts(model)
        parts = {
            "embeddings": counts["token table"] + counts["position table"] + counts["segment table"],
            "attention": counts["attention"],
            "feed-forward": counts["feed-forward"],
        }
        assert questions.COUNT.answer(evidence) == max(parts, key=parts.get)
        wanted = {name: count / sum(counts.values()) for name, count in parts.items()}
        assert evidence["value"].to_dict() == pytest.approx(wanted)
    large = questions.COUNT.tried(ask_of(mini_bert, "The cat."), evidence)
    assert questions.COUNT.answer(large) == "feed-forward"


def test_two_parts_that_are_level_are_not_asked_about(mini_bert):
    evidence = questions.COUNT.evidence(ask_of(mini_bert, "The cat sat."))
    evidence["value"] = [0.4, 0.41, 0.1]
    assert "too near" in questions.COUNT.why_not(evidence)
