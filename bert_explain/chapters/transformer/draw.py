"""The parts of the page on the Transformer: its picture, its halves, and how many numbers such models have."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pandas as pd
import streamlit as st

from bert_explain.chapters.transformer import analysis as sizes
from bert_explain.chapters.transformer import figures as figures
from bert_explain.content import transformer as content
from bert_explain.content import words
from bert_explain.engines.cache import TRACES
from bert_explain.figures.chart import CHART
from bert_explain.models.parameters import parameter_counts
from bert_explain.ui import printing, stages, state
from bert_explain.ui.components.diagram import diagram
from bert_explain.ui.frame import Page
from bert_explain.ui.notice import tell
from bert_explain.ui.picture import aside, beside, explained, picture, places

HALVES = {"the whole Transformer": "whole", "what GPT kept": "gpt", "what BERT kept": "bert"}
HALF = state.Choice("half", tuple(HALVES))
BOX = state.Choice("box", figures.NAMES, "self_attention")
BY = {"shares": "share", "numbers": "parameters"}
BARS = state.Choice("bars", tuple(BY))
_BASE = sizes.SIZES["BERT-base"]
LAYERS = state.Number("layers", 1, 200, _BASE.layers)
HEADS = state.Number("heads", 1, 512, _BASE.heads)
HIDDEN = state.Number("hidden", 1, 65_536, _BASE.hidden)
FEED = state.Number("ff", 1, 262_144, _BASE.feed_forward)
VOCABULARY = state.Number("vocab", 1, 2_000_000, _BASE.vocabulary)
OWN = {"layers": LAYERS, "heads": HEADS, "hidden": HIDDEN, "feed_forward": FEED, "vocabulary": VOCABULARY}
LABELS = ("Layers L", "Heads A", "Hidden size H", "Feed-forward size F", "Vocabulary V")
NOTES = words.notes("transformer")


# the picture
def halves(page: Page) -> None:
    """The picture of 2017; each box explained, and either half lit."""
    half = HALVES[state.get(HALF)]
    with picture(
        "halves",
        "Encoder and decoder",
        look=content.halves()[half].says,
        table=figures.table,
        code=(figures.drawing, figures.state),
        note=NOTES.halves,
    ):
        controls, shown = places()
        controls.segmented_control("Show", HALF.options, **state.bind(HALF))
        left, right = beside("halves", [6, 5], shown, "large")
        at = figures.NAMES.index(state.get(BOX))
        with left:
            diagram(
                figures.drawing(half),
                key="diagram",
                label="The Transformer of 2017: choose a box",
                chosen=at,
                on_pick=lambda i: state.put(BOX, figures.NAMES[i]),
            )
        with right:
            _box(page, figures.KINDS[at])


def _box(page: Page, kind: str) -> None:
    """One box: what it computes, as words and formula, on this text, and where to see it."""
    box = content.boxes()[kind]
    st.markdown(f"#### {box.title}")
    st.markdown(box.text)
    if box.formula:
        st.latex(box.formula)
    said = sizes.here(kind, page.trace)
    if said is not None:
        st.html(f"<p>{said.html()}</p>")
    if box.page:
        st.page_link(
            stages.stage(box.page).file,
            label=f"See it at work: {box.page}",
            icon=":material/arrow_forward:",
            query_params=state.address(box.page),
        )


# the sizes
def models(page: Page) -> None:
    """The published models and the loaded one, part by part, as bars and as a table."""
    spec = page.model.spec
    of = ("sizes", spec.name, spec.title, spec.fingerprint)  # no text changes them
    shares = TRACES.get(of, lambda: sizes.by_group({**sizes.SIZES, page.model.title: sizes.of(page.model)}))
    with picture(
        "sizes",
        "Where the numbers sit",
        look=sizes.look_sizes("BERT-base", _BASE),
        table=lambda: shares,
        code=(sizes.count, sizes.by_group, figures.bars),
        note=NOTES.sizes,
    ):
        controls, shown = places()
        controls.segmented_control("Show", BARS.options, **state.bind(BARS))
        chart = figures.bars(shares, page.palette, BY[state.get(BARS)])
        shown.plotly_chart(chart, key="size-bars", alt=sizes.look_sizes("BERT-base", _BASE).plain(), **CHART)
        wide = TRACES.get((*of, "wide"), lambda: _wide(shares, page))
        columns = {name: st.column_config.TextColumn(name, alignment="right") for name in wide}
        with aside("The same, counted", "sizes"):
            printing.sheet(wide, key="size-table", height="content", column_config=columns)


def _wide(shares: pd.DataFrame, page: Page) -> pd.DataFrame:
    """One row a model, one column a group; the loaded model's row is counted from its weights."""
    table = shares.pivot_table(index="model", columns="group", values="parameters", sort=False)
    counts = pd.Series(parameter_counts(page.model)).groupby(sizes.GROUP).sum()
    table.loc[page.model.title] = counts.reindex(table.columns, fill_value=0)
    table["all"] = table.sum(axis=1)
    return table.astype(int).map("{:,}".format)


