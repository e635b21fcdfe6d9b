"""The right options of Same word, from the readers that the page itself uses; when it is not asked."""

import numpy as np
import pytest

from bert_explain.analysis import senses
from bert_explain.analysis.occurrences import ElmoReader, PieceReader, StaticReader
from bert_explain.chapters.same_word import numbers, questions
from bert_explain.content import senses as content
from bert_explain.learning.question import NotAskable
from bert_explain.models import load_decoder, load_elmo, load_vectors
from tests.chapters.asking import ask_of

TEXTS = [f"Here stands the word {one.word}." for one in content.sets()]


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


@pytest.mark.parametrize("text", ["", "The cat sat.", "🎉", "[MASK] [SEP]"])
def test_without_one_of_its_words_it_is_not_asked(mini_bert, text):
    for question in questions.EVERY:
        with pytest.raises(NotAskable, match="none of the words"):
            question.evidence(ask_of(mini_bert, text))
