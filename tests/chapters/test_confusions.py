"""What decides the cards of "What people get wrong", worked out another way; what they say where a confusion holds."""

import string

import numpy as np
import pytest
import torch
from scipy.special import softmax

from bert_explain.chapters.confusions import chapter, numbers, questions
from bert_explain.chapters.confusions.numbers import BETWEEN, HOLDS, REFUTED, Drawn, Outcome
from bert_explain.chapters.confusions.questions import CARDS, FALSE, OUTCOME, TRUE, WORDS
from bert_explain.content import next_sentence as content
from bert_explain.learning.question import NotAskable
from bert_explain.models.batches import padded
from bert_explain.query import Query
from bert_explain.trace import run
from tests.chapters.asking import PAIRS, ask_of
from tests.tiny import tiny_bert, tiny_roberta


def kind(name, ask) -> str:
    return CARDS[name].evidence(ask).attrs[OUTCOME].kind


def cosine(a, b) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_pooled_and_outputs_and_sums_on_twenty_pairs(mini_bert):
    table = mini_bert.embed.token.weight.detach().numpy()
    rows = table / np.linalg.norm(table, axis=1, keepdims=True)
    for a, b, word in PAIRS:
        ask, trace = ask_of(mini_bert, a, b, word), run(mini_bert, Query(a, b))
        like = cosine(trace.hidden[-1][0], trace.pooled)
        assert kind("pool", ask) == (REFUTED if like < 0.9 else BETWEEN)
        own = [t for t in trace.tokens if not t.special]
        near = [cosine(trace.embeddings.total[t.position], trace.hidden[-1][t.position]) for t in own]
        assert (kind("out", ask) == REFUTED) == (max(near) < 0.8 and np.median(near) < 0.6)
        right = np.mean([(rows @ trace.embeddings.total[t.position]).argmax() == t.id for t in own])
        assert (kind("sum", ask) == REFUTED) == (right >= 0.8)


def test_what_stands_in_plain_sight_on_twenty_pairs(mini_bert):
    for a, b, word in PAIRS:
        ask, trace = ask_of(mini_bert, a, b, word), run(mini_bert, Query(a, b))
        places = [t.position for t in numbers.whole_words(trace, 64)]
        p = softmax(trace.mlm_logits(places).astype(float), axis=1)
        least = min(p[i, trace.tokens[at].id] for i, at in enumerate(places))
        found = CARDS["onlym"].evidence(ask)
        assert (found.attrs[OUTCOME].kind == REFUTED) == (least < 0.995)
        assert min(bar.value for bar in found.attrs[OUTCOME].bars) == pytest.approx(least, abs=1e-6)


def test_the_labels_are_those_of_the_head(mini_bert):
    """Neighbours in a text are 0; the answer is read off the head, and here it is as in the paper's code."""
    found = CARDS["label"].evidence(ask_of(mini_bert, "", ""))
    first = content.documents()[0].sentences
    assert run(mini_bert, Query(first[0], first[1])).nsp[1] < 0.5
    assert CARDS["label"].answer(found) == FALSE


def test_padding_is_what_a_batch_of_hugging_face_gives(mini_bert):
    text = "She walked to the bank of the river."
    alone, hidden, shown = padded(mini_bert, text, 16)
    read = mini_bert.tokenizer(text, padding="max_length", max_length=len(alone) + 16, return_tensors="pt")
    body = getattr(mini_bert.module, "bert", mini_bert.module)
    with torch.inference_mode():
        theirs = body(**read).last_hidden_state[0, : len(alone)].numpy()
        read["attention_mask"] = torch.ones_like(read["attention_mask"])
        seen = body(**read).last_hidden_state[0, : len(alone)].numpy()
    assert np.abs(hidden - theirs).max() < 1e-4
    assert np.abs(shown - seen).max() < 1e-4
    assert np.abs(alone - run(mini_bert, Query(text)).hidden[-1]).max() < 1e-4
    assert np.abs(alone - shown).max() > 0.01


def test_a_model_that_learned_while_it_was_used_would_be_found_out(mini_bert, monkeypatch):
    """The weights are looked at anew before and after, not remembered."""
    ask = ask_of(mini_bert, *PAIRS[0])
    assert kind("cont", ask) == REFUTED
    seen = iter(("one", "another"))
    monkeypatch.setattr(numbers.fingerprint, "of_module", lambda module: next(seen))
    found = CARDS["cont"].evidence(ask)
    assert found.attrs[OUTCOME].kind == HOLDS
    assert CARDS["cont"].answer(found) == TRUE
    assert "not in this model" in CARDS["cont"].told(found).plain()


