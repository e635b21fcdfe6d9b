"""What changed the answer: words, heads and layers held accountable for one answer, and each claim tried by deletion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from bert_explain.analysis.sentence import say
from bert_explain.chapters.changed import answers, figures, numbers, questions
from bert_explain.chapters.changed.answers import KINDS, Case, Progress
from bert_explain.chapters.changed.numbers import BASELINES, METHODS, Attribution, Deletion
from bert_explain.errors import ExplainError
from bert_explain.figures.chart import CHART
from bert_explain.figures.payload import Bar
from bert_explain.kernel import attribution
from bert_explain.kernel.attribution import WORD
from bert_explain.kernel.readings import many, percent, signed
from bert_explain.learning.chapter import Chapter, Step
from bert_explain.learning.question import Question
from bert_explain.ui import asking, cache, own, state
from bert_explain.ui.components import bars, matrix, token_row
from bert_explain.ui.frame import Page
from bert_explain.ui.notice import tell
from bert_explain.ui.picture import aside, picture, said
from bert_explain.ui.working import asked, at_a_press, working

AUTO = "first"
ANSWER = state.Choice("answer", (AUTO, *KINDS))
ONE = state.Choice("one", tuple(METHODS), "gradients")
TWO = state.Choice("two", tuple(METHODS), "product")
BASELINE = state.Choice("baseline", tuple(BASELINES))
TAKEN = state.Number("taken", 1, 5, numbers.TAKEN)
WANTED, OTHER = state.Text("this", "", limit=60), state.Text("that", "", limit=60)
UNITS = state.Choice("units", ("heads", "layers"))
ORDER = state.Number("order", 0, 99)
TRIED, CUT, SWITCHED, EVERY = asked("tried"), asked("cut"), asked("switched"), asked("every")
SCORED, HELD = asked("scored"), asked("held")

MOST_BARS = 8  # words that stand on one screen with their question
SHORT = 24  # words up to which a job is begun unasked: it takes a moment
LONG_CUT = 64  # words up to which input reduction is offered: it runs the model for each word left, in each round
SHORT_NAMES = {"gradients": "Integr. gradients"}  # what fits before a row
ROWS_NOTE = (
    "Behind the gap: what is no word. A row is coloured by its own largest word, and no cell is darker than that one; "
    "the table has the numbers."
)
WINDOW = 40  # units in one row of a picture; more than that stand in rows below each other

LEAD = (
    "The model gave an answer. **Which words is it due to?** The plainest test takes a word away, here by putting [MASK] in its "
    "place, and looks what becomes of the answer: **occlusion**."
)
LEAD_TWO = (
    "An **attribution** gives each word its share of an answer. **Gradient × input** asks how steeply the answer changes at "
    "each word; **integrated gradients** add that up on the way from a text without its words. Methods disagree. So look at "
    "two, and then at a **deletion test**: without the words that a method names, does the answer fall further than without "
    "words drawn at random?"
)
LEAD_LEFT = "**Input reduction**: cut out the word that the answer misses least, and again, as long as the answer stays."
LEAD_WHY = (
    "“Why *edge*?” has many answers: it is a noun, it fits the topic. “**Why *edge* and not *bank*?**” leaves only what speaks "
    "for the one against the other: the difference of their two logits is shared out among the words (Yin & Neubig 2022)."
)
LEAD_OFF = (
    "Words are one kind of cause; the model's parts are another. Switch its heads off, the most harmful one first, and again, "
    "until the answer is gone; and beside that in a random order (after Michel et al. 2019)."
)


# the answer in view -------------------------------------------------------------------------------------------------
def _case(page: Page) -> Case:
    """The answer that the pictures are about. Raises NotAskable."""
    kind = state.get(ANSWER)
    name = page.model.name
    return answers.case(page.trace, page.position, lambda query: cache.trace(name, query), "" if kind == AUTO else kind)


def _ready(page: Page, question: Question | None = None) -> Case | None:
    """The same; where there is none a sentence says why. A deletion of nothing is no test: a text needs a word for it.

    question : the step's; where it is asked, it has said why already.
    """
    try:
        found = _case(page)
    except ExplainError as error:
        if question is not None and asking.wanted(page, question):
            return None
        tell(str(error))
        return None
    if not found.words:
        tell("There is no word here, besides what the answer itself is about, that could be taken away.")
        return None
    return found


def _choose_answer(page: Page, place: Any = st) -> None:
    """Which answer, where the model gives more than one."""
    kinds = answers.offered(page.trace)
    if len(kinds) < 2:
        return
    shown = list(kinds) if state.get(ANSWER) == kinds[0] else [AUTO, *kinds[1:]]
    titles = answers.titles(page.query)
    names = {AUTO: titles[kinds[0]], **titles}
    if state.get(ANSWER) not in shown:  # of a link, or of another text
        shown.append(state.get(ANSWER))
        names[shown[-1]] = f"{titles[shown[-1]]}: not here"
    place.selectbox("Which answer", shown, format_func=names.get, **state.bind(ANSWER, options=shown))


def _choose_word(page: Page, found: Case) -> None:
    """Which word is hidden, or whose label it is."""
    if found.target.head not in ("words", "tag"):
        return
    if found.target.head == "words" and any(t.masked and t.position not in page.query.masked for t in page.trace.tokens):
        st.caption("The text itself says [MASK]: the guess for it is taken apart. Type a word in its place to choose another.")
        return
    st.caption(
        "Choose a word: it is hidden, and the guess for it is taken apart." if found.target.head == "words" else "Choose a word."
    )
    token_row(
        page.trace.tokens,
        key=state.own_key("which-word"),
        label="The text: choose the word that the answer is about",
        chosen=[found.target.position],
        on_pick=_other_word,
    )


def _other_word(position: int) -> None:
    state.put(token=position, mask=())


def _key(found: Case, *more: Any) -> tuple:
    return ("changed", found.trace.spec.fingerprint, found.query, found.target, *more)


def _job(
    which: state.Number,
    found: Case,
    key: tuple,
    label: str,
    work: Callable[[Progress], Any],
    cost: float,
    most: int = SHORT,
    what: str = "",
) -> Any:
    """The result of a job; of a short text begun when it is opened, else at a press. None while it is not there."""
    if len(found.words) <= most:
        return at_a_press(which, key, (found.query.text_a, found.query.text_b), label, work, cost=cost, what=what)
    st.caption(f"This text has {many(len(found.words), 'word')}: it takes a while.")
    return working(which, key, label, work, cost=cost, what=what or label)


def _asked(found: Case) -> str:
    """What the picture is about, in a caption."""
    against = say(" against {other}", other=found.against) if found.against is not None else say("")
    told = say(
        "{answer}{against}, said of {about}: P {p}, log-odds {odds}",
        answer=found.answer,
        against=against,
        about=found.about,
        p=percent(found.p),
        odds=signed(found.odds),
    )
    return told.markdown()


# one word less ------------------------------------------------------------------------------------------------------
def _kills(page: Page) -> None:
    found = _ready(page, questions.KILLS)
    if found is None:
        return
    less = _job(
        TRIED,
        found,
        _key(found, "one less"),
        "Take each word away, one at a time",
        lambda progress: numbers.one_less(found, progress),
        len(found.parts),
    )
    if less is None:
        return
    with picture(
        "kills",
        "Without one word",
        look=numbers.who_kills(found, less),
        table=lambda: less,
        code=(numbers.one_less,),
        note=(
            "P of the answer with [MASK] in the place of one word, or of a mark or a special token. The bar on top is the text "
            "as it stands; ✗ marks where another answer comes first."
        ),
    ):
        st.caption(_asked(found))
        left, right = st.columns([3, 2], gap="medium")
        with left:
            bars(_less_bars(found, less, words=True), key="kills-words", label="P of the answer without each word")
            shown, every = min(MOST_BARS, len(found.words)), len(found.words)
            if shown < every:
                st.caption(f"The {shown} of {every} words without which P changes most, in their order; the table has all.")
        with right:
            others = _less_bars(found, less, words=False)
            if others:
                st.caption("Punctuation and special tokens, apart")
                bars(others, key="kills-others", label="P of the answer without each mark or special token")


def _less_bars(found: Case, less: pd.DataFrame, words: bool) -> list[Bar]:
    p = less["without"].to_numpy()
    top = max(float(p.max()), found.p, 1e-9)
    if words:
        some = sorted(sorted(found.words, key=lambda i: -abs(less["fall"][i]))[:MOST_BARS])
    else:
        some = [i for i, unit in enumerate(found.parts) if unit.kind in (attribution.PUNCTUATION, attribution.SPECIAL)]
        some = some if len(some) <= MOST_BARS else sorted(sorted(some, key=lambda i: -abs(less["fall"][i]))[:MOST_BARS])
    first = [Bar("(everything)", found.p / top, "soft", shown=percent(found.p))] if words else []
    least = min(found.words, key=lambda i: p[i]) if words and found.words else None
    return first + [
        Bar(
            found.label(i),
            float(p[i]) / top,
            "probability" if words else "special",
            shown=percent(float(p[i])) + ("" if less["stays"][i] else " ✗"),
            signal=i == least,
        )
        for i in some
    ]


# two methods and a deletion test --------------------------------------------------------------------------------------
def _two(page: Page) -> None:
    found = _ready(page, questions.HURTS)
    if found is None:
        return
    one, two = state.get(ONE), state.get(TWO)
    with aside("Another answer, other methods", "two-methods"):
        first, left, middle = st.columns([4, 3, 3], gap="small")
        _choose_answer(page, first)
        options = list(METHODS)
        left.selectbox("One method", options, format_func=METHODS.__getitem__, **state.bind(ONE, options=options))
        middle.selectbox("Another", options, format_func=METHODS.__getitem__, **state.bind(TWO, options=options))
        _baseline()
        _choose_word(page, found)
    _attributed(found, (one, two), SCORED, "two")


def _baseline() -> None:
    """What integrated gradients start from, and how many words a deletion test takes."""
    right, last = st.columns(2, gap="small")
    names = list(BASELINES)
    right.selectbox(
        "Baseline of integrated gradients",
        names,
        format_func=lambda name: own.markdown(BASELINES[name]),
        help="They start from a text with this in each word's place. Special tokens and the hidden word stay as they are.",
        **state.bind(BASELINE, options=names),
    )
    last.number_input("Words of the deletion test", 1, TAKEN.high, **state.bind(TAKEN))


def _attributed(found: Case, methods: Sequence[str], which: state.Number, name: str) -> None:
    """Two methods on one answer in one card, and their deletion test under them."""
    baseline, k = state.get(BASELINE), state.get(TAKEN)
    made = _job(
        which,
        found,
        _key(found, "attributed", tuple(methods), baseline, k),
        "Attribute the answer to its words",
        lambda progress: numbers.taken_apart(found, methods, baseline, k, progress),
        40 + len(found.parts),
    )
    if made is None:
        return
    given = made.given
    match len(given):
        case 1:
            look = numbers.tested(found, made.deleted, given[0].method)
        case 2:
            look = numbers.compared(found, made.deleted)
        case _:
            look = numbers.ranked(found, made.deleted)
    with picture(
        name,
        " and ".join(METHODS[one.method] for one in given) if len(given) < 3 else "All methods",
        look=look,
        table=lambda: numbers.table_of(found, given),
        code=(numbers.integrated, attribution.integrate, numbers.occluded, numbers.deletion),
        note=f"{ROWS_NOTE} {numbers.how_to_read(given)}",
    ):
        st.caption(_asked(found))
        _rows(found, given, name)
        st.caption("Deletion test: P without the words named first")
        bars(_deleted_bars(found, made.deleted), key=f"{name}-deleted", label="P of the answer after each deletion")
        path = next((one.path for one in given if one.path is not None), None)
        if path is not None:
            said(numbers.complete(path, baseline))
        lines = [numbers.tested(found, made.deleted, one.method) for one in given]
        rest = [numbers.apart(found, one) for one in given if one.method in numbers.SIGNED or len(given) < 3]
        with st.expander("What each is worth, in words", key=f"{name}-worth"):
            for line in [*lines, *filter(None, rest)]:
                st.html(f"<p>{line.html()}</p>")


def _rows(found: Case, given: Sequence[Attribution], name: str) -> None:
    """A row a method, a column a word; what is no word stands apart below, on the same scale."""
    rows = [SHORT_NAMES.get(one.method, METHODS[one.method]) for one in given]
    values = np.stack([one.values / max(float(np.abs(one.values[_seen(found)]).max()), 1e-12) for one in given])
    words = [i for i, unit in enumerate(found.parts) if unit.kind == WORD]
    others = [i for i, unit in enumerate(found.parts) if unit.kind != WORD]
    every = [*words, *([None] if words and others else []), *others]
    for at in range(0, len(every), WINDOW):
        some = every[at : at + WINDOW]
        block = np.array([[np.nan if i is None else row[i] for i in some] for row in values])
        matrix(
            block,
            rows,
            ["|" if i is None else found.parts[i].short for i in some],
            key=f"{name}-rows-{at}",
            label="What each method gives each word; behind the gap punctuation, special tokens and the hidden place",
            scale="signed",
            limit=1.0,
            sentence="{row} gives {column} {value} times the size of its largest number for a word",
        )


def _seen(found: Case) -> list[int]:
    """The units whose numbers set the colours: the words, so that a large [CLS] does not wash them out."""
    return [i for i, unit in enumerate(found.parts) if unit.kind == WORD]


def _deleted_bars(found: Case, deleted: Deletion) -> list[Bar]:
    top = max(deleted.p, float(deleted.random.max()), *deleted.without.values(), 1e-9)
    items = [Bar("nothing deleted", deleted.p / top, "soft", shown=percent(deleted.p))]
    for method, p in deleted.without.items():
        words = found.listed(deleted.named[method]).plain()
        mark = "" if deleted.stays[method] or found.against is not None else " ✗"
        items.append(
            Bar(METHODS[method], p / top, "probability", shown=percent(p) + mark, note=words, signal=len(deleted.without) < 3)
        )
    random = deleted.random
    if len(found.words) > deleted.k:
        spread = f"mean of {deleted.drawn}, {percent(float(random.min()))} to {percent(float(random.max()))}"
        items.append(Bar("at random", float(random.mean()) / top, "hidden", shown=percent(float(random.mean())), note=spread))
    return items


def _all(page: Page) -> None:
    found = _ready(page)
    if found is None:
        return
    _choose_answer(page, st.columns(2)[0])
    _baseline()
    _choose_word(page, found)
    _attributed(found, tuple(METHODS), EVERY, "every")


# input reduction ------------------------------------------------------------------------------------------------------
def _left(page: Page) -> None:
    found = _ready(page, questions.LEFT)
    if found is None:
        return
    if len(found.words) > LONG_CUT:
        tell(
            f"This text has {len(found.words)} words. Input reduction runs the model once for every word that is left, in every "
            f"round, so it is offered for texts of up to {LONG_CUT} words."
        )
        return
    small = _job(
        CUT,
        found,
        _key(found, "reduced"),
        "Cut out one word after another",
        lambda progress: numbers.reduced(found, progress),
        len(found.words) ** 2 / 2,
    )
    if small is None:
        return
    with picture(
        "left",
        "What is left",
        look=numbers.what_is_left(found, small),
        table=lambda: numbers.rounds(found, small),
        code=(numbers.reduced, answers.shortened),
        note="In each round that word is cut out without which the answer keeps the highest P. Marks and special tokens stay.",
    ):
        st.caption(_asked(found))
        gone = {p for i in small.gone for p in found.parts[i].positions}
        tokens = found.trace.tokens
        shade = np.array([0.0 if t.position in gone else 1.0 for t in tokens])
        notes = [""] * len(tokens)
        for n, i in enumerate(small.gone, 1):
            notes[found.parts[i].positions[0]] = str(n)
        token_row(
            tokens,
            key="left-tokens",
            label="The text: what is left is coloured, the rest has its round under it",
            colour="word",
            shade=shade,
            notes=notes,
        )
        names = [found.label(i) for i in small.gone]
        items = [Bar("(everything)", small.p[0], "soft", shown=percent(small.p[0]))]
        items += [
            Bar(f"{n}. without {name} too" if n > 1 else f"1. without {name}", p, "probability", shown=percent(p))
            for n, (name, p) in enumerate(zip(names, small.p[1:], strict=True), 1)
        ]
        top = max(small.p)
        items = [Bar(b.text, b.value / max(top, 1e-9), b.role, shown=b.shown) for b in items]
        if len(items) > MOST_BARS + 2:
            st.caption(f"The last {MOST_BARS} of {len(items) - 1} rounds; all of them in the table.")
            items = [items[0], *items[-MOST_BARS:]]
        bars(items, key="left-bars", label="P of the answer after each round")


# why this and not that ------------------------------------------------------------------------------------------------
def _why(page: Page) -> None:
    found = _ready(page)
    if found is None:
        return
    first, left, right = st.columns(3, gap="small")
    _choose_answer(page, first)
    if found.target.head == "words":
        left.text_input("Why this word", placeholder="the first guess", max_chars=60, **state.bind(WANTED))
        right.text_input("and not this one", placeholder="the word that stands there", max_chars=60, **state.bind(OTHER))
    held, why = answers.contrast(found, state.get(WANTED), state.get(OTHER))
    if held is None:
        tell(why)
        return
    baseline, k = state.get(BASELINE), state.get(TAKEN)
    methods = ("gradients", "occlusion")
    made = _job(
        HELD,
        held,
        _key(held, "against", baseline, k),
        "Attribute the difference to the words",
        lambda progress: numbers.taken_apart(held, methods, baseline, k, progress),
        40 + len(held.parts),
    )
    if made is None:
        return
    with picture(
        "why",
        "Why this and not that",
        look=numbers.speaks_for(held, made),
        table=lambda: numbers.table_of(held, made.given),
        code=(answers.contrast, numbers.integrated),
        note=f"P is of these two answers only. Above 0 speaks for the first, below 0 for the second. {ROWS_NOTE}",
    ):
        st.caption(_asked(held))
        _rows(held, made.given, "why")
        path = made.of("gradients").path
        bars(_deleted_bars(held, made.deleted), key="why-deleted", label="P of the first of the two after each deletion")
        said(numbers.complete(path, baseline))


# heads and layers ------------------------------------------------------------------------------------------------------
def _off(page: Page) -> None:
    found = _ready(page)
    if found is None:
        return
    what, seed = state.get(UNITS), state.get(ORDER)
    first, left, right = st.columns(3, gap="small")
    _choose_answer(page, first)
    left.segmented_control("What is switched off", UNITS.options, **state.bind(UNITS))
    right.number_input("Seed of the random orders", 0, ORDER.high, **state.bind(ORDER))
    spec = found.trace.spec
    count = spec.n_layers * (spec.n_heads if what == "heads" else 1)
    cost = min(numbers.MOST_RUNS, count * count / 2) + numbers.ORDERS * count
    made = working(
        SWITCHED,
        _key(found, "switched", what, seed),
        f"Switch {what} off, one after another",
        lambda progress: numbers.switched(found, what, seed, progress),
        cost=cost,
        what=f"{what} switched off one after another",
    )
    if made is None:
        st.caption(f"About {cost:,.0f} runs of the model.")
        return
    look = numbers.after_how_many(found, made)
    of = "a layer's heads together; its feed-forward network stays" if what == "layers" else "one head at a time"
    with picture(
        "off",
        f"{what.capitalize()} switched off",
        look=look,
        table=lambda: numbers.curves(made),
        code=(numbers.switched,),
        note=(
            f"Off: {of}. Greedily: in each step the one without which P is lowest, searched anew; × marks where another "
            "answer comes first. The band goes from the least to the most of the random orders."
        ),
    ):
        st.caption(_asked(found))
        if made.units:
            st.plotly_chart(figures.off_chart(made, page.palette), key="off-chart", alt=look.plain(), **CHART)


CHAPTER = Chapter(
    id="changed",
    name="What changed the answer",
    steps=(
        Step("kills", "Without one word", _kills, asks=questions.KILLS, lead=LEAD, owns=(TRIED,)),
        Step(
            "two",
            "Two methods",
            _two,
            asks=questions.HURTS,
            lead=LEAD_TWO,
            owns=(ONE, TWO, BASELINE, TAKEN, ANSWER, SCORED),
        ),
        Step("left", "What is left", _left, asks=questions.LEFT, lead=LEAD_LEFT, owns=(CUT,)),
    ),
    deeper=(
        Step("why", "Why this and not that", _why, lead=LEAD_WHY, owns=(WANTED, OTHER, HELD)),
        Step("every", "All methods beside each other", _all, lead=LEAD_TWO, owns=(EVERY,)),
        Step("off", "Heads and layers switched off", _off, lead=LEAD_OFF, owns=(UNITS, ORDER, SWITCHED)),
    ),
)
