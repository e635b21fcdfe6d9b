"""The right options of Same word, from the readers that the page itself uses; when it is not asked."""

import re

import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_similarity

from bert_explain.analysis import senses
from bert_explain.analysis.occurrences import ElmoReader, PieceReader, StaticReader
from bert_explain.analysis.sense_search import occurrences
from bert_explain.chapters.same_word import numbers, questions
from bert_explain.content import senses as content
from bert_explain.content import wordnet
from bert_explain.learning.question import NotAskable
from bert_explain.models import load_decoder, load_elmo, load_vectors
from tests.chapters.asking import PAIRS, ask_of

TEXTS = [f"Here stands the word {one.word}." for one in content.sets()]


@pytest.mark.slow
def test_the_silhouettes_are_those_of_the_readers(mini_bert):
    readers = {
        "word2vec": StaticReader("word2vec", "Word2Vec", load_vectors("word2vec")),
        "elmo": ElmoReader("elmo", "ELMo", load_elmo()),
        "decoder": PieceReader("decoder", "Decoder", load_decoder()),
        "bert": PieceReader("bert", "BERT", mini_bert),
    }
    for text in TEXTS:
        ask = ask_of(mini_bert, text)
        _, there = numbers.occurrences(ask)
        labels = [one.label for one in there]
        stacks = {key: reader.vectors(there) for key, reader in readers.items()}
        own = {key: senses.silhouette(stack[-1], labels) for key, stack in stacks.items()}
        evidence = questions.READERS.evidence(ask)
        assert evidence["value"].to_dict() == pytest.approx(own, abs=1e-3)
        if not questions.READERS.why_not(evidence):
            assert questions.READERS.answer(evidence) == max(own, key=own.get)
        layers = [senses.silhouette(vectors, labels) for vectors in stacks["bert"]]
        by_layer = questions.LAYER.evidence(ask)
        wanted = {"first": layers[0], "between": max(layers[1:-1]), "last": layers[-1]}
        assert by_layer["value"].to_dict() == pytest.approx(wanted, abs=1e-3)
        best = int(np.argmax(layers))
        if not questions.LAYER.why_not(by_layer):
            assert questions.LAYER.answer(by_layer) == ("first" if not best else "last" if best == len(layers) - 1 else "between")


@pytest.mark.slow
def test_the_nearest_is_counted_sentence_by_sentence(mini_bert):
    net, reader, counted, answers = wordnet.load(), PieceReader("bert", "BERT", mini_bert), {}, set()
    for a, b, word in [(p.a, p.b, p.word) for p in questions.OFTEN[:6]] + PAIRS:
        ask = ask_of(mini_bert, a, b, word)
        try:
            entry, rows = numbers.common_word(ask)
        except NotAskable:
            continue
        assert any(entry in net.forms.get(form, ()) for form in re.findall("[a-z]+", f"{a} {b}".lower()))
        if entry in counted:
            continue
        part = net.sentences.iloc[rows].to_dict("records")
        vectors = reader.vectors(tuple(occurrences(net, rows)))
        counted[entry] = [_share(part, cosine_similarity(vectors[at])) for at in (-1, 0)]
        evidence = questions.NEAREST.evidence(ask)
        tried = numbers.at_the_input(ask, evidence)
        for (share, chance, asked), found in zip(counted[entry], (evidence, tried), strict=True):
            facts = found.attrs["facts"]
            assert float(facts["right"]) == pytest.approx(100 * share, abs=0.51)
            assert float(facts["chance"]) == pytest.approx(100 * chance, abs=0.51)
            assert facts["queries"] == asked >= numbers.ENOUGH
        share, chance, _ = counted[entry][0]
        if not questions.NEAREST.why_not(evidence):
            answers.add(questions.NEAREST.answer(evidence))
            wanted = "most" if share > 0.5 else "some" if share - chance > 0.1 else "none"
            assert questions.NEAREST.answer(evidence) == wanted
    assert len(counted) >= 8
    assert "some" in answers


def _share(part, cosines):
    """How often the nearest has the same sense, how often a blind pick has it, and of how many it can be asked."""
    right, blind = [], []
    for i, one in enumerate(part):
        others = [j for j, other in enumerate(part) if other["text"].lower() != one["text"].lower()]
        same = [part[j]["sense"] == one["sense"] for j in others]
        if any(same) and not all(same):
            near = np.round(cosines[i, others], 6)  # at the input two may be one vector: each counts its part
            right.append(np.mean(np.array(same)[near == near.max()]))
            blind.append(np.mean(same))
    return np.mean(right), np.mean(blind), len(right)


def test_without_words_that_wordnet_knows_well_the_nearest_is_not_asked(mini_bert):
    for text in ("", "The kettle whistled.", "🎉", "of the and"):
        with pytest.raises(NotAskable, match="too few example sentences"):
            questions.NEAREST.evidence(ask_of(mini_bert, text))


@pytest.mark.parametrize("text", ["", "The cat sat.", "🎉", "[MASK] [SEP]"])
def test_without_one_of_its_words_it_is_not_asked(mini_bert, text):
    for question in (questions.READERS, questions.LAYER):
        with pytest.raises(NotAskable, match="none of the words"):
            question.evidence(ask_of(mini_bert, text))
