"""What a layer knows: probes by layer beside labels drawn by lot, and which head does what."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from bert_explain.analysis import probed, relation_heads
from bert_explain.chapters.layer_knows import figures, numbers, questions
from bert_explain.chapters.layer_knows.numbers import Heads, Layers
from bert_explain.figures.chart import CHART
from bert_explain.kernel import probes, relations
from bert_explain.kernel.readings import many, tenths
from bert_explain.learning.chapter import Chapter, Step
from bert_explain.learning.question import Question, words_of
from bert_explain.ui import asking, printing, stages, state
from bert_explain.ui.components import matrix
from bert_explain.ui.frame import Page
from bert_explain.ui.notice import tell
from bert_explain.ui.picture import picture
from bert_explain.ui.working import asked, working

WORDS = words_of(Path(__file__).with_name("words.toml"))["probe"]
PROBE = state.Choice("probe", tuple(name for name in probed.PROBES if name != "speech"), "direction")
RELATION = state.Choice("relation", tuple(relations.RELATIONS), "det")
DEEP, HEART, HEADS, PROBED, TAGGED = asked("deep"), asked("heart"), asked("heads"), asked("probed"), asked("tagged")

LEAD = (
    "What is in a vector? A **probe** asks: a small classifier, here a logistic regression, is trained on the vectors of one "
    "layer while the model stays as it is, and then tested on sentences that it has not seen."
)
LEAD_HEART = (
    "A probe that is right may have found what the vector holds, or have learned it by itself. Hewitt and Liang (2019) give it a "
    "**control task**: labels drawn by lot, one for each word. What it gets right there it learned by heart. The "
    "difference of the two is the probe's **selectivity**."
)
LEAD_HEADS = (
    "No probe here, and no training: a head's own weights are read as an answer (Clark et al. 2019). Each dependent word points "
    "at the other word that it looks at most."
)


def _found(page: Page, name: str, question: Question | None, which: state.Number) -> Layers | None:
    """What came of a probe: there already where it was asked about; else made at a press."""
    found = numbers.kept(page.model, name)
    if found is not None and (question is None or asking.wanted(page, question)):
        return found

    def work(progress: Callable[..., None]) -> Layers:
        return numbers.made(page.model, name, progress)

    label = f"Probe every layer: {WORDS[name]['title'][0].lower()}{WORDS[name]['title'][1:]}"
    key = ("layer knows", page.model.spec.fingerprint, name)
    return working(which, key, label, work, cost=numbers.COST, what="a probe", primary=True)


def _note(found: Layers, name: str) -> str:
    return (
        f"{found.words:,} examples in {found.sentences:,} sentences, five folds of whole sentences; bars: where 95 % of other "
        f"draws of the sentences lie. The list of words says what a word is most often in the other folds. {WORDS[name]['note']}"
    )


def _chart(found: Layers, page: Page, key: str, lines: tuple[str, ...], alt: str) -> None:
    st.plotly_chart(figures.probe_chart(found.table, page.palette, lines), key=state.own_key(key), alt=alt, **CHART)


CODE = (probes.regression, probes.said, probes.commonest, probes.standing)


def _deep(page: Page) -> None:
    found = _found(page, "speech", questions.DEEP, DEEP)
    if found is None:
        return
    look = numbers.verdict(found, WORDS["speech"]["what"])
    columns = ["where", "right", "low", "high", "commonest"]  # the control is asked about in the next step
    with picture(
        "probe-speech",
        "Part of speech, layer by layer",
        look=look,
        table=lambda: found.table[columns],
        code=CODE,
        note=_note(found, "speech"),
    ):
        _chart(found, page, "speech-chart", ("right",), look.plain())


def _heart(page: Page) -> None:
    found = _found(page, "speech", questions.HEART, HEART)
    if found is None:
        return
    look = numbers.selective(found)
    with picture(
        "probe-lot",
        "Parts of speech, and labels drawn by lot",
        look=look,
        table=lambda: found.table,
        code=(probes.by_lot, probes.probe, probes.draws),
        note=f"One lot for each word type, drawn as often as the tags come. {tenths(found.seen)} of the words stand in another "
        "fold too, so that the probe may have met them. Both probes have the same vectors, folds and settings.",
    ):
        _chart(found, page, "lot-chart", ("right", "lot"), look.plain())


def _probes(page: Page) -> None:
    names = list(PROBE.options)
    st.segmented_control("What is read", names, format_func=lambda name: WORDS[name]["title"], **state.bind(PROBE))
    name = state.get(PROBE)
    found = _found(page, name, None, PROBED)
    if found is None:
        st.caption(WORDS[name]["note"])
        return
    look = numbers.verdict(found, WORDS[name]["what"])
    with picture(
        f"probe-{name}",
        f"{WORDS[name]['title'].rstrip('?')}, layer by layer",
        look=look,
        table=lambda: found.table,
        code=(*CODE, probes.by_lot, probed.PROBES[name]),
        note=_note(found, name),
    ):
        _chart(found, page, f"{name}-chart", ("right", "lot"), look.plain())
        st.html(f'<p class="look">{numbers.selective(found).html()}</p>')


# heads --------------------------------------------------------------------------------------------------------------
def _heads(page: Page) -> None:
    found = numbers.kept_heads(page.model)
    if found is None or not asking.wanted(page, questions.HEADS):
        found = _read_heads(page)
    if found is None:
        return
    options = list(found.best)
    chosen = state.get(RELATION) if state.get(RELATION) in options else options[0]
    best = found.best[chosen]
    table = numbers.heads_table(found)
    with picture(
        "relation-heads",
        "A head of its own",
        look=numbers.head_said(best),
        table=lambda: table,
        code=(relation_heads.words_look, relation_heads.read, relation_heads.best),
        note=f"{many(found.relations, 'relation')} in {many(found.sentences, 'sentence')} marked by hand, chosen on one half, "
        "scored on the other; bars: where 95 % of other draws of the sentences lie. The special tokens and the word itself are "
        "no answer. What goes to a word is what its pieces get together.",
    ):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key=state.own_key("relation-row")):
            st.segmented_control("Relation", options, **state.bind(RELATION))
            if st.button(
                "Show me this head",
                key=state.own_key("show-head"),
                icon=":material/arrow_forward:",
                help=f"Head {best.head + 1} of layer {best.layer + 1} in the chapter Attention, on the text above",
            ):
                _open(best)
        alt = "; ".join(f"{row.relation}: head {tenths(row.right)}, rule {tenths(row.by_rule)}" for row in table.itertuples())
        st.plotly_chart(figures.heads_chart(table, page.palette), key=state.own_key("heads-chart"), alt=alt, **CHART)
    shares = found.shares[chosen]
    with picture(
        "relation-grid",
        f"Every head, for {chosen}",
        look=_grid_said(shares, chosen),
        note="On the half of the sentences that the head is chosen on.",
    ):
        matrix(
            shares,
            [f"layer {i + 1}" for i in range(shares.shape[0])],
            [f"head {i + 1}" for i in range(shares.shape[1])],
            key="relation-matrix",
            label=f"How often a head finds {numbers.NAMES[chosen]}",
            sentence="{column} of {row} finds {value} of them",
            chosen=(best.layer, best.head),
            limit=1.0,
        )


def _read_heads(page: Page) -> Heads | None:
    def work(progress: Callable[..., None]) -> Heads:
        return numbers.made_heads(page.model, progress)

    count = len(relations.load())
    key = ("relation heads", page.model.spec.fingerprint)
    return working(HEADS, key, f"Read every head on {count} sentences", work, cost=count, what="heads", primary=True)


def _grid_said(shares: Any, name: str) -> str:
    half = int((shares >= 0.5).sum())
    return (
        f"{half} of {many(shares.size, 'head')} {'finds' if half == 1 else 'find'} half or more of the words in the relation "
        f"{name}; the one with the frame was chosen."
    )


def _open(best: relation_heads.Best) -> None:
    """Attention, on the reader's own sentence, at this head."""
    target = stages.of_chapter("attention")
    link = state.address(target.name, layer=best.layer + 1, head=best.head + 1)
    st.switch_page(target.file, query_params={**link, "step": "heads"})