def checked(page: Page) -> None:
    """The formula against the weights of the model that runs here."""
    table = sizes.checked(page.model)
    with picture(
        "checked",
        "The model that runs here, counted twice",
        look=sizes.look_checked(page.model.title, table),
        table=lambda: table,
        code=(sizes.checked, sizes.count, parameter_counts),
        note=NOTES.checked,
    ):
        _counts(table, "checked-table")


def own(page: Page) -> None:
    """An editor of sizes, counted anew at each change."""
    chosen = replace(_BASE, **{name: state.get(param) for name, param in OWN.items()})
    table = sizes.count(chosen).drop(columns="group")
    with picture("own", "Build your own", look=sizes.look_own(chosen), table=lambda: table, code=(sizes.count,), note=NOTES.own):
        with st.container(horizontal=True, vertical_alignment="center"):
            for name in ("BERT-base", "BERT-large"):
                st.button(name, key=f"take-{name}", on_click=_take, args=(sizes.SIZES[name],))
            st.button("the model that runs here", key="take-loaded", on_click=_take, args=(sizes.of(page.model),))
        for column, label, param in zip(st.columns(len(OWN)), LABELS, OWN.values(), strict=True):
            column.number_input(label, param.low, param.high, **state.bind(param))
        tell(list(filter(None, [sizes.problem(chosen)])), "warning")
        st.metric("Trained numbers", f"{sizes.total(chosen):,}")
        _counts(table, "own-table")


def _take(taken: sizes.Sizes) -> None:
    for name, param in OWN.items():
        state.put(param, getattr(taken, name))


def _counts(table: pd.DataFrame, key: str) -> None:
    """A table of counts; numbers as text with commas, aligned to the right."""
    shown = table.copy()
    numbers = [name for name in shown if pd.api.types.is_integer_dtype(shown[name])]
    for name in numbers:
        shown[name] = shown[name].map("{:,}".format)
    if "equal" in shown:
        shown["equal"] = shown["equal"].map({True: "equal", False: "not equal"})
    columns = {name: st.column_config.TextColumn(name, alignment="right") for name in numbers}
    printing.sheet(shown, hide_index=True, key=key, height="content", column_config=columns)


def depth(name: str) -> None:
    """More on demand; the table of conventions is counted here."""
    found = words.depth("transformer", name)
    millions = _millions()
    text = found.text.replace("@TABLE", _conventions()).replace("@MOST", f"{millions['BERT-large']} million")
    for mark, key in {"@BASE": "Transformer base", "@BIG": "Transformer big", "@GPT": "GPT-1"}.items():
        text = text.replace(mark, f"{millions[key]} million" if mark == "@GPT" else millions[key])
    explained(replace(found, text=text))


@cache
def _millions() -> dict[str, str]:
    """The published models' numbers in millions, as they are written. To be read only."""
    return {key: f"{sizes.total(s) / 1e6:.1f}" for key, s in sizes.SIZES.items()}


@cache
def _conventions() -> str:
    """Rows of a Markdown table: what BERT-base and BERT-large come to, by what is counted."""
    ways = {
        "embeddings and layers": lambda t: t[~t["group"].isin(["pooler", "heads"])],
        "and the pooler": lambda t: t[t["group"] != "heads"],
        "and both heads, as trained": lambda t: t,
    }
    tables = [sizes.count(sizes.SIZES[name]) for name in ("BERT-base", "BERT-large")]
    return "\n".join(
        f"| {what} | " + " | ".join(f"{keep(t)['parameters'].sum():,}" for t in tables) + " |" for what, keep in ways.items()
    )
