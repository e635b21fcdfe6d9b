"""How good a table of word vectors is, on the two tests that gensim ships; gensim's own code runs them.

    python -m bert_explain.training.word_tests glove

Google analogy test (Mikolov et al. 2013a): a is to b as c is to what? 19,544 questions; the three given words are left out
of the answers. Questions with a word that the table lacks are not counted; the share covered is reported beside.
WordSim-353 (Finkelstein et al. 2002): the rank correlation of cosines with how related people found 353 pairs of words.
"""

from __future__ import annotations

import sys

from gensim.models import KeyedVectors
from gensim.test.utils import datapath

from bert_explain.models import Vectors, load_vectors


def scores(vectors: Vectors) -> dict[str, float]:
    """Both tests over all words of the table, under the names of `cards`. Minutes for a large one.

    WordSim-353 is left out where `related` has no answer.
    """
    file = datapath("questions-words.txt")
    _, sections = vectors.keyed.evaluate_word_analogies(file, restrict_vocab=vectors.size)
    right, asked = {"sem": 0, "gram": 0}, {"sem": 0, "gram": 0}
    for section in sections[:-1]:  # the last one is the total
        kind = "gram" if section["section"].startswith("gram") else "sem"
        right[kind] += len(section["correct"])
        asked[kind] += len(section["correct"]) + len(section["incorrect"])
    with open(file, encoding="utf-8") as lines:
        questions = sum(1 for line in lines if line.strip() and not line.startswith(":"))
    spearman = related(vectors.keyed)
    return {
        "analogies": sum(right.values()) / max(sum(asked.values()), 1),
        "analogies_semantic": right["sem"] / max(asked["sem"], 1),
        "analogies_syntactic": right["gram"] / max(asked["gram"], 1),
        "analogies_covered": sum(asked.values()) / questions,
        **({} if spearman is None else {"wordsim353": spearman}),
    }


def related(keyed: KeyedVectors) -> float | None:
    """WordSim-353 alone: seconds. None where the words of less than half of the pairs are known: they would say little."""
    file = datapath("wordsim353.tsv")
    known = {word.upper() for word in keyed.index_to_key}
    with open(file, encoding="utf-8") as lines:
        pairs = [line.upper().split("\t")[:2] for line in lines if line.strip() and not line.startswith("#")]
    if 2 * sum(known.issuperset(pair) for pair in pairs) < len(pairs):
        return None
    _, spearman, _ = keyed.evaluate_word_pairs(file)
    return float(spearman.statistic)


if __name__ == "__main__":
    table = load_vectors(sys.argv[1]) if sys.argv[1:] else load_vectors()
    for name, value in scores(table).items():
        print(f"{name}: {value:.4f}")
