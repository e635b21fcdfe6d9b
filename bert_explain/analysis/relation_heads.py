"""Which head does what (Clark et al. 2019, What Does BERT Look At?, table 1): a head read as a parser, without training.

Of each head: at which other word does the dependent of a marked relation look most? It is right where that is the word that
it depends on. A head is chosen on half of the sentences and scored on the other half; beside it the best fixed offset
("always the next word"), chosen and scored in the same way.

L layers, A heads, T tokens, W words of a sentence, R marked relations, B draws.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bert_explain.core.tokens import touching
from bert_explain.kernel import probes
from bert_explain.kernel.relations import HALVES, Sentence, commonest_offset
from bert_explain.query import Query
from bert_explain.trace import Trace

CHOOSE, SCORE = HALVES


@dataclass(frozen=True, eq=False)
class Looked:
    """Every marked relation of some sentences, and which heads found it."""

    right: np.ndarray  # (L, A, R) bool
    names: np.ndarray  # (R,) str
    offsets: np.ndarray  # (R,) int: how many words behind the dependent its head stands
    sentences: np.ndarray  # (R,) int
    halves: np.ndarray  # (R,) str
    left_out: int = 0  # relations with a word that the model does not read

    @property
    def nbytes(self) -> int:
        """Bytes that it holds."""
        return self.right.nbytes + 64 * len(self.names)


@dataclass(frozen=True)
class Best:
    """The best head of a relation and the best fixed offset: chosen on one half, scored on the other."""

    relation: str
    layer: int  # from 0
    head: int
    chosen: float  # its share on the half it was chosen on
    share: float  # of the relations in the other half that it finds
    low: float
    high: float
    offset: int
    by_offset: float
    gain_low: float  # 95 % interval of share - by_offset, with the sentences drawn anew
    gain_high: float
    relations: int  # in the half that scores
    sentences: int

    @property
    def beats(self) -> bool:
        """Whether 95 % of other draws of the sentences put the head before the offset too."""
        return self.gain_low > 0

    @property
    def behind(self) -> bool:
        """Whether they put it behind."""
        return self.gain_high < 0


def words_look(attention: np.ndarray, pieces: Sequence[Sequence[int]]) -> np.ndarray:
    """(L, A, T, T) between tokens -> (L, A, W, W) between words: what goes to a word is what its pieces get together, what a
    word gives is the mean over its pieces (Clark et al. 2019, section 4.1). A word without pieces gets and gives nothing."""
    length, count = attention.shape[-1], len(pieces)
    to, give = np.zeros((length, count)), np.zeros((count, length))
    for word, places in enumerate(pieces):
        to[list(places), word] = 1
        give[word, list(places)] = 1 / max(len(places), 1)
    return give @ attention @ to


def read(run: Callable[[Query], Trace], sentences: Sequence[Sentence], progress: probes.Progress = lambda _: None) -> Looked:
    """Run every sentence once. Raises what `run` raises."""
    right, names, offsets, of, halves, left_out = [], [], [], [], [], 0
    for number, sentence in enumerate(sentences):
        trace = run(Query(sentence.text))
        pieces = [touching(trace.tokens, span) for span in sentence.spans]
        looks = words_look(trace.attention, pieces)
        np.einsum("laii->lai", looks)[:] = -1  # a word itself is no answer
        for relation in sentence.relations:
            if not (pieces[relation.dependent] and pieces[relation.head]):
                left_out += 1
                continue
            right.append(looks[:, :, relation.dependent].argmax(axis=-1) == relation.head)
            names.append(relation.name)
            offsets.append(relation.head - relation.dependent)
            of.append(number)
            halves.append(sentence.half)
        progress((number + 1) / len(sentences))
    layers, heads = (0, 0) if not sentences else trace.attention.shape[:2]
    kept = np.stack(right, axis=-1) if right else np.zeros((layers, heads, 0), dtype=bool)
    kept.flags.writeable = False
    places = np.array(offsets, dtype=int), np.array(of, dtype=int)
    return Looked(kept, np.array(names, dtype=str), *places, np.array(halves, dtype=str), left_out)


def best(looked: Looked, relation: str | None = None) -> Best | None:
    """The best head and the best offset for a relation, for all of them together with None; None where a half has none."""
    mine = np.ones(len(looked.names), dtype=bool) if relation is None else looked.names == relation
    choose, score = mine & (looked.halves == CHOOSE), mine & (looked.halves == SCORE)
    if not choose.any() or not score.any() or not looked.right.size:
        return None
    chosen = looked.right[..., choose].mean(axis=-1)
    layer, head = (int(i) for i in np.unravel_index(int(chosen.argmax()), chosen.shape))
    offset = commonest_offset(looked.offsets[choose].tolist())
    found, plain = looked.right[layer, head, score], looked.offsets[score] == offset
    groups = probes.numbered(looked.sentences[score].tolist())
    drawn = probes.draws(np.stack([found, plain]), groups)
    (low, _), (high, _) = probes.bounds(drawn)
    gain_low, gain_high = probes.bounds(drawn[:, 0] - drawn[:, 1])
    return Best(
        relation or "all",
        layer,
        head,
        float(chosen.max()),
        float(found.mean()),
        float(low),
        float(high),
        offset,
        float(plain.mean()),
        float(gain_low),
        float(gain_high),
        int(score.sum()),
        int(groups.max()) + 1,
    )
