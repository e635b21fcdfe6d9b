"""Words that a beginner does not know are found in our own sentences, and each is explained."""

from bert_explain.content.glossary import hard_words, terms


def test_hard_words_are_found_in_their_order():
    found = hard_words("Perplexity {perplexity:,.1f}: the mean loss is {mean:.2f} nats, the cross-entropy of the logits.")
    assert [term.name for term in found] == ["perplexity", "nats", "entropy", "logits"]
    assert hard_words("A habit, a natural rabbit.") == ()


def test_each_hard_word_is_explained():
    known = {word for term in terms() for word in term.hard}
    assert {"entropy", "bits", "nats", "logit", "rollout", "perplexity"} <= known
    assert all(len(term.text) > 20 for term in terms() if term.hard)
