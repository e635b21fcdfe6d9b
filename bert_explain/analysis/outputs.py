"""The vectors that come out: how alike they are, layer by layer, where they lie on a map, and what the pooler does.

T tokens, H hidden size, L layers. Layer 0 is the input of layer 1 (the summed and normalised embeddings), layer l the
output of layer l; "alike" is the cosine of two vectors, 1 where they point the same way, 0 where they have nothing in
common.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.metrics.pairwise import cosine_similarity

from bert_explain.analysis.remember import remember
from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.kernel import readings
from bert_explain.kernel.readings import signed
from bert_explain.trace import Trace

MOST = 0.8  # share that a map must hold to be trusted without a warning
LOUD = 1 / 3  # share of the tokens in which one dimension must be the strongest to be called loud


@dataclass(frozen=True, eq=False)
class TokenMap:
    """All tokens of all layers on one plane, so that a layer's points can be compared with the next one's."""

    points: np.ndarray  # (L + 1, T, 2)
    share: float  # share that the plane holds of all that tells the tokens of one layer apart
    shares: np.ndarray  # (L + 1,) the same within each layer


def cosines(trace: Trace, layer: int) -> np.ndarray:
    """Cosine of every two tokens' vectors after that many layers, (T, T); 0 for a vector of zeros."""
    return cosine_similarity(trace.hidden[layer].astype(np.float64)).clip(-1, 1)


def mean_cosine(table: np.ndarray) -> float:
    """The mean over all pairs of two different tokens; a cosine means something only beside it. NaN for one token."""
    count = len(table)
    return float((table.sum() - np.trace(table)) / (count * (count - 1))) if count > 1 else float("nan")


def pairs(trace: Trace, layer: int) -> pd.DataFrame:
    """Every pair of tokens with its cosine, the most alike first: T (T - 1) / 2 lines."""
    first, second = np.triu_indices(len(trace.tokens), 1)
    pieces = np.array(trace.pieces, dtype=object)
    frame = pd.DataFrame(
        {
            "token": pieces[first],
            "at": first,
            "other": pieces[second],
            "at ": second,
            "cosine": cosines(trace, layer)[first, second],
        }
    )
    return frame.sort_values("cosine", ascending=False, kind="stable", ignore_index=True)


def neighbours(trace: Trace, layer: int, position: int) -> pd.DataFrame:
    """All other tokens, the nearest by cosine first, and the place each has by its distance on the map.

    Columns: rank (from 1), position, token, cosine, on the map (rank from 1 by distance on the plane).
    """
    others = np.array([i for i in range(len(trace.tokens)) if i != position], dtype=int)
    near = cosines(trace, layer)[position, others]
    points = token_map(trace).points[layer]
    apart = np.linalg.norm(points[others] - points[position], axis=1)
    on_map = np.empty(len(others), dtype=int)
    on_map[np.argsort(apart, kind="stable")] = np.arange(1, len(others) + 1)
    order = np.argsort(-near, kind="stable")
    return pd.DataFrame(
        {
            "rank": np.arange(1, len(others) + 1),
            "position": others[order],
            "token": [trace.pieces[i] for i in others[order]],
            "cosine": near[order],
            "on the map": on_map[order],
        }
    )


def partner(trace: Trace, layer: int, position: int, chosen: int | None) -> int:
    """The token to compare with: the chosen one, else the nearest by cosine (no special token, if there is another)."""
    count = len(trace.tokens)
    if chosen is not None and chosen < count and chosen != position:
        return chosen
    near = neighbours(trace, layer, position)["position"].tolist()
    return next((i for i in near if not trace.tokens[i].special), near[0] if near else position)


def through_layers(trace: Trace, first: int, second: int) -> pd.DataFrame:
    """Two tokens from layer to layer, L + 1 lines.

    Columns: layer, cosine (of the two), mean cosine (of all pairs), length (of the first's vector), other length,
    mean length (of all).
    """
    x = trace.hidden.astype(np.float64)  # (L + 1, T, H)
    length = np.linalg.norm(x, axis=-1)  # (L + 1, T)
    unit = x / length.clip(1e-12)[..., None]
    count = x.shape[1]
    # The mean over all pairs without the T x T tables: |sum of all u|^2 is the sum over pairs and the T squares.
    others = (unit.sum(axis=1) ** 2).sum(axis=-1) - (unit**2).sum(axis=(1, 2))
    mean = others / (count * (count - 1)) if count > 1 else np.full(len(x), np.nan)
    return pd.DataFrame(
        {
            "layer": np.arange(len(x)),
            "cosine": (unit[:, first] * unit[:, second]).sum(axis=-1),
            "mean cosine": mean,
            "length": length[:, first],
            "other length": length[:, second],
            "mean length": length.mean(axis=1),
        }
    )


