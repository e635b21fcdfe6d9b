"""Input embeddings of one text: the three rows that are summed for each token, and LayerNorm.

Devlin et al. 2019, section 3 and figure 2: token + segment + position. Ba et al. 2016, section 3: LayerNorm.

Shapes: T tokens, H hidden size.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from bert_explain.analysis.remember import remember
from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.trace import Trace

PARTS = ("token", "segment", "position")
ALL = slice(None)
PAIRS = (("token", "segment"), ("token", "position"), ("segment", "position"))


# one token: sum, then LayerNorm -------------------------------------------------------------------------------------
def spread(trace: Trace, position: int) -> tuple[float, float]:
    """Mean of the H numbers of a token's sum; standard deviation as LayerNorm takes it, sqrt(variance + eps)."""
    total = trace.embeddings.total[position].astype(np.float64)  # (H,)
    return float(total.mean()), float(np.sqrt(total.var() + trace.embeddings.norm_eps))


def dimensions(trace: Trace, position: int) -> pd.DataFrame:
    """One token on its way into layer 1, H rows, one a dimension.

    token + segment + position = sum; (sum - mean) / deviation = standardised;
    scale * standardised + shift = normalised.
    """
    e = trace.embeddings
    mean, deviation = spread(trace, position)
    columns = {part: getattr(e, part)[position] for part in PARTS}
    columns |= {
        "sum": e.total[position],
        "standardised": ((e.total[position] - mean) / deviation).astype(np.float32),
        "scale": e.norm_weight,
        "shift": e.norm_bias,
        "normalised": e.normalised[position],
    }
    return pd.DataFrame(columns).rename_axis("dimension")


def largest(trace: Trace, position: int) -> int:
    """The dimension in which this token's sum is furthest from 0."""
    return int(np.abs(trace.embeddings.total[position]).argmax())


def look_sum(trace: Trace, position: int) -> Sentence:
    """Which part the sum is mostly made of, and one dimension added up."""
    row = lengths(trace).loc[position]
    piece = Piece(trace.pieces[position])
    if np.isnan(row["share token"]):
        return say("Nothing is left of {piece}: the sum is 0 in every dimension.", piece=piece)
    first, second, third = sorted(PARTS, key=lambda part: -row[f"share {part}"])
    at = largest(trace, position)
    t, s, p, total = dimensions(trace, position).loc[at, [*PARTS, "sum"]]
    return say(
        "The sum for {piece} is mostly its {first} row: {x}, with {y} from the {second} and {z} from the {third}. "
        "Look at dimension {at}, the furthest from 0: {t:.3f} {s_sign} {s:.3f} {p_sign} {p:.3f} = {total:.3f}.",
        piece=piece, first=first, second=second, third=third, x=percent(row[f"share {first}"]),
        y=percent(row[f"share {second}"]), z=percent(row[f"share {third}"]), at=at, t=t, s_sign=sign(s), s=abs(s),
        p_sign=sign(p), p=abs(p), total=total,
    )  # fmt: skip


def look_norm(trace: Trace, position: int) -> Sentence:
    """What LayerNorm measures on this token, and which number it leaves furthest from 0."""
    mean, deviation = spread(trace, position)
    out = trace.embeddings.normalised[position]
    top = int(np.abs(out).argmax())
    return say(
        "The {h} numbers of the sum have mean {mean:.4f} and standard deviation {deviation:.4f}; the first "
        "strip shows them with mean 0 and standard deviation 1. After the learned scale and shift, dimension {top} is "
        "furthest from 0: {value:.2f}.",
        h=len(out), mean=mean, deviation=deviation, top=top, value=float(out[top]),
    )  # fmt: skip


def percent(share: float) -> str:
    """A share of a sum for reading, "78 %"; it may be negative."""
    return f"{100 * share:.0f}\u00a0%"


def sign(number: float) -> str:
    """The sign between two terms of a sum."""
    return "−" if number < 0 else "+"