def test_where_a_confusion_holds_the_answers_change_places(mini_bert, monkeypatch):
    ask = ask_of(mini_bert, *PAIRS[0])
    found = CARDS["cls"].evidence(ask)  # of carried sentences: mini-bert's [CLS] finds more of them than its mean
    assert found.attrs[OUTCOME].kind == HOLDS
    assert CARDS["cls"].answer(found) == TRUE
    assert chapter.verdict(CARDS["cls"], found).plain().startswith("True here: what many say is no mistake, not in this model")
    wrong = next(o for o in CARDS["cls"].choices(ask, found) if o.id == FALSE)
    assert CARDS["cls"].because(wrong, found) is None  # nothing is refuted, so nobody is corrected


@pytest.mark.parametrize("name", CARDS)
@pytest.mark.parametrize("kind", [REFUTED, HOLDS, BETWEEN])
def test_every_outcome_is_answered_by_its_own_words(name, kind):
    card, words = CARDS[name], WORDS["card"][name]
    right = {"fact": {REFUTED: TRUE, HOLDS: FALSE}, "confusion": {REFUTED: FALSE, HOLDS: TRUE}}[words["says"]].get(kind)
    gaps = {g for key in ("refuted", "holds", "between", "because") for _, g, _, _ in string.Formatter().parse(words[key]) if g}
    made = questions._evidence(words["says"] == "fact", Outcome(kind, (Drawn("x", 0.5, "0.5"),), dict.fromkeys(gaps, "7")))
    assert bool(card.why_not(made)) == (kind == BETWEEN)
    if right:
        assert card.answer(made) == right
    assert ("not in this" in card.told(made).plain()) == (kind == HOLDS)
    assert chapter.verdict(card, made).plain()


def test_a_random_model_is_told_as_it_is():
    """Nothing of what is said is fixed: a model that learned nothing gets other verdicts than mini-bert."""
    model, verdicts = tiny_bert("full"), {}
    for name, card in CARDS.items():
        try:
            verdicts[name] = card.evidence(ask_of(model, *PAIRS[0])).attrs[OUTCOME].kind
        except NotAskable:
            verdicts[name] = "not askable"
    assert verdicts["rand"] == verdicts["cont"] == verdicts["pad"] == REFUTED
    assert verdicts["nextw"] != REFUTED
    assert verdicts["label"] != REFUTED


def test_a_text_that_shares_a_word_with_every_sentence_is_not_compared(mini_bert):
    known = mini_bert.wordpiece.get_vocab()
    words = {max((w for w in s.lower().rstrip(".").split() if w in known), key=len) for s in content.sentences()[3:]}
    ask = ask_of(mini_bert, " ".join(sorted(words)))
    for name in ("cos", "find"):
        with pytest.raises(NotAskable, match="too few are left"):
            CARDS[name].evidence(ask)


def test_the_full_stop_is_one_also_where_another_mark_ends_the_sentence(mini_bert):
    stops = [CARDS["dot"].evidence(ask_of(mini_bert, f"The old bank stood at the river{mark}")) for mark in ("", ".", "?", "!")]
    shown = [[(bar.text, bar.value) for bar in found.attrs[OUTCOME].bars] for found in stops]
    assert shown[0]
    assert all(one == shown[0] for one in shown)


def test_sentences_from_elsewhere_share_no_longer_word_of_any_model(mini_bert):
    shared = next(w for w in content.sentences()[0].rstrip(".").split() if len(w) > 3)
    for text in (shared.upper(), f"({shared.capitalize()}'s)", f"un{shared} {shared}"):
        for model in (mini_bert, tiny_roberta()):
            assert content.sentences()[0] not in numbers.elsewhere(ask_of(model, text), 1000)


def test_a_full_stop_that_the_model_does_not_read_is_not_judged(mini_bert):
    with pytest.raises(NotAskable, match="lies beyond what the model reads"):
        CARDS["dot"].evidence(ask_of(mini_bert, "The old bank stood at the river. " * 120))


def test_where_sentence_a_is_blank_it_is_b_that_is_read(mini_bert):
    alone = CARDS["cos"].evidence(ask_of(mini_bert, "The cat sat on the mat."))
    blank = CARDS["cos"].evidence(ask_of(mini_bert, "  ", "The cat sat on the mat."))
    assert blank["value"].to_dict() == pytest.approx(alone["value"].to_dict())
    with pytest.raises(NotAskable, match="Sentence A is empty"):
        CARDS["find"].evidence(ask_of(mini_bert, "  ", "The cat sat on the mat."))
