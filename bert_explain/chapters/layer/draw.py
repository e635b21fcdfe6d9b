"""Inside a layer, composed: one head by hand, what comes after the heads, the tokens' paths through all layers.

Everything here follows the chosen layer, head and token; numbers come from `analysis`, pictures from `figures.layer`.
"""

from __future__ import annotations

import numpy as np
import streamlit as st

from bert_explain.analysis import layer as layers
from bert_explain.chapters.layer import figures as figures
from bert_explain.chapters.layer import head as by_hand
from bert_explain.chapters.layer.draw_journey import explained
from bert_explain.content import words
from bert_explain.kernel.readings import many
from bert_explain.ui import sliders, state
from bert_explain.ui.components import bands, bars, matrix, token_row
from bert_explain.ui.frame import Page
from bert_explain.ui.picture import aside, beside, folding, picture, said

CELLS = state.Choice("cells", ("scores", "weights"))
TO = state.Number("to", 0, 999_999_999, None)  # the token looked at; None: the one looked at most
DIMENSION = state.Number("follow", 0, 999_999_999, None)  # one of the H dimensions; None: the one that changes most

OFF = "This head is switched off: it still looks, but what it gathers is thrown away."
WHERE_CUT = "Of {} tokens: the rows {} to {}, and the {} columns that the chosen row looks at most."
LARGEST = 48  # rows and columns of the scores that are still readable one by one
ROW = 90  # tokens offered in the row of tokens; of longer texts the neighbours of the chosen one


def controls(page: Page) -> None:
    """Which layer, head and token."""
    counts = {"layer": page.model.n_layers, "head": page.model.n_heads}
    for column, (name, count) in zip(st.columns(2, gap="medium"), counts.items(), strict=True):
        with column:
            sliders.counted(name, count)
    tokens(page)


def one_head(page: Page) -> None:
    """q · k / sqrt(d), softmax, weights x v: every number of one head for one token."""
    head = page.trace.head(page.layer, page.head)
    column = _column(page, head)
    _scores(page, head, column)
    _products(page, head, column)
    _softmax(page, head)
    _output(page, head)


def after_heads(page: Page) -> None:
    """Joined, projected, residual, LayerNorm, feed-forward, residual, LayerNorm: one token's way out of the layer."""
    step = page.trace.layer(page.layer, positions=[page.position])  # one row: the chosen token is at place 0
    _joined(page, step)
    _added(page, step)
    _fed(page, step)
    _traced(page, step)