# the reader's own sentence, and what was marked ---------------------------------------------------------------------
def _own(page: Page) -> None:
    texts = [text for text in (page.query.text_a, page.query.text_b) if text.strip()]
    if not texts:
        tell("Type a sentence above.")
        return

    def work(progress: Callable[..., None]) -> numbers.Taggers:
        return numbers.taggers(page.model, progress)

    key = ("taggers", page.model.spec.fingerprint)
    found = working(TAGGED, key, "Train a probe on every layer", work, cost=numbers.COST / 4, what="probes", primary=True)
    if found is None:
        return
    table, left_out = numbers.tagged(page.model, found, texts)
    look = numbers.changed(table)
    with picture(
        "own-tags",
        "Your own words, as each layer's probe reads them",
        look=look,
        table=lambda: table,
        code=(numbers.taggers, numbers.tagged),
        note="Each sentence is read by itself, as the marked ones were. Tags: "
        + ", ".join(f"{row.tag} {row.name}" for row in numbers.counted().itertuples(index=False))
        + ".",
    ):
        if not table.empty:
            printing.sheet(table, hide_index=True, key="own-tags-sheet")
        if left_out:
            st.caption(f"The first {numbers.MOST_WORDS} words are shown; {many(left_out, 'word')} more stand in the text.")


def _marked(page: Page) -> None:
    counts, rows = numbers.counted(), numbers.marked_sentences()
    with picture(
        "marked",
        "The marked sentences",
        look=f"{many(int(counts['words'].sum()), 'word')} in {many(len(rows), 'sentence')}, each with one of {len(counts)} tags.",
        table=lambda: rows,
        note="Universal Dependencies' tags. 150 sentences are those in which the four relations are marked; the others were "
        "written so that one word stands in them as two parts of speech (they fish, a fish). They were written and "
        "tagged by a large language model, not by people, and no second person has checked them. They are short and plain; "
        "participles before a noun are called adjectives, which is a rule and not a truth; interjections and particles are rare.",
    ):
        printing.sheet(counts, hide_index=True, key="marked-sheet")


CHAPTER = Chapter(
    id="layer_knows",
    name="What a layer knows",
    steps=(
        Step("speech", "Part of speech", _deep, asks=questions.DEEP, lead=LEAD, owns=(DEEP,)),
        Step("lot", "Labels by lot", _heart, asks=questions.HEART, lead=LEAD_HEART, owns=(HEART,)),
        Step("heads", "Which head does what?", _heads, asks=questions.HEADS, lead=LEAD_HEADS, owns=(RELATION, HEADS)),
    ),
    deeper=(
        Step("probes", "Dependency, names, senses", _probes, owns=(PROBE, PROBED)),
        Step(
            "own",
            "Your own sentence",
            _own,
            lead="The probes of part of speech, trained on all marked sentences, read the text above: one at each layer.",
            owns=(TAGGED,),
        ),
        Step("marked", "The marked sentences", _marked),
    ),
)
