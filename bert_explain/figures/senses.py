"""Pictures of one word in many sentences: squares of cosines, the map, lines by layer, lists of what was found.

Sentences and labels come from the reader: they are escaped here, for HTML and for plotly.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from bert_explain.analysis.occurrences import Occurrence
from bert_explain.figures import theme
from bert_explain.figures.chart import chart, kept, title
from bert_explain.figures.payload import Bar
from bert_explain.figures.theme import Palette
from bert_explain.kernel.text import plotly

MODELS = {  # role, dash, symbol: a line is told by more than its colour
    "word2vec": ("token", "dot", "diamond"),
    "glove": ("position", "dot", "square"),
    "elmo": ("segment_a", "dash", "triangle-up"),
    "decoder": ("segment_b", "dashdot", "cross"),
    "bert": ("accent", "solid", "circle"),
}
KINDS = (  # of labels, in the order in which they come
    ("segment_a", "circle"),
    ("segment_b", "diamond"),
    ("token", "square"),
    ("position", "triangle-up"),
    ("attention", "cross"),
    ("value", "star"),
    ("query", "x"),
    ("soft", "hexagon"),
)
GAP = "4px"  # between two labels in a square
NEAR = 38  # characters of a sentence on each side of the word
LISTED = 160  # the same, where sentences stand under each other: a very long one must not push all others away


def colours(labels: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Role and symbol of each label, in the order of their first use; no label is grey."""
    names = [name for name in dict.fromkeys(labels) if name]
    return {name: KINDS[i % len(KINDS)] for i, name in enumerate(names)} | {"": ("soft", "circle-open")}


def lowest(cosines: np.ndarray) -> float:
    """The lowest cosine of a square: what is drawn without colour; just below 1 where all are equal."""
    there = cosines[~np.isnan(cosines)]
    return float(min(there.min(), 0.999)) if there.size else 0.0


def squares(tables: Sequence[tuple[str, str, np.ndarray]], labels: Sequence[str]) -> str:
    """One small square of cosines for each model, (title, layer, (N, N)), as HTML that wraps; gaps part the labels."""
    return f'<div class="squares">{"".join(_square(*table, labels) for table in tables)}</div>'


def _square(name: str, layer: str, cosines: np.ndarray, labels: Sequence[str]) -> str:
    least = lowest(cosines)
    tracks, lines = _tracks(labels)
    cells = []
    for i, row in enumerate(cosines):
        for j, value in enumerate(row):
            strength = 0.05 + 0.95 * (value - least) / (1 - least)
            look = (
                "outline:1px dotted var(--be-line)"
                if np.isnan(value)
                else f"background:var(--be-attention);opacity:{strength:.2f}"
            )
            cells.append(f'<i style="grid-area:{lines[i]}/{lines[j]};{look}"></i>')
    missing = int(np.isnan(cosines).all(axis=1).sum())
    said = f"lowest {least:.2f}" if np.nanmin(cosines, initial=1) < 0.9995 else "all alike: 1.00"
    said = f"no vector for {missing}" if missing == len(cosines) else said + (f", {missing} without" if missing else "")
    grid = f"grid-template-columns:{tracks};grid-template-rows:{tracks}"
    return (
        f'<figure><div class="cells" style="{grid}" role="img" aria-label="{escape(name)}, {escape(layer)}: {said}">'
        f"{''.join(cells)}</div><figcaption><b>{escape(name)}</b> {escape(layer)}<br>{said}</figcaption></figure>"
    )


def _tracks(labels: Sequence[str]) -> tuple[str, list[int]]:
    """The tracks of a square's grid, with a narrow one between two labels, and each sentence's place among them."""
    tracks, lines = [], []
    for i, label in enumerate(labels):
        if i and label != labels[i - 1]:
            tracks.append(GAP)
        tracks.append("1fr")
        lines.append(len(tracks))
    return " ".join(tracks), lines


def without_diagonal(cosines: np.ndarray) -> np.ndarray:
    """The same table with empty cells where a sentence meets itself."""
    table = cosines.copy()
    np.fill_diagonal(table, np.nan)
    return table


