"""Inside a layer: one head redone by hand with its real numbers; then projection, residual, LayerNorm, feed-forward."""

from __future__ import annotations

from bert_explain.chapters.layer import draw as layer
from bert_explain.chapters.layer import draw_journey as journey
from bert_explain.chapters.layer import questions
from bert_explain.learning.chapter import Chapter, Step
from bert_explain.ui.frame import Page
from bert_explain.ui.picture import aside

LEAD = (
    "A layer changes every token's vector in two moves. First **attention**: the token looks at the others and "
    "gathers a little from each. Then the **feed-forward network** works on what was gathered. "
    "**Every number below can be worked out by hand.**"
)


def _choose(page: Page) -> None:
    with aside("Another layer, head or token", "layer-head"):
        layer.controls(page)


def _head(page: Page) -> None:
    _choose(page)
    layer.one_head(page)


def _after(page: Page) -> None:
    _choose(page)
    layer.after_heads(page)


def _layers(page: Page) -> None:
    with aside("Another token", "layer-token"):
        layer.tokens(page)
    journey.through_layers(page)


CHAPTER = Chapter(
    id="layer",
    name="Inside a layer",
    steps=(
        Step("head", "One head", _head, asks=questions.SOFTMAX, lead=LEAD, owns=(layer.CELLS, layer.TO)),
        Step("after", "After the heads", _after, asks=questions.ADDS, owns=(layer.DIMENSION,)),
        Step("layers", "All layers", _layers, asks=questions.TWICE, owns=(journey.MEASURE,)),
    ),
    old_steps={("inside", "One head"): "head", ("inside", "After the heads"): "after", ("inside", "All layers"): "layers"},
)
