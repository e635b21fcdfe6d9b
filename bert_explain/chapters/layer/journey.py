"""Where each token's vector goes from layer to layer: its length, its direction, and a map of all paths.

T tokens, L layers, H hidden size. Layer 0 is the input: the summed and normalised embeddings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA

from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.kernel import readings
from bert_explain.trace import Trace

# What is measured at each layer: the column's name, and what it says.
MEASURES = {
    "length": "how long the vector is",
    "like its embedding": "cosine with its own vector before layer 1",
    "like the layer before": "cosine with its own vector one layer earlier",
    "like the others": "mean cosine with the other tokens' vectors in the same layer",
}
FIT_ROWS = 1500  # the map's directions are found on at most so many vectors, evenly chosen; all are drawn


@dataclass(frozen=True)
class PathMap:
    """The directions of all hidden states, seen from where they differ most."""

    points: np.ndarray  # (L + 1, T, 2), of the vectors brought to length 1
    variance: tuple[float, float]  # share of all variance that each of the two directions holds


def measures(trace: Trace) -> dict[str, np.ndarray]:
    """Each of MEASURES for every layer and token, (L + 1, T). NaN where there is nothing to compare with."""
    x = trace.hidden.astype(np.float64)  # (L + 1, T, H)
    length = np.linalg.norm(x, axis=-1)
    unit = x / np.where(length == 0, 1, length)[..., None]
    before = np.full_like(length, np.nan)
    before[1:] = (unit[1:] * unit[:-1]).sum(axis=-1)
    count = x.shape[1]
    # The mean cosine with all others, without the T x T table: u · (sum of all u), less u · u, over T - 1.
    own = (unit * unit).sum(axis=-1)
    others = (
        ((unit * unit.sum(axis=1, keepdims=True)).sum(axis=-1) - own) / (count - 1) if count > 1 else np.full_like(length, np.nan)
    )
    return dict(zip(MEASURES, (length, (unit * unit[0]).sum(axis=-1), before, others), strict=True))


def table(trace: Trace) -> pd.DataFrame:
    """Every measure, one line a token and layer: (L + 1) x T lines, layer by layer."""
    found = measures(trace)
    layers, count = trace.hidden.shape[:2]
    frame = pd.DataFrame(
        {
            "layer": np.repeat(np.arange(layers), count),
            "position": np.tile(np.arange(count), layers),
            "token": trace.pieces * layers,
        }
    )
    return frame.assign(**{name: values.ravel() for name, values in found.items()})


def path_map(trace: Trace) -> PathMap:
    """Where each of the (L + 1) x T hidden states lies on the two axes in which they differ most.

    Each vector is first brought to length 1, so that the last layer, whose LayerNorm makes all vectors short in some
    models, is not squeezed into a point: the map is one of directions. Then principal component analysis (Pearson
    1901), scikit-learn's; its random start, for long texts, is fixed.
    """
    layers, count, size = trace.hidden.shape
    x = trace.hidden.reshape(-1, size).astype(np.float64)
    x /= np.linalg.norm(x, axis=1, keepdims=True).clip(1e-12)
    total = float(x.var(axis=0).sum())
    if total == 0:  # every state alike: with every embedding removed, for instance
        return PathMap(np.zeros((layers, count, 2)), (0.0, 0.0))
    step = -(-len(x) // FIT_ROWS)  # rounded up
    points = PCA(n_components=2, random_state=0).fit(x[::step]).transform(x)  # (n, H) -> (n, 2)
    first, second = (float(v) / total for v in points.var(axis=0))
    return PathMap(points.reshape(layers, count, 2), (first, second))


def map_table(trace: Trace, found: PathMap) -> pd.DataFrame:
    """The map's points, one line a token and layer."""
    layers, count = found.points.shape[:2]
    return pd.DataFrame(
        {
            "layer": np.repeat(np.arange(layers), count),
            "position": np.tile(np.arange(count), layers),
            "token": trace.pieces * layers,
            "first direction": found.points[..., 0].ravel(),
            "second direction": found.points[..., 1].ravel(),
        }
    )


