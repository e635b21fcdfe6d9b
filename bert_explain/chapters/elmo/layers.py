"""ELMo's layers: their mix for a task (Peters et al. 2018, eq. 1), and one word in two sentences, layer by layer.

L LSTM layers, T words, P numbers a direction. Layer 0 is the token encoding, the same wherever the word stands.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import softmax

from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.kernel import readings
from bert_explain.trace_elmo import ElmoTrace, Word

MOST = 64  # words of a text that are compared with each other


# the mix
def weights(raw: Sequence[float]) -> np.ndarray:
    """The trained numbers w_j as shares s_j = e^(w_j) / sum of e^w, (L + 1,): above 0, and 1 together."""
    return softmax(np.asarray(raw, dtype=np.float64))


def mix_table(trace: ElmoTrace, position: int, raw: Sequence[float], gamma: float) -> pd.DataFrame:
    """One row a layer: its raw number, its share, the length of its vector, the length of its part in the mix."""
    s = weights(raw)
    size = np.linalg.norm(trace.layers[:, position], axis=-1)
    return pd.DataFrame(
        {
            "layer": np.arange(len(s)),
            "w": np.asarray(raw, dtype=float),
            "share s": s,
            "length": size,
            "length in the mix": gamma * s * size,
        }
    )


def look_mix(table: pd.DataFrame, word: str, gamma: float) -> Sentence:
    """The shares, their sum, and the layer with the largest part, where one has it."""
    if gamma == 0:
        return say("gamma is 0: whatever the shares are, the embedding of {word} is all zeros.", word=Piece(word))
    top = readings.best(table["length in the mix"])
    added = " + ".join(f"{s:.3f}" for s in table["share s"])
    parts = " + ".join(f"{part:.2f}" for part in table["length in the mix"])
    end = "No layer has a clearly larger part in the embedding of {word} than another: the parts are {parts} long, in this order."
    if top.leads:
        end = "Layer {layer} has the largest part in the embedding of {word}: share times length is {part:.2f}, of {parts}."
    if top.many == 1:
        end = "Layer {layer} is the only one: its part in the embedding of {word} is {part:.2f} long."
    return say(
        "The shares are {added} = {total:.3f}. " + end,
        added=added,
        total=table["share s"].sum(),
        layer=top.index,
        word=Piece(word),
        part=top.value,
        parts=parts.replace(" + ", ", "),
    ).because(top)


# one word in two sentences
def meetings(words: Sequence[Word], position: int, others: Sequence[Word], same_text: bool) -> list[int]:
    """Where the word at `position` stands in `others`, capitals aside; in the same text, its other places."""
    wanted = words[position].text.casefold()
    return [j for j, word in enumerate(others) if word.text.casefold() == wanted and not (same_text and j == position)]


def drift(a: ElmoTrace, i: int, b: ElmoTrace, j: int) -> pd.DataFrame:
    """Cosines between two places, one row a layer: forward half, backward half, both together. 1 is the same direction.

    "different words" is what to hold it against: the mean cosine of all pairs of differently spelled words, one of each
    text (its first 64 words); vectors of one layer all lean the same way somewhat (Ethayarajh 2019). NaN without a pair.
    """
    x, y = a.layers[:, i], b.layers[:, j]
    half = x.shape[-1] // 2
    parts = {"forward": slice(0, half), "backward": slice(half, None), "both": slice(None)}
    cosines = {name: _cosines(x[:, part], y[:, part]) for name, part in parts.items()}
    return pd.DataFrame({"layer": np.arange(len(x)), **cosines, "different words": _strangers(a, b)})


def _strangers(a: ElmoTrace, b: ElmoTrace) -> np.ndarray:
    """(L + 1,) the mean cosine between words of two texts that are not spelled alike."""
    x, y = a.layers[:, :MOST], b.layers[:, :MOST]
    spelled = [[word.text.casefold() for word in trace.words[:MOST]] for trace in (a, b)]
    differ = np.array([[one != other for other in spelled[1]] for one in spelled[0]])
    if not differ.any():
        return np.full(len(x), np.nan)
    x, y = (v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-12) for v in (x, y))
    return (x @ y.transpose(0, 2, 1))[:, differ].mean(axis=1).astype(np.float64)


def _cosines(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Row by row, (N, P) and (N, P) -> (N,)."""
    sizes = np.linalg.norm(x, axis=-1) * np.linalg.norm(y, axis=-1)
    return (x * y).sum(-1).astype(np.float64) / np.maximum(sizes, 1e-12)


def look_drift(table: pd.DataFrame, word: str, other: str) -> Sentence:
    """How far the two occurrences are apart at the bottom and at the top."""
    begin = "Both begin with the same vector" if word == other else "They are not spelled alike, so they begin apart"
    both = table["both"].to_numpy()
    low = readings.best(both, least=0.005, part=0.0, lowest=True)
    far = low.index
    end = (
        "." if far in (0, len(both) - 1) or not low.leads else f"; they are furthest apart in layer {far}, with {both[far]:.2f}."
    )
    return say(
        "{begin}: in layer 0 the cosine of {word} and {other} is {first:.2f}. After layer {top} it is {last:.2f}{end}",
        begin=begin,
        word=Piece(word),
        other=Piece(other),
        first=both[0],
        top=len(both) - 1,
        last=both[-1],
        end=end,
    ).because(low)
