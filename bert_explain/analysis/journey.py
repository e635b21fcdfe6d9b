"""Where each token's vector goes from layer to layer: its length, its direction, and a map of all paths.

T tokens, L layers, H hidden size. Layer 0 is the input: the summed and normalised embeddings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA

from bert_explain.analysis.sentence import Piece, Sentence, say
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
        ((unit * unit.sum(axis=1, keepdims=True)).sum(axis=-1) - own) / (count - 1)
        if count > 1
        else np.full_like(length, np.nan)
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
    found = measures(trace)
    values, token, last = found[measure][:, position], Piece(trace.pieces[position]), trace.model.n_layers
    if measure == "length":
        jumps = np.diff(values)
        most = int(np.abs(jumps).argmax())
        return say(
            "Look at layer {layer}: there {token} changes its length most, from {old:.1f} to {new:.1f}.",
            layer=most + 1,
            token=token,
            old=float(values[most]),
            new=float(values[most + 1]),
        )
    if measure == "like the layer before":
        most = int(np.nanargmin(values))
        return say(
            "Look at layer {layer}: there {token} turns most; with the layer before it keeps a cosine of {value:.2f}.",
            layer=most,
            token=token,
            value=float(values[most]),
        )
    if measure == "like its embedding":
        order = np.argsort(found[measure][last])
        far = int(order[0])
        return say(
            "Look at the last layer: {token} still has a cosine of {value:.2f} with the vector it came in with. "
            "{far} has moved furthest, to {least:.2f}.",
            token=token,
            value=float(values[last]),
            far=Piece(trace.pieces[far]),
            least=float(found[measure][last, far]),
        )
    mean = np.nanmean(found[measure], axis=1) if len(trace.pieces) > 1 else np.zeros(last + 1)
    return say(
        "Look at the start and the end: two tokens of this text have a mean cosine of {first:.2f} before layer 1 and "
        "of {end:.2f} after layer {last}. A cosine means something only beside this one.",
        first=float(mean[0]),
        end=float(mean[-1]),
        last=last,
    )


def look_map(trace: Trace, found: PathMap, position: int) -> Sentence:
    """What to look for in the map: the longest step of the chosen token, and how much a flat map leaves out."""
    steps = np.linalg.norm(np.diff(found.points[:, position], axis=0), axis=-1)
    if not steps.any():
        return say("Every vector of this text is alike: there is no path to see.")
    most = int(steps.argmax())
    return say(
        "Look at the path of {token}: its longest step is layer {layer}. The map shows {shown:.0%} of all that "
        "differs; points that lie together here may still be apart.",
        token=Piece(trace.pieces[position]),
        layer=most + 1,
        shown=sum(found.variance),
    )