def tokens(page: Page) -> None:
    """The token to follow."""
    tokens, at = page.trace.tokens, page.position
    first = min(max(at - ROW // 2, 0), max(len(tokens) - ROW, 0))
    token_row(
        tokens[first : first + ROW],
        key=state.own_key("layer-tokens"),
        label="The token to follow",
        chosen={at - first},
        on_pick=lambda i: state.put(token=first + i),
    )
    if len(tokens) > ROW:
        st.number_input(f"Token, 0 to {len(tokens) - 1}", 0, len(tokens) - 1, **state.bind("token"))
        st.caption(f"The row shows the tokens {first} to {first + ROW - 1} of {len(tokens)}; choose any other by its number.")


def _column(page: Page, head) -> int:
    chosen = state.get(TO)
    return chosen if chosen is not None and chosen < len(page.trace.tokens) else by_hand.strongest(head, page.position)


def _off(page: Page) -> bool:
    return (page.layer, page.head) in page.query.heads_off


def _scores(page: Page, head, column: int) -> None:
    tokens, row = page.trace.tokens, page.position
    rows, columns = by_hand.window(head, row, column, LARGEST)
    notes_here = [WHERE_CUT.format(len(tokens), rows[0], rows[-1], len(columns))] if len(tokens) > LARGEST else []
    notes_here += [OFF] if _off(page) else []
    with picture(
        "scores",
        f"Layer {page.layer + 1}, head {page.head + 1}: who looks at whom",
        note=" ".join(notes_here) or None,
        look=by_hand.look_scores(head, page.trace.pieces, row),
        table=lambda: by_hand.row_table(head, page.trace.pieces, row),
        code=(by_hand.cell, by_hand.row_table, by_hand.window, figures.score_latex, figures.softmax_latex),
    ):
        cell = by_hand.cell(head, row, column)
        table, equations = beside("scores", [5, 3])
        with equations if folding() else table:
            st.segmented_control("Numbers in the cells", CELLS.options, **state.bind(CELLS))
        with table:
            _cells(page, head, rows, columns, column)
        with equations:
            said(by_hand.look_cell(cell, page.trace.pieces))
        with st.container() if folding() else equations, aside("This cell, worked out", "cell"):
            st.latex(figures.score_latex(cell))
            st.latex(figures.softmax_latex(cell))


def _cells(page: Page, head, rows: np.ndarray, columns: np.ndarray, column: int) -> None:
    tokens, signed = page.trace.tokens, state.get(CELLS) == "scores"
    matrix(
        (head.scores if signed else head.weights)[np.ix_(rows, columns)],
        [tokens[i] for i in rows],
        [tokens[j] for j in columns],
        key="layer-scores",
        label=f"{state.get(CELLS)} of this head; row: the token that looks, column: the token looked at",
        scale="signed" if signed else "magnitude",
        limit=None if signed else 1.0,
        chosen=(int(np.flatnonzero(rows == page.position)[0]), int(np.flatnonzero(columns == column)[0])),
        sentence="{row} looks at {column} with " + ("score" if signed else "weight") + " {value}",
        on_pick=lambda i, j: state.put(TO, int(columns[j]), token=int(rows[i])),
    )


def _products(page: Page, head, column: int) -> None:
    cell = by_hand.cell(head, page.position, column)
    with picture(
        "products",
        "The score: query times key",
        look=by_hand.look_products(cell, page.trace.pieces),
        table=lambda: by_hand.products_table(cell),
        code=(by_hand.cell, figures.product_bands),
        note=words.notes("layer").products,
    ):
        bands(figures.product_bands(cell), key="layer-products", label="Query, key, and their products number by number")
    size = f"({len(page.trace.tokens)}, {page.model.head_size})"
    explained("head", f"Here Q, K and V are tables of {size} numbers each, and the scores one of {head.scores.shape}.")


def _softmax(page: Page, head) -> None:
    row, pieces = page.position, page.trace.pieces
    table, sharp = by_hand.row_table(head, pieces, row), by_hand.sharpness(head, row)
    with picture(
        "softmax",
        "Softmax: scores become weights",
        look=by_hand.look_softmax(sharp, pieces, row),
        table=lambda: table,
        code=(by_hand.row_table, by_hand.sharpness),
        note=by_hand.about_root(sharp, page.model.head_size),
    ):
        divided = {
            "weight": f"Divided by √{page.model.head_size}, as it is",
            "weight without the root": "If it were not divided",
        }
        for place, (which, title) in zip(st.columns(2, gap="medium"), divided.items(), strict=True):
            with place:
                st.caption(title)
                bars(figures.row_bars(table, which), key=f"layer-{which.replace(' ', '-')}", label=title)


def _output(page: Page, head) -> None:
    row, pieces, off = page.position, page.trace.pieces, _off(page)
    found = by_hand.parts(head, row)
    with picture(
        "mixed",
        "The output: weights times values",
        look=by_hand.look_output(head, pieces, row, off),
        note=words.notes("layer").output,
        table=lambda: by_hand.parts_table(head, pieces, row),
        code=(by_hand.parts, figures.output_bands),
    ):
        bands(
            figures.output_bands(found, pieces, head.mixed[row], off),
            key="layer-mixed",
            label="Each token's value times its weight, and their sum",
        )


def _joined(page: Page, step) -> None:
    heads, off = page.model.n_heads, [h for at, h in page.query.heads_off if at == page.layer]
    table = layers.heads_table(page.trace, step, 0)
    with picture(
        "joined",
        f"Layer {page.layer + 1}: {many(heads, 'head')} side by side",
        look=layers.look_heads(table),
        note=words.notes("layer").joined,
        table=lambda: table,
        code=(layers.written, layers.heads_table),
    ):
        values = step.joined[0].reshape(heads, -1)  # (H,) -> (A, d)
        matrix(
            values,
            figures.head_names(heads, off),
            [str(i) for i in range(values.shape[1])],
            key="layer-joined",
            label="Outputs of all heads for this token",
            scale="signed",
            chosen=(page.head, None),
            digits=3,
            sentence="{row}, dimension {column}: {value}",
            on_pick=lambda head, _: state.put(head=head + 1),
        )


def _added(page: Page, step) -> None:
    with picture(
        "added",
        "Projected, added, normalised",
        look=layers.look_attention(page.trace, step, 0, page.trace.pieces[page.position]),
        table=lambda: layers.stages(step, 0),
        code=(layers.stages, layers.layer_norm, figures.attention_bands),
        note=words.notes("layer").added,
    ):
        strips = figures.attention_bands(step, 0)
        bands(
            strips,
            key="layer-added",
            chosen=_dimension(page, step),
            on_pick=_pick,
            label="From the heads' outputs to the first LayerNorm",
        )
        st.caption(figures.lengths(strips))
    explained("residual")


def _fed(page: Page, step) -> None:
    fold = figures.neurons(step, 0)
    with picture(
        "fed",
        "The feed-forward network",
        look=layers.look_feed_forward(step, 0, page.trace.pieces[page.position]),
        table=lambda: layers.neurons_table(step, 0),
        code=(layers.neurons_table, figures.neurons, figures.feed_forward_bands),
        note=f"{words.notes('layer').fed} Colours are full from {fold.limit:.2f} on.",
    ):
        matrix(
            fold.values,
            fold.rows,
            fold.columns,
            key="layer-neurons",
            label=f"{step.expanded.shape[1]} neurons, folded into rows",
            scale="signed",
            limit=fold.limit,
            chosen=fold.strongest,
            sentence="neuron {row} + {column} answers {value}",
        )
        strips = figures.feed_forward_bands(step, 0)
        bands(
            strips,
            key="layer-fed",
            chosen=_dimension(page, step),
            on_pick=_pick,
            label="From the neurons to the layer's output",
        )
        st.caption(figures.lengths(strips))
    explained("feed_forward", f"Here a token's {page.model.hidden_size} numbers meet {step.expanded.shape[1]} neurons.")


def _traced(page: Page, step) -> None:
    dimension = _dimension(page, step)
    table = layers.dimension_table(page.trace, step, 0, dimension)
    with picture(
        "traced",
        "One dimension, all the way",
        look=layers.look_dimension(table, dimension),
        table=lambda: table,
        code=(layers.dimension_table, layers.layer_norm),
        note=words.notes("layer").traced,
    ):
        state.suggest(follow=dimension)
        most = page.model.hidden_size - 1
        st.number_input(f"Which dimension, 0 to {most}", 0, most, **state.bind(DIMENSION, within=(0, most)))
        st.table(figures.dimension_lines(table))


def _dimension(page: Page, step) -> int:
    chosen = state.get(DIMENSION)
    return chosen if chosen is not None and chosen < page.model.hidden_size else layers.largest_change(step, 0)


def _pick(dimension: int) -> None:
    state.put(DIMENSION, dimension)
