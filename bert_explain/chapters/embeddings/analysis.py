"""Input embeddings of one text: the three rows that are summed for each token, and LayerNorm.

Devlin et al. 2019, section 3 and figure 2: token + segment + position. Ba et al. 2016, section 3: LayerNorm.

Shapes: T tokens, H hidden size.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd

from bert_explain.analysis.remember import remember
from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.kernel import readings
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
    at = largest(trace, position)
    t, s, p, total = dimensions(trace, position).loc[at, [*PARTS, "sum"]]
    furthest = readings.best(np.abs(trace.embeddings.total[position]))
    there = sorted((part for part in PARTS if row[part] > 0), key=lambda part: -row[f"share {part}"])
    first, *others = there
    known = {"piece": piece, "first": first, "x": readings.share(row[f"share {first}"])}
    rest = readings.listed([f"{readings.share(row[f'share {part}'])} from the {part}" for part in others])
    if not others:
        template = "The sum for {piece} is its {first} row alone. "
    elif row[f"share {first}"] >= readings.MOSTLY:
        template = "The sum for {piece} is mostly its {first} row: {x}, with {rest}. "
    else:
        template = "No row alone makes the sum for {piece}: {x} of it is due to the {first} row, with {rest}. "
    middle = "{s_sign} {s:.3f} " if trace.spec.has_segments or trace.embeddings.segment.any() else ""
    return say(
        template + f"Look at dimension {{at}}, {{furthest}} from 0: {{t:.3f}} {middle}{{p_sign}} {{p:.3f}} = {{total:.3f}}.",
        **known,
        rest=rest,
        at=at,
        furthest=readings.called(furthest, "furthest"),
        t=t,
        s_sign=sign(s),
        s=abs(s),
        p_sign=sign(p),
        p=abs(p),
        total=total,
    ).because(furthest)


def look_norm(trace: Trace, position: int) -> Sentence:
    """What LayerNorm measures on this token, and which number it leaves furthest from 0."""
    mean, deviation = spread(trace, position)
    out = trace.embeddings.normalised[position]
    top = readings.best(np.abs(out), least=0.01)
    return say(
        "The {h} numbers of the sum have mean {mean:.4f} and standard deviation {deviation:.4f}; the first "
        "strip shows them with mean 0 and standard deviation 1. After the learned scale and shift, dimension {top} is "
        "{furthest} from 0: {value}.",
        h=len(out),
        mean=mean,
        deviation=deviation,
        top=top.index,
        value=readings.signed(float(out[top.index])),
        furthest="furthest" if top.leads else "among the furthest",
    ).because(top)


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
    table = {name: np.linalg.norm(row, axis=1) for name, row in (*rows.items(), ("sum", total))}
    square = np.einsum("th,th->t", total, total)
    table |= {f"share {name}": _ratio(np.einsum("th,th->t", row, total), square) for name, row in rows.items()}
    for x, y in PAIRS:
        table[f"cos {x}·{y}"] = _ratio(np.einsum("th,th->t", rows[x], rows[y]), table[x] * table[y])
    return pd.DataFrame({"piece": trace.pieces, **table}).rename_axis("at")


def look_lengths(trace: Trace, within: slice = ALL) -> Sentence:
    """Which part is the longest, and where it is not; `within` those positions."""
    table = lengths(trace)[within]
    there = [part for part in PARTS if table[part].any()]
    if not there:
        return say("Nothing is left of these rows: all of them are 0.")
    if len(there) == 1:
        return say("Only the {part} row is left: there is no other to compare its length with.", part=there[0])
    leads = [readings.best(row, least=0.01) for row in table[there].to_numpy()]
    usual = (
        there[Counter(found.index for found in leads if found.leads).most_common(1)[0][0]]
        if any(found.leads for found in leads)
        else ""
    )
    where = readings.many(len(table), "token")
    if not usual:
        return say("At none of {where} is one row much longer than the others.", where=where)
    ahead = [found.leads and there[found.index] == usual for found in leads]
    rows = "two" if len(there) == 2 else "three"
    if all(ahead):
        top = readings.best(table[usual], least=0.01)
        at = table.index[top.index]
        template = (
            "The {part} row is the longest of the {rows} at every token. The longest of all is at {piece}: {x:.2f}."
            if top.leads
            else "The {part} row is the longest of the {rows} at every token, {x:.2f} long at {piece}."
        )
        if len(table) == 1:
            template = "The {part} row is the longest of the {rows} at {piece}: {x:.2f}."
        return say(template, part=usual, rows=rows, piece=Piece(trace.pieces[at]), x=top.value).because(*leads, top)
    other = table[there][[not here for here in ahead]]
    at = (other.max(axis=1) - other[usual]).idxmax()
    rival = other.loc[at].drop(usual).idxmax()
    x, y = table[rival][at], table[usual][at]
    how = "longer, {x:.2f} against {y:.2f}" if x - y >= 0.01 else "nearly as long, {x:.2f} against {y:.2f}"
    return say(
        "The {part} row is clearly the longest of the {rows} at {n} of {where}. Not so at {piece}: there the {other} row is "
        + how
        + ".",
        part=usual,
        rows=rows,
        n=sum(ahead),
        where=where,
        piece=Piece(trace.pieces[at]),
        other=rival,
        x=x,
        y=y,
    ).because(*[found for found, here in zip(leads, ahead, strict=True) if here])


def look_shares(trace: Trace, within: slice = ALL) -> Sentence:
    """Where the token row makes up least of the sum; `within` those positions."""
    table = lengths(trace)[within]
    shares = table[[f"share {part}" for part in PARTS]]
    if shares.isna().to_numpy().any():
        return say("Nothing is left to share: the sum is 0.")
    low = readings.best(shares["share token"], least=0.01, part=0, lowest=True)
    at = shares.index[low.index]
    rest = max((part for part in PARTS[1:] if table[part].any()), key=lambda part: shares[f"share {part}"][at], default=None)
    known = {"mean": readings.share(shares["share token"].mean()), "piece": Piece(trace.pieces[at])}
    if rest is None:
        return say("The token row is all of every sum: nothing else is left.")
    if len(shares) == 1:
        template = "{low} of the sum of {piece} is its token row; the {rest} row gives {other}."
    elif low.leads:
        template = "On average {mean} of a sum is its token row. The least is at {piece}, {low}: there the {rest} row gives "
        template += "{other}."
    else:
        template = (
            "On average {mean} of a sum is its token row, and no token has much less than every other. At {piece} it is {low}: "
            "there the {rest} row gives {other}."
        )
    return say(
        template, **known, low=readings.share(low.value), rest=rest, other=readings.share(shares[f"share {rest}"][at])
    ).because(low)


def look_cosines(trace: Trace, within: slice = ALL) -> Sentence:
    """How far the parts are from right angles to each other; `within` those positions."""
    table = lengths(trace)[within][[f"cos {x}·{y}" for x, y in PAIRS]].dropna(axis=1, how="all")
    if table.empty:
        return say("Fewer than two parts are left, so there is no angle to measure.")
    away = table.abs().to_numpy()  # (T, up to 3)
    far = readings.best(away, least=0.01, part=0)
    row, column = np.unravel_index(far.index, away.shape)
    x, y = table.columns[column].removeprefix("cos ").split("·")
    if far.many == 1:
        template = "The {x} and the {y} row of {piece} have a cosine of {value}."
    else:
        template = "The cosines are {mean:.2f} away from 0 on average. " + (
            "Furthest are" if far.leads else "Among the furthest are"
        )
        template += " {x} and {y} at {piece}: {value}."
    return say(
        template,
        mean=float(np.nanmean(away)),
        x=x,
        y=y,
        piece=Piece(trace.pieces[table.index[row]]),
        value=readings.signed(float(table.iloc[row, column])),
    ).because(far)


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """above / below, NaN where below is 0."""
    return np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)
