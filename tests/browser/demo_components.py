"""Every component on one small page, with numbers made from a formula: what test_components_browser.py drives.

streamlit run tests/browser/demo_components.py      ?tokens=64 for that many tokens, ?tokens=0 for none
"""

import sys
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import streamlit as st

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bert_explain.figures import theme
from bert_explain.tokenize import Token
from bert_explain.ui.components import Band, Bar, bands, bars, heads_grid, matrix, token_row, tools

A = ["[CLS]", "she", "walked", "to", "the", "un", "##believ", "##ably", "old", "bank", "of", "the"]
A += ["river", ".", "[SEP]"]
B = ["the", "<b>water</b>", "was", "שלום", "and", "[MASK]", ".", "[SEP]"]
LAYERS, HEADS, SIZE = 6, 12, 384

METHODS = ("Integr. gradients", "Attention rollout")
SENTENCE = "Her grandfather repaired clocks in a small shop behind the station."


def tokens(many: int | None = None) -> list[Token]:
    """The demo's pair, or `many` made-up tokens."""
    texts = A + B if many is None else ["[CLS]", *[f"w{i}" for i in range(many - 2)], "[SEP]"][:many]
    half = len(A) if many is None else many // 2
    return [_token(text, i, int(i >= half)) for i, text in enumerate(texts)]


def _token(text: str, i: int, segment: int) -> Token:
    special, masked = text in ("[CLS]", "[SEP]"), text == "[MASK]"
    return Token(text, i, i, segment, segment, i, None, special, masked, i, text, i)


def weights(n: int) -> np.ndarray:
    """(L, A, T, T), rows sum to 1: head h looks h - A / 2 tokens away, later heads more sharply."""
    i, j, h = np.arange(n)[:, None], np.arange(n)[None, :], np.arange(HEADS)[:, None, None]
    far = -np.abs(j - i - (h - HEADS // 2)) * (0.2 + 0.3 * h)  # (A, T, T)
    e = np.exp(far + 3.0 * (j == 0) * np.arange(LAYERS)[:, None, None, None] / LAYERS)
    return (e / e.sum(-1, keepdims=True)).astype(np.float32)


def strips() -> dict[str, np.ndarray]:
    """Three vectors (H,) and their sum."""
    wave = np.sin(np.arange(SIZE) * 0.37)
    parts = {"token": 0.05 * wave**3, "segment": 0.01 * np.cos(np.arange(SIZE)), "position": 0.03 * np.roll(wave, 40)}
    return {**parts, "sum": sum(parts.values())}


def page() -> None:
    st.set_page_config(layout="wide")
    card = f"light-dark({theme.LIGHT.card}, {theme.DARK.card})"
    rules = (".stMainBlockContainer { padding: 2rem 1rem }", f"[class*='st-key-pic-'] {{ background: {card} }}")
    st.html(f"<style>{' '.join(rules)}</style>")
    many = st.query_params.get("tokens")
    shown, at = tokens(None if many is None else int(many)), st.session_state.setdefault("picked", {})
    attention = weights(len(shown))
    layer, head = at.get("heads", (1, 4))

    def put(name):
        return lambda *place: at.__setitem__(name, place)

    @st.fragment
    def pieces() -> None:
        with st.container(border=True, key="pic-tokens"):
            token_row(shown, key="row", label="Tokens", chosen={at.get("row", (5,))[0]}, on_pick=put("row"))
            token_row(shown, key="words", label="Words", colour="word", notes=[str(t.id) for t in shown])
            token_row(shown, key="shaded", label="Shaded", shade=attention[2, 5, 5] if len(shown) > 5 else None)
            tools("tools-tokens", "tokens")
            st.text(f"row: {at.get('row')}")

    pieces()
    if shown:
        with st.container(border=True, key="pic-heads"):
            heads_grid(attention, shown, key="heads", label="All heads", chosen=(layer, head), off=[(2, 2)], on_pick=put("heads"))
            tools("tools-heads", "heads")
    with st.container(border=True, key="pic-matrix"):
        matrix(
            attention[layer, head],
            shown,
            shown,
            key="matrix",
            label="One head",
            limit=1,
            chosen=at.get("matrix", (5, 4)),
            on_pick=put("matrix"),
        )
        tools("tools-matrix", "matrix")
    with st.container(border=True, key="pic-bands"):
        roles = {"token": "token", "segment": "segment_a", "position": "position", "sum": "hidden"}
        rows = [Band(n, v, roles[n], {"token": "", "sum": "="}.get(n, "+")) for n, v in strips().items()]
        bands(rows, key="bands", label="Strips", chosen=at.get("bands", (17,))[0], on_pick=put("bands"))
        tools("tools-bands", "bands")
    with st.container(border=True, key="pic-bars"):
        items = [Bar("edge", 0.51), Bar("middle", 0.22, mark="true word", note="rank 2"), Bar("<i>end</i>", 0.043)]
        bars([*items, Bar("שלום", 0.0004)], key="bars", label="Predictions", on_pick=put("bars"))
        tools("tools-bars", "bars")
    with st.container(border=True, key="pic-signed"):
        table = np.array([[0.5, -0.2, np.nan], [1.0, -1.0, 0.0]])
        matrix(
            table,
            ["one", "two"],
            ["x", "y", "z"],
            key="signed",
            label="Signed",
            scale="signed",
            sentence="{row} and {column}: {value}",
        )
        tools("tools-signed", "signed")
    with st.container(border=True, key="pic-named"):
        shares = np.linspace(-1, 1, 38).reshape(2, 19)
        names = [f"w{j}" for j in range(19)]
        matrix(shares, list(METHODS), names, key="named", label="Named", scale="signed", sentence="{row}, {column}: {value}")
    with st.container(border=True, key="pic-sentences"):
        bars([Bar(SENTENCE, 0.4), Bar("A short one.", 0.2)], key="sentences", label="Sentences")
    with st.container(border=True, key="pic-plot"):
        figure = go.Figure(go.Heatmap(z=attention[layer, head, :20, :20]))
        st.plotly_chart(figure.update_layout(height=300, title="A plotly figure"), key="plot", theme=None)
        tools("tools-plot", "plot")
    st.button("again", key="again")
    st.text(f"picked: {sorted(at.items())}")


if __name__ == "__main__":
    page()