def names(occurrences: Sequence[Occurrence]) -> list[str]:
    """Short names for the rows of a table: number and label."""
    return [f"{i + 1} {o.label}".strip() for i, o in enumerate(occurrences)]


def short(occurrence: Occurrence, near: int = NEAR) -> str:
    """The word with what stands nearest to it, cut at both ends where it is longer."""
    return "".join(_near(occurrence, near))


def _near(occurrence: Occurrence, near: int) -> tuple[str, str, str]:
    """Before the word, the word, behind it; cut between two words, or within one that is longer than `near`."""
    before, form, after = occurrence.around
    if len(before) > near:
        before = "… " + (before[-near:].partition(" ")[2] or before[-near:])
    if len(after) > near:
        after = (after[:near].rpartition(" ")[0] or after[:near]) + " …"
    return before, form, after


def listed(occurrences: Sequence[Occurrence], chosen: int) -> str:
    """The sentences with their word marked and their label, as an HTML list; the chosen one stands out."""
    roles = colours([o.label for o in occurrences])
    rows = "".join(
        f'<li class="{"chosen" if i == chosen else ""}"><span class="mark" style="color:{_role(roles[o.label][0])}">'
        f'{escape(o.label)}</span><span class="said" dir="auto">{marked(o, LISTED)}</span></li>'
        for i, o in enumerate(occurrences)
    )
    return f'<ol class="occurrences">{rows}</ol>'


def marked(occurrence: Occurrence, near: int | None = None) -> str:
    """A sentence as HTML, its word in bold; only `near` characters of it on each side, if that is said."""
    parts = occurrence.around if near is None else _near(occurrence, near)
    before, form, after = (escape(part) for part in parts)
    return f"{before}<b>{form}</b>{after}"


def _role(role: str) -> str:
    return f"var(--be-{role.replace('_', '-')})"


def nearest_bars(found: pd.DataFrame, occurrences: Sequence[Occurrence], least: float) -> list[Bar]:
    """One bar a row of `senses.nearest`, from the lowest cosine (no bar) to 1; the mark says whether labels agree."""
    return [
        Bar(
            short(occurrences[row.number - 1], 24),
            max(0.0, (row.cosine - least) / (1 - least)) if least < 1 else 1.0,
            "attention",
            shown=f"{row.cosine:.2f}",
            note=f"{row.number} {row.label}".strip(),
        )
        for row in found.itertuples()
    ]


def _beside(points: np.ndarray, apart: float) -> np.ndarray:
    """Where each point's number is written, (N,) of plotly's places: above it, unless other points or numbers are there."""
    places = {"top center": (0, 1), "bottom center": (0, -1), "middle right": (1, 0), "middle left": (-1, 0)}
    taken, chosen = np.nan_to_num(points, nan=np.inf), []
    for i, point in enumerate(points):
        at = {name: point + 0.08 * apart * np.array(way) for name, way in places.items()}
        others = np.delete(taken, i, axis=0)
        room = {name: float(np.linalg.norm(others - spot, axis=1).min(initial=np.inf)) for name, spot in at.items()}
        free = [name for name in places if room[name] > 0.09 * apart]
        chosen.append(free[0] if free else max(places, key=lambda name: room[name]))
        if not np.isnan(point[0]):
            taken = np.vstack([taken, at[chosen[-1]]])
    return np.array(chosen)


def sense_map(points: np.ndarray, around: np.ndarray, occurrences: Sequence[Occurrence], chosen: int, palette: Palette):
    """The occurrences on the plane (N, 2), shaped and coloured by label. `around` (K, N, 2) sets the axes."""
    kinds, traces = colours([o.label for o in occurrences]), []
    apart = np.nanmax(np.abs(around), initial=0.0) or 1.0
    beside = _beside(points, apart)
    for name, (role, symbol) in kinds.items():
        at = np.array([i for i, o in enumerate(occurrences) if o.label == name and not np.isnan(points[i, 0])], dtype=int)
        if not at.size:
            continue
        ring = [palette.ink if i == chosen else palette.card for i in at]
        traces.append(
            go.Scatter(
                x=points[at, 0],
                y=points[at, 1],
                mode="markers+text",
                name=plotly(name) or "no label",
                marker={
                    "color": getattr(palette, role),
                    "symbol": symbol,
                    "size": [17 if i == chosen else 13 for i in at],
                    "line": {"color": ring, "width": [2 if i == chosen else 1 for i in at]},
                },
                text=np.array([str(i + 1) for i in at]),
                textposition=beside[at],
                cliponaxis=False,
                textfont={"family": theme.MONO_FONT, "size": 12, "color": palette.ink},
                customdata=np.array([plotly(f"{i + 1}: {short(occurrences[i])}") for i in at]),
                hovertemplate="%{customdata}<extra></extra>",
            )
        )
    axis = {"range": [-1.18 * apart, 1.18 * apart], "visible": False}
    return chart(traces, palette, 380, dict(axis), {**axis, "scaleanchor": "x"}, **_above(palette))