@remember
def token_map(trace: Trace) -> TokenMap:
    """All (L + 1) x T vectors on the two directions in which the tokens of a layer differ most from each other.

    Each vector is brought to length 1, so that near means alike by cosine, and each layer's mean is taken off: else
    the map would show what tells layers apart. Then one principal component analysis (Pearson 1901; scikit-learn's,
    by the covariance matrix: nothing in it is random) of all layers together: the same axes for every layer.
    """
    layers, count, size = trace.hidden.shape
    x = trace.hidden.astype(np.float64)
    x /= np.linalg.norm(x, axis=-1, keepdims=True).clip(1e-12)
    x -= x.mean(axis=1, keepdims=True)
    every = (x**2).sum(axis=(1, 2))  # (L + 1,)
    if every.sum() < 1e-12:  # one token, or every embedding removed: nothing differs
        return TokenMap(np.zeros((layers, count, 2)), 0.0, np.zeros(layers))
    rows = x.reshape(-1, size)
    points = PCA(n_components=2, svd_solver="covariance_eigh").fit_transform(rows).reshape(layers, count, 2)
    held = (points**2).sum(axis=(1, 2))
    return TokenMap(points, float(held.sum() / every.sum()), held / np.where(every < 1e-12, 1, every))


def map_table(trace: Trace, layer: int) -> pd.DataFrame:
    """The map's points after one layer, one line a token."""
    points = token_map(trace).points[layer]
    places = np.arange(len(points))
    return pd.DataFrame({"position": places, "token": trace.pieces, "across": points[:, 0], "up": points[:, 1]})


def loudest(trace: Trace, layer: int) -> tuple[int, int]:
    """The dimension that is the strongest (largest magnitude) of all H in most tokens, and in how many."""
    strongest = np.abs(trace.hidden[layer]).argmax(axis=1)
    dimension, count = np.unique(strongest, return_counts=True)
    most = int(count.argmax())
    return int(dimension[most]), int(count[most])


def vector_table(trace: Trace, layer: int, position: int) -> pd.DataFrame:
    """One token's vector after one layer: H lines, the strongest number first."""
    values = trace.hidden[layer][position]
    frame = pd.DataFrame({"dimension": np.arange(len(values)), "value": values})
    return frame.iloc[np.argsort(-np.abs(values), kind="stable")].reset_index(drop=True)


def pooler_table(trace: Trace) -> pd.DataFrame:
    """[CLS] after the last layer and what the pooler makes of it, H lines; the second column only with a pooler."""
    frame = pd.DataFrame(
        {"dimension": np.arange(trace.spec.hidden_size), f"{trace.spec.special.start.text}, last layer": trace.hidden[-1][0]}
    )
    return frame if trace.pooled is None else frame.assign(pooled=trace.pooled)


def named(trace: Trace, position: int) -> Piece:
    """A token's text, with its position where the text occurs more than once."""
    piece = trace.pieces[position]
    return Piece(f"{piece} ({position})" if trace.pieces.count(piece) > 1 else piece)


def look_vectors(trace: Trace, layer: int) -> Sentence:
    """What to look for in all vectors at once: a dimension that is loud in many tokens."""
    dimension, count = loudest(trace, layer)
    total, size = len(trace.tokens), trace.spec.hidden_size
    if count >= max(2, LOUD * total):
        before, after = mean_cosine(cosines(trace, layer)), mean_cosine(cosines_without(trace, layer, dimension))
        known = {"dimension": dimension, "size": size, "count": count, "total": total, "before": readings.signed(before, 3)}
        how = "hardly any less" if abs(before - after) < 0.01 else "less" if after < before else "more"
        return say(
            "Look at dimension {dimension}: of all {size} it is the strongest in {count} of {total} tokens. The mean cosine of "
            "two tokens is {before}; without this dimension it would be {after}, {how}.",
            **known,
            after=readings.signed(after, 3),
            how=how,
        )
    length = np.linalg.norm(trace.hidden[layer].astype(np.float64), axis=1)
    longest, shortest = readings.best(length, least=0.1), readings.best(length, least=0.1, lowest=True)
    known = {
        "bold": named(trace, longest.index),
        "faint": named(trace, shortest.index),
        "long": longest.value,
        "short": shortest.value,
        "count": count,
        "total": total,
        "dimension": dimension,
    }
    if total == 1:
        return say("There is one token: its vector is {long:.1f} long.", **known)
    if longest.value - shortest.value < 0.1:
        template = "All vectors are about {long:.1f} long. "
    else:
        template = "Compare a bold line with a faint one: the vector of {bold} is {long:.1f} long, that of {faint} {short:.1f}. "
    return say(
        template + "Each has a pattern of its own: no dimension is the largest number in more than {count} of {total} tokens.",
        **known,
    )


def cosines_without(trace: Trace, layer: int, dimension: int) -> np.ndarray:
    """`cosines` with one of the H numbers of every vector set to 0, (T, T)."""
    x = trace.hidden[layer].astype(np.float64)
    x[:, dimension] = 0
    return cosine_similarity(x).clip(-1, 1)


def _loud(vector: np.ndarray) -> readings.Best:
    """The number of a vector that is furthest from 0."""
    return readings.best(np.abs(vector), least=0.01)


