"""Every colour, scale and font, once. A colour means the same thing in prose, pictures and tables, on every page.

Categories follow Okabe & Ito's colour-blind safe palette, darkened (light theme) or lightened (dark theme) until text in
them has a contrast of 4.5 to 1 on its background (a test measures it). Magnitudes run from the background to one hue;
signed numbers use a diverging ramp whose middle, 0, is the background.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

TEXT_FONT = '"Source Sans 3", "Source Sans", system-ui, sans-serif'
MONO_FONT = '"JetBrains Mono", ui-monospace, monospace'


@dataclass(frozen=True)
class Palette:
    """One theme's colours; the field names are the roles."""

    background: str
    card: str
    ink: str
    soft: str  # secondary text
    line: str  # hairlines
    accent: str  # links, the lit stage, the chosen thing
    special: str  # [CLS], [SEP]
    token: str
    segment_a: str
    segment_b: str
    position: str
    query: str
    key: str
    value: str
    attention: str
    hidden: str
    probability: str
    masked: str
    true_word: str
    positive: str  # signed numbers above 0
    negative: str  # signed numbers below 0

    @property
    def magnitude(self) -> list[tuple[float, str]]:
        """Plotly colour scale for 0..1: background to the hue of attention."""
        return [(0.0, self.card), (1.0, self.attention)]

    def ramp(self, role: str) -> list[tuple[float, str]]:
        """Plotly colour scale from the card's background to a role's colour."""
        return [(0.0, self.card), (1.0, getattr(self, role))]

    @property
    def signed(self) -> list[tuple[float, str]]:
        """Plotly colour scale for signed numbers; use with zmid=0."""
        return [(0.0, self.negative), (0.5, self.card), (1.0, self.positive)]


LIGHT = Palette(
    background="#fbfaf7",
    card="#ffffff",
    ink="#1d2330",
    soft="#5c6473",
    line="#e4e1d9",
    accent="#4b3da8",
    special="#5c6473",
    token="#0072b2",
    segment_a="#00795a",
    segment_b="#b0447f",
    position="#a05a00",
    query="#b84300",
    key="#00708f",
    value="#5f7300",
    attention="#4b3da8",
    hidden="#44546a",
    probability="#856500",
    masked="#1d2330",
    true_word="#0b57d0",
    positive="#0072b2",
    negative="#b84300",
)

DARK = Palette(
    background="#12151a",
    card="#1a1f27",
    ink="#eceef2",
    soft="#a2abba",
    line="#2b323d",
    accent="#b0a4ff",
    special="#a2abba",
    token="#5db4ec",
    segment_a="#3fc79b",
    segment_b="#ea8fc0",
    position="#f0b453",
    query="#ff9d66",
    key="#56c7e9",
    value="#b9cf5b",
    attention="#b0a4ff",
    hidden="#9fb0c8",
    probability="#e3c25c",
    masked="#eceef2",
    true_word="#8ab4f8",
    positive="#5db4ec",
    negative="#ff9d66",
)

Theme = Literal["light", "dark"]


def palette(theme: str | None) -> Palette:
    """The colours of the reader's theme; light unless it is "dark"."""
    return DARK if theme == "dark" else LIGHT


def segment_role(special: bool, segment: int) -> str:
    """The role (a Palette field) in which a token's text is drawn."""
    return "special" if special else ("segment_b" if segment else "segment_a")


def css_variables() -> str:
    """`--be-ROLE: light-dark(...)` for every role: the same colours in CSS, following the page's theme by themselves."""
    roles = (f.name for f in fields(Palette))
    return "".join(f"--be-{r.replace('_', '-')}:light-dark({getattr(LIGHT, r)},{getattr(DARK, r)});" for r in roles)


# All of Streamlit's own template that these figures show; whole, it would be most of a small figure, and its colours are
# those of its own theme.
_TEMPLATE = {
    "data": {"scatter": [{"marker": {"line": {"width": 0}}, "type": "scatter"}]},
    "layout": {"colorway": [f"#{n:06}" for n in range(1, 11)]},
}


def layout(p: Palette, height: int = 360) -> dict:
    """What every plotly figure shares: `figure.update_layout(**layout(palette))`. Transparent, so the card shows through."""
    axis = {"gridcolor": p.line, "zerolinecolor": p.line, "linecolor": p.line, "tickfont": {"family": MONO_FONT, "size": 12}}
    return {
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": TEXT_FONT, "size": 14, "color": p.ink},
        "hoverlabel": {"font": {"family": MONO_FONT, "size": 13}},
        "xaxis": {**axis, "automargin": True},
        "yaxis": {**axis, "automargin": True},
        "legend": {"orientation": "h", "y": 1.08, "x": 0},
        "transition": {"duration": 0},
        "template": _TEMPLATE,
    }