def look_measure(trace: Trace, measure: str, position: int) -> Sentence:
    """What to look for in one measure: where this token changes most, or how like the others it ends."""
    values = measures(trace)[measure]
    look = {"length": _length, "like the layer before": _turn, "like its embedding": _far, "like the others": _others}
    return look[measure](trace, values, position)


def _length(trace: Trace, values: np.ndarray, position: int) -> Sentence:
    own, jumps = values[:, position], np.diff(values[:, position])
    most = readings.best(np.abs(jumps), least=0.1)
    at = most.index
    known = {"layer": at + 1, "token": Piece(trace.pieces[position]), "old": float(own[at]), "new": float(own[at + 1])}
    if most.leads:
        template = "Look at layer {layer}: there {token} changes its length most, from {old:.1f} to {new:.1f}."
    elif most.many == 1:
        template = "Look at the two ends: the only layer brings {token} from a length of {old:.1f} to {new:.1f}."
    else:
        template = (
            "No layer changes the length of {token} much more than every other; layer {layer}, for one, does from {old:.1f} to "
            "{new:.1f}."
        )
    return say(template, **known).because(most)


def _turn(trace: Trace, values: np.ndarray, position: int) -> Sentence:
    most = readings.best(values[1:, position], least=0.01, part=0, lowest=True)
    known = {"layer": most.index + 1, "token": Piece(trace.pieces[position]), "value": readings.signed(most.value)}
    if most.leads:
        template = "Look at layer {layer}: there {token} turns most; with the layer before it keeps a cosine of {value}."
    elif most.many == 1:
        template = "The only layer leaves {token} a cosine of {value} with what came in."
    else:
        template = "No layer turns {token} more than every other; layer {layer} leaves it a cosine of {value}."
    return say(template, **known).because(most)


def _far(trace: Trace, values: np.ndarray, position: int) -> Sentence:
    far = readings.best(values[-1], least=0.01, part=0, lowest=True)
    known = {
        "token": Piece(trace.pieces[position]),
        "value": readings.signed(float(values[-1, position])),
        "far": Piece(trace.pieces[far.index]),
        "least": readings.signed(far.value),
    }
    template = "Look at the last layer: {token} still has a cosine of {value} with the vector it came in with. "
    if far.many == 1:
        template = template.removesuffix(" ")
    elif not far.leads:
        template += "No token has moved much further than every other; the cosine of {far} is {least}."
    elif far.index == position:
        template += "It has moved furthest."
    else:
        template += "{far} has moved furthest, to {least}."
    return say(template, **known).because(far)


def _others(trace: Trace, values: np.ndarray, position: int) -> Sentence:
    if len(trace.pieces) < 2:
        return say("There is only one token here: no other to compare it with.")
    mean = values.mean(axis=1)
    return say(
        "Look at the start and the end: two tokens of this text have a mean cosine of {first} before layer 1 and "
        "of {end} after layer {last}. A cosine means something only beside this one.",
        first=readings.signed(float(mean[0])),
        end=readings.signed(float(mean[-1])),
        last=trace.spec.n_layers,
    )


def look_map(trace: Trace, found: PathMap, position: int) -> Sentence:
    """What to look for in the map: the longest step of the chosen token, and how much a flat map leaves out."""
    steps = np.linalg.norm(np.diff(found.points[:, position], axis=0), axis=-1)
    if not steps.any():
        return say("Every vector of this text is alike: there is no path to see.")
    longest = readings.best(steps)
    step = "its longest step is layer {layer}" if longest.leads else "no step is much longer than every other"
    step = "it takes one step, layer {layer}" if longest.many == 1 else step
    return say(
        "Look at the path of {token}: " + step + ". The map shows {shown} of all that differs; points that lie together here "
        "may still be apart.",
        token=Piece(trace.pieces[position]),
        layer=longest.index + 1,
        shown=readings.share(sum(found.variance)),
    ).because(longest)