def look_cosines(trace: Trace, layer: int) -> Sentence:
    """The two different words that are most alike, beside the mean of all pairs."""
    tokens, table = trace.tokens, cosines(trace, layer)
    i, j = np.triu_indices(len(tokens), 1)
    ordinary = np.array([not t.special and not t.masked for t in tokens])
    pieces = np.array(trace.pieces, dtype=object)
    keep = ordinary[i] & ordinary[j] & (pieces[i] != pieces[j])
    if not keep.any():
        if len(tokens) == 1:
            return say("There is only one token here: nothing to compare it with.")
        return say(
            "There are no two different words here to compare; the {count} tokens have a mean cosine of {mean}.",
            count=len(tokens),
            mean=signed(mean_cosine(table)),
        )
    values = np.where(keep, table[i, j], np.nan)
    most = readings.best(values, least=0.01, part=0)
    if most.many == 1:
        template = "Look at {one} and {other}, the only two different words here: they have a cosine of {value}. "
    elif most.leads:
        template = "Look at {one} and {other}: with a cosine of {value} they are more alike than any other two different "
        template += "words here. "
    else:
        template = "Look at {one} and {other}: they have a cosine of {value}, and other words here are about as alike. "
    return say(
        template + "All pairs have a mean of {mean}; only what lies well above it says something.",
        one=Piece(tokens[i[most.index]].text),
        other=Piece(tokens[j[most.index]].text),
        value=signed(most.value),
        mean=signed(mean_cosine(table)),
    ).because(most)


def look_pair(trace: Trace, first: int, second: int) -> Sentence:
    """How the cosine of two tokens changes from the input to the last layer, and where most."""
    found = through_layers(trace, first, second)["cosine"].to_numpy()
    one, other = named(trace, first), named(trace, second)
    if first == second or len(found) < 2:
        return say("There is only one token here: nothing to compare {one} with.", one=one)
    step = readings.best(np.abs(np.diff(found)), least=0.01)
    most = step.index
    template = "Look at the ends: {one} and {other} come in with a cosine of {start} and leave with {end}. "
    if trace.tokens[first].id == trace.tokens[second].id:
        template = (
            "The same piece twice: {one} and {other} start from the same row of the token table, with a cosine of "
            "{start}; after the last layer it is {end}, because each has read its own surroundings. "
        )
    if step.leads:
        template += "Layer {layer} changes it most, from {before} to {after}."
    elif step.many > 1:
        template += "No layer changes it much more than every other."
    return say(
        template,
        one=one,
        other=other,
        start=signed(found[0]),
        end=signed(found[-1]),
        layer=most + 1,
        before=signed(found[most]),
        after=signed(found[most + 1]),
    ).because(step)


def look_map(trace: Trace, layer: int, position: int) -> Sentence:
    """Whether the nearest point on the map is the nearest by cosine, and how much the map leaves out."""
    table, token = neighbours(trace, layer, position), named(trace, position)
    share = float(token_map(trace).shares[layer])
    if table.empty or share == 0:
        return say("Nothing tells the tokens of this text apart here: there is no map to draw.")
    near, lead = table.iloc[0], readings.best(table["cosine"], least=0.01, part=0)
    seen = table.loc[table["on the map"] == 1].iloc[0]
    if lead.many == 1:
        template = "Look at {token} and {near}: they have a cosine of {value}. "
    elif near["position"] == seen["position"] and lead.leads:
        template = "Look at {token}: {near} is its nearest by cosine, {value}, and on the map too. "
    elif near["cosine"] - seen["cosine"] < 0.01:
        template = "Look at {token}: on the map {seen} lies nearest, and by cosine, with {less}, no other is clearly nearer. "
    else:
        template = (
            "Look at {token}: on the map {seen} lies nearest, but by cosine {near} is nearer, with {value}; {seen} has {less}. "
        )
    template += "The map holds {share} of what tells the tokens of this layer apart"
    return say(
        template + (": where the two disagree, trust the list." if share < MOST else "."),
        token=token,
        near=named(trace, near["position"]),
        seen=named(trace, seen["position"]),
        value=signed(near["cosine"]),
        less=signed(seen["cosine"]),
        share=readings.share(share),
    )


def look_pooler(trace: Trace) -> Sentence:
    """What tanh does to these numbers: the strongest ones, and how many are near an end."""
    cls = trace.hidden[-1][0]
    if trace.pooled is None:
        top = _loud(cls)
        return say(
            "Look at dimension {dimension}: with {value} it is {strongest} number{s} of {start}. This model has no "
            "pooler: a classifier reads this vector as it is.",
            dimension=top.index,
            value=signed(cls[top.index]),
            strongest=readings.called(top, "strongest"),
            s="" if top.leads else "s",
            start=Piece(trace.spec.special.start.text),
        ).because(top)
    top, near = _loud(trace.pooled), int((np.abs(trace.pooled) > 0.9).sum())
    return say(
        "Look at dimension {dimension} of the lower strip: the pooler answers {value} there, {strongest} of its numbers. The "
        "tanh keeps every number between −1 and 1; {near} of {size} lie beyond ±0.9.",
        dimension=top.index,
        value=signed(trace.pooled[top.index]),
        near=near or "none",
        size=trace.spec.hidden_size,
        strongest=readings.called(top, "strongest"),
    ).because(top)