# all tokens: lengths, shares, cosines -------------------------------------------------------------------------------
@remember
def lengths(trace: Trace) -> pd.DataFrame:
    """The three parts over the text, T rows.

    token, segment, position, sum: Euclidean lengths.
    share PART: (part · sum) / |sum|², how much of the sum is due to the part. The three shares add up to 1; a part that
    points against the sum has a negative one.
    cos X·Y: cosine between two parts.
    NaN where a length is 0: the part is removed, or the model has none.
    """
    e = trace.embeddings
    rows = {part: getattr(e, part).astype(np.float64) for part in PARTS}  # (T, H) each
    total = sum(rows.values())
    table: dict[str, object] = {"piece": trace.pieces}
    table |= {name: np.linalg.norm(row, axis=1) for name, row in (*rows.items(), ("sum", total))}
    square = np.einsum("th,th->t", total, total)
    table |= {f"share {name}": _ratio(np.einsum("th,th->t", row, total), square) for name, row in rows.items()}
    for x, y in PAIRS:
        table[f"cos {x}·{y}"] = _ratio(np.einsum("th,th->t", rows[x], rows[y]), table[x] * table[y])
    return pd.DataFrame(table).rename_axis("at")


def look_lengths(trace: Trace, within: slice = ALL) -> Sentence:
    """Which part is the longest, and where it is not; `within` those positions."""
    table = lengths(trace)[within]
    longest = table[list(PARTS)].idxmax(axis=1)
    usual = longest.mode()[0]
    if (longest == usual).all():
        at = int(table[usual].idxmax())
        return say(
            "The {part} row is the longest of the three at every token. The longest of all is at {piece}: {x:.2f}.",
            part=usual, piece=Piece(trace.pieces[at]), x=table[usual][at],
        )  # fmt: skip
    other = table[longest != usual]
    at = int((other[list(PARTS)].max(axis=1) - other[usual]).idxmax())
    return say(
        "The {part} row is the longest of the three at {n} of {t} tokens. Not so at {piece}: there the {other} row is "
        "longer, {x:.2f} against {y:.2f}.",
        part=usual, n=int((longest == usual).sum()), t=len(table), piece=Piece(trace.pieces[at]), other=longest[at],
        x=table[longest[at]][at], y=table[usual][at],
    )  # fmt: skip


def look_shares(trace: Trace, within: slice = ALL) -> Sentence:
    """Where the token row makes up least of the sum; `within` those positions."""
    shares = lengths(trace)[within][[f"share {part}" for part in PARTS]]
    if shares.isna().to_numpy().any():
        return say("Nothing is left to share: the sum is 0.")
    at = int(shares["share token"].idxmin())
    rest = max(PARTS[1:], key=lambda part: shares[f"share {part}"][at])
    return say(
        "On average {mean} of a sum is its token row. The least is at {piece}, {low}: there the {rest} row gives "
        "{other}.",
        mean=percent(shares["share token"].mean()), low=percent(shares["share token"][at]), rest=rest,
        piece=Piece(trace.pieces[at]), other=percent(shares[f"share {rest}"][at]),
    )  # fmt: skip


def look_cosines(trace: Trace, within: slice = ALL) -> Sentence:
    """How far the parts are from right angles to each other; `within` those positions."""
    table = lengths(trace)[within][[f"cos {x}·{y}" for x, y in PAIRS]].dropna(axis=1, how="all")
    if table.empty:
        return say("Fewer than two parts are left, so there is no angle to measure.")
    pair = table.abs().max().idxmax()
    at = int(table[pair].abs().idxmax())
    x, y = pair.removeprefix("cos ").split("·")
    return say(
        "The cosines are {mean:.2f} away from 0 on average. Furthest are {x} and {y} at {piece}: {value:.2f}.",
        mean=float(np.nanmean(table.abs())), x=x, y=y, piece=Piece(trace.pieces[at]), value=table[pair][at],
    )  # fmt: skip


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """above / below, NaN where below is 0."""
    return np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)
