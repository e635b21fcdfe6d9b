"""Every component on one small page, with numbers made from a formula: what test_components_browser.py drives."""

import sys
from pathlib import Path

import numpy as np
import streamlit as st

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bert_explain.tokenize import Token
from bert_explain.ui.components import Band, Bar, bands, bars, heads_grid, matrix, token_row, tools

A = "[CLS] she walked to the un ##believ ##ably old bank of the river . [SEP]".split()
B = "the <b>water</b> was שלום and [MASK] . [SEP]".split()
MANY = int(st.query_params.get("tokens", "0"))


def tokens() -> list[Token]:
    texts = A + B if not MANY else ["[CLS]", *[f"w{i}" for i in range(MANY - 2)], "[SEP]"]
    words, made = 0, []
    for i, text in enumerate(texts):
        words += not text.startswith("##")
        segment = int(i >= len(A)) if not MANY else int(i > MANY // 2)
        special, masked = text in ("[CLS]", "[SEP]"), text == "[MASK]"
        made.append(Token(text, i, i, segment, segment, words, None, special, masked, i, text, i))
    return made


def weights(n_layers: int, n_heads: int, n: int) -> np.ndarray:
    """(L, A, T, T), rows sum to 1: each head looks `offset` tokens away, more sharply in later heads."""
    i, j = np.arange(n)[:, None], np.arange(n)[None, :]
    scores = [
        [-np.abs(j - i - (h - n_heads // 2)) * (0.2 + 0.3 * h) + 3.0 * (j == 0) * (layer / n_layers) for h in range(n_heads)]
        for layer in range(n_layers)
    ]
    e = np.exp(np.array(scores))
    return (e / e.sum(-1, keepdims=True)).astype(np.float32)


st.set_page_config(layout="wide")
st.html("<style>.stMainBlockContainer{max-width:1180px;padding:2rem 1.75rem}[class*='st-key-pic-']{border-radius:12px;background:light-dark(#fff,#1a1f27)}</style>")
st.session_state.setdefault("picked", {})


def put(name):
    return lambda *place: st.session_state.picked.__setitem__(name, place)


shown, at = tokens(), st.session_state.picked
attention = weights(6, 12, len(shown))
layer, head = at.get("heads", (1, 4))
wave = np.sin(np.arange(384) * 0.37)
parts = {"token": 0.05 * wave**3, "segment": 0.01 * np.cos(np.arange(384)), "position": 0.03 * np.roll(wave, 40)}


@st.fragment
def pieces():
    with st.container(border=True, key="pic-tokens"):
        st.subheader("Tokens")
        token_row(shown, key="row", label="Tokens", chosen={at.get("row", (5,))[0]}, on_pick=put("row"))
        token_row(shown, key="words", label="Words", colour="word", notes=[str(t.id + 1996) for t in shown])
        token_row(shown, key="shaded", label="Shaded", shade=attention[2, 5, 5])
        tools("tools-tokens", "tokens")
        st.text(f"row: {at.get('row')}")


pieces()
left, right = st.columns([1, 2])
with left, st.container(border=True, key="pic-heads"):
    st.subheader("All heads")
    heads_grid(
        attention, shown, key="heads", label="All heads", chosen=(layer, head), off=[(2, 2), (5, 11)], on_pick=put("heads")
    )
    tools("tools-heads", "heads")
with right, st.container(border=True, key="pic-matrix"):
    st.subheader(f"Layer {layer + 1}, head {head + 1}")
    place = at.get("matrix", (5, 4))
    matrix(attention[layer, head], shown, shown, key="matrix", label="One head", limit=1, chosen=place, on_pick=put("matrix"))
    tools("tools-matrix", "matrix")
with st.container(border=True, key="pic-bands"):
    st.subheader("Strips")
    rows = [Band("token", parts["token"], "token"), Band("segment", parts["segment"], "segment_a", "+")]
    rows += [Band("position", parts["position"], "position", "+"), Band("sum", sum(parts.values()), "hidden", "=")]
    bands(rows, key="bands", label="Strips", chosen=at.get("bands", (17,))[0], on_pick=put("bands"))
    tools("tools-bands", "bands")
one, two = st.columns(2)
with one, st.container(border=True, key="pic-bars"):
    st.subheader("Bars")
    p = [0.51, 0.22, 0.043, 0.0004]
    words = ["edge", "middle", "<i>end</i>", "שלום"]
    marks = ["", "true word", "", ""]
    bars([Bar(w, v, mark=m, note="rank 2" if m else "") for w, v, m in zip(words, p, marks, strict=True)],
         key="bars", label="Predictions", on_pick=put("bars"))  # fmt: skip
    tools("tools-bars", "bars")
with two, st.container(border=True, key="pic-signed"):
    st.subheader("Signed")
    table = np.array([[0.5, -0.2, np.nan], [1.0, -1.0, 0.0]])
    matrix(table, ["one", "two"], ["x", "y", "z"], key="signed", label="Signed", scale="signed", sentence="{row} and {column}: {value}")
    tools("tools-signed", "signed")
st.button("again", key="again")
st.text(f"picked: {sorted(at.items())}")