@kept
def by_layer(
    table: pd.DataFrame,
    palette: Palette,
    *,
    what: str,
    layer: int | None = None,
    percent: bool = False,
    chance: float | None = None,
    height: int = 300,
) -> go.Figure:
    """`value` by `layer`, one line a model; a model with one layer is a mark, and a thin line to compare with."""
    traces, notes = [], []
    last = int(table["layer"].max()) if len(table) else 0
    form = ".1%" if percent else ".2f"
    for key, rows in table.groupby("key", sort=False):
        role, dash, symbol = MODELS[key]
        colour, name = getattr(palette, role), rows["model"].iloc[0]
        x, y = rows["layer"].to_numpy(), rows["value"].to_numpy(dtype=float)
        static = len(rows) == 1
        if static and last:
            x, y = np.array([0, last]), np.repeat(y, 2)
        hover = f"{name}: %{{y:{form}}}<extra></extra>" if static else f"{name}, layer %{{x}}: %{{y:{form}}}<extra></extra>"
        traces.append(
            go.Scatter(
                x=x,
                y=y,
                name=name,
                mode="lines+markers",
                cliponaxis=False,
                hovertemplate=hover,
                line={"color": colour, "width": 1.2 if static else 2.5, "dash": dash},
                marker={"symbol": symbol, "size": 8 if static else 9, "color": colour},
            )
        )
    if chance is not None:
        traces.append(
            go.Scatter(
                x=np.array([0, last]),
                y=np.array([chance, chance]),
                mode="lines",
                name="guessing",
                cliponaxis=False,
                line={"color": palette.soft, "width": 1.5, "dash": "2px,4px"},
                hovertemplate=f"guessing: %{{y:{form}}}<extra></extra>",
            )
        )
    if layer is not None:
        at = min(layer, last)
        notes.append(
            {
                "type": "rect",
                "xref": "x",
                "yref": "paper",
                "x0": at - 0.3,
                "x1": at + 0.3,
                "y0": 0,
                "y1": 1,
                "fillcolor": palette.accent,
                "opacity": 0.09,
                "line": {"width": 0},
            }
        )
    x = {
        "title": title("layer (0 = input)"),
        "dtick": 1,
        "showgrid": False,
        "zeroline": False,
        "range": [-0.35, last + 0.35],
    }
    y = {"title": title(what), "tickformat": ".0%" if percent else ".1f", "nticks": 6}
    y |= {"rangemode": "tozero"} if percent else {}
    return chart(traces, palette, height, x, y, shapes=notes, **_above(palette))


def _above(palette: Palette) -> dict:
    """A legend above the picture, and the room for it."""
    legend = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
    return {"legend": legend, "margin": theme.layout(palette)["margin"] | {"t": 48}}


def found_list(hits: pd.DataFrame) -> str:
    """What a search found, as an HTML list: cosine, the meaning's letter, the sentence, the definition."""
    rows = "".join(_hit(row) for row in hits.itertuples())
    return f'<ol class="hits">{rows}</ol>'


def _hit(row) -> str:
    sentence = marked(Occurrence(row.sentence, row.start, row.end))
    letter = f'<span class="letter">{escape(row.meaning)}</span>' if row.meaning else ""
    return (
        f'<li><span class="cosine">{row.cosine:.2f}</span><div>{letter}<span class="said">{sentence}</span>'
        f'<p class="means">{escape(row.word)}, {escape(row.kind)}: {escape(row.definition)}</p></div></li>'
    )
