"""Guess first: the question of a step, what the reader commits to, and what is said then.

What was guessed is kept for the visit only, in the page's own session; no address and no file holds it. A guess belongs to
(model, sentences, question): another text or model asks again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from functools import partial
from html import escape
from itertools import count
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from bert_explain import chapters, models
from bert_explain.analysis.masking import same_place
from bert_explain.analysis.overview import telling_token
from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.content import examples
from bert_explain.engines.cache import TRACES
from bert_explain.engines.jobs import FAILED, JOBS, Job
from bert_explain.errors import ExplainError
from bert_explain.learning.question import SHOWN, Ask, Guess, NotAskable, Option, Pair, Question
from bert_explain.query import Query
from bert_explain.ui import cache, own, state, working
from bert_explain.ui.notice import tell
from bert_explain.ui.working import watch

if TYPE_CHECKING:
    from bert_explain.ui.frame import Page

SURE = ("sure", "not sure")
_GUESSES, _BROKEN, _ASKED, _MISSED = "_guesses", "_broken", "_asked_again", "_missed"
_PRESSED = "_pressed"  # questions whose work was asked for by a press
_LEFT = "_left"  # guesses that the reader did not want to wait for
GUESSED, JUDGED = ("masked_words", "expected"), ("next_sentence", "judge")  # steps whose answers other chapters could tell
AT_ONCE = 0.2  # seconds that are waited for before a bar is drawn
KEPT = "This is kept in this page only: it is gone when the page is loaded anew or the server is started again."
ASKING = "The model is being asked; this takes some seconds."

Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class Beside:
    """The models beside the encoder, as questions ask for them."""

    decoder_name: str = ""

    def vectors(self, name: str = "word2vec") -> Any:
        return cache.vectors(name)

    def decoder(self, text: str, text_b: str = "", **changes: Any) -> Any:
        return cache.decoder_trace(self.decoder_name, text, text_b, **changes)

    def elmo(self, text: str) -> Any:
        return cache.elmo_trace("", text)


def ask_of(model_name: str, query: Query, word: str = "", position: int | None = None) -> Ask:
    """What a question is asked of: these sentences, by this model. `position`: of the token that is talked about."""

    def run(changed: Query) -> Any:
        return cache.trace(model_name, changed)

    def aside(changed: Query) -> Any:
        return cache.aside(model_name, changed)

    plain = query.plain()
    place = telling_token(cache.laid(models.load(model_name), plain), word) if position is None else position
    return Ask(plain, run, Beside(), place, aside, partial(cache.together, model_name))


def asked_here(page: Page) -> Ask:
    """The question of the reader's own text: without interventions, about the token that the pictures begin with."""
    plain = page.query.plain()
    return ask_of(page.model.name, plain, page.example_word)


def word_of(question: Question, query: Query) -> str:
    """What an example, or a pair that the question carries, is about; "" for a text of the reader's own."""
    known = [(p.a, p.b, p.word) for p in examples.pairs()] + [(p.a, p.b, p.word) for p in question.pairs]
    return next((word for a, b, word in known if (a, b) == (query.text_a, query.text_b)), "")


def asked_of(page: Page, question: Question, query: Query) -> Ask:
    """A question of these sentences, about the word that they are about."""
    return ask_of(page.model.name, query, word_of(question, query))


def key(page: Page, question: Question, query: Query) -> Key:
    """What a guess belongs to."""
    return page.model.name, query.text_a, query.text_b, question.id


def guesses() -> dict[Key, Guess]:
    """What was guessed in this visit."""
    return st.session_state.setdefault(_GUESSES, {})


def forget() -> None:
    """Callback: all guesses are gone."""
    for name in (_GUESSES, _BROKEN, _ASKED, _MISSED, _LEFT):
        st.session_state.pop(name, None)
    state.touched()


def answered(page: Page, question: Question) -> bool:
    """Whether a question has been answered, or shown, of this text by this model."""
    return key(page, question, page.query.plain()) in guesses()


def to_come(page: Page, chapter: str, step: str) -> Ask | None:
    """What a later step of the walk will ask of this text, in guided mode; None where it was answered, or cannot be asked.

    What another step shows must not tell its answer until then.
    """
    found = chapters.load(chapter).step(step)
    if state.get("mode") != "guided" or found is None or found.asks is None or answered(page, found.asks):
        return None
    ask = asked_of(page, found.asks, page.query.plain())
    try:
        return None if found.lacks(page.model.spec) or found.asks.why_not(evidence(page, found.asks, ask)) else ask
    except ExplainError:
        return None


def asked_there(page: Page, position: int | None, chapter: str, step: str) -> bool:
    """Whether the token at a position of the page's text is the one that a later step will ask about."""
    ask = to_come(page, chapter, step)
    return ask is not None and position is not None and same_place(ask.trace, ask.position, page.trace) == position


def wanted(page: Page, question: Question) -> bool:
    """Whether it is to be asked: in guided mode, and in explore mode where the reader wants to guess first.

    Not where the reader did not want to wait for it, of this text.
    """
    if _left(key(page, question, page.query.plain())):
        return False
    return state.get("mode") == "guided" or question.id in st.session_state.get(_ASKED, ())


def guess_first(page: Page, question: Question) -> None:
    """Callback: ask this one, in explore mode and where it was left."""
    st.session_state.setdefault(_ASKED, set()).add(question.id)
    st.session_state.get(_LEFT, set()).discard(key(page, question, page.query.plain()))
    state.touched()


def _left(place: Key) -> bool:
    return place in st.session_state.get(_LEFT, ())


def _leave(place: Key) -> None:
    """Callback: the reader waits for a question no longer; the step shows its picture as in explore mode."""
    st.session_state.setdefault(_LEFT, set()).add(place)
    st.session_state.get(_ASKED, set()).discard(place[-1])
    state.touched()
    state.redraw()


def evidence(page: Page, question: Question, ask: Ask) -> pd.DataFrame:
    """The table that decides, made once for a text, a model and a question. Raises NotAskable and other ExplainErrors."""
    place = place_of(page, question, ask)
    return _made(place, lambda: question.evidence(ask))


def _made(place: tuple, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """What is kept under `place`, made first if it is not there. Raises what the work beside the page was refused with."""
    if why := _refused(place):
        raise why.with_traceback(None)
    return cache.evidence(place, make)


def _refused(place: tuple) -> ExplainError | None:
    """Why the work beside the page gave no evidence. It is not begun anew: on a busy server that would go on for ever."""
    job = JOBS.find(("evidence", place))
    return job.error if job is not None and job.state == FAILED and isinstance(job.error, ExplainError) else None


def place_of(page: Page, question: Question, ask: Ask) -> tuple[str, Query, str, int]:
    """Where a question's evidence is kept. The word is in it: a pair may be asked about another one elsewhere."""
    return page.model.name, ask.query, question.id, ask.position


def work_of(page: Page, question: Question, ask: Ask) -> Callable[[Callable[..., None]], pd.DataFrame]:
    """`work(progress)` for a job: the evidence. Each run says how far it is, and stops there when nobody waits any more."""
    place = place_of(page, question, ask)

    def work(progress: Callable[..., None]) -> pd.DataFrame:
        steps = count(1)

        def watched(run: Callable[[Query], Any]) -> Callable[[Query], Any]:
            def step(query: Query) -> Any:
                progress(min(0.95, next(steps) / question.cost))
                return run(query)

            return step

        told = replace(ask, run=watched(ask.run), aside=watched(ask.once), progress=progress)
        return cache.evidence(place, lambda: question.evidence(told))

    return work


def ready(page: Page, question: Question, ask: Ask, title: str = "") -> bool:
    """Whether the evidence of a question that takes long is there; if not, it is made beside the page, and waited for here."""
    if not question.long:
        return True
    place, work = place_of(page, question, ask), work_of(page, question, ask)
    leave = partial(_leave, key(page, question, ask.query))
    if why := _refused(place):
        if isinstance(why, NotAskable):
            return True
        _titled(title)  # something in the way, not the text: it may be out of the way by now
        tell(str(why), "warning")
        st.button("Try again", key=f"again-{question.id}", on_click=_again, args=(("evidence", place),))
        return False
    if question.press and question.id not in st.session_state.get(_PRESSED, ()):
        if TRACES.peek(("evidence", place)) is not None:
            return True
        _titled(title)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.button(question.press, key=f"begin-{question.id}", type="primary", on_click=_begin, args=(question,))
            st.button("skip the question", key=f"leave-{question.id}", type="tertiary", on_click=leave)
        return False
    job = _submitted(place, work, question.cost)
    if job.wait(AT_ONCE):
        return True  # done, or failed: asking again says why
    _titled(title)
    watch(f"question-{question.id}", job, leave, doing=ASKING)
    return False


def _submitted(place: tuple, work: Callable[[Callable[..., None]], pd.DataFrame], cost: float) -> Job:
    """The job that makes the evidence kept under `place`."""
    if TRACES.peek(("evidence", place)) is None:
        JOBS.drop(("evidence", place))  # it was made, and let go since: it is made anew, and again beside the page
    return JOBS.submit(("evidence", place), working.session(), work, cost=cost, label="a question")


def _again(job: Hashable) -> None:
    """Callback: work that failed is begun anew."""
    JOBS.drop(job)
    state.touched()


def _begin(question: Question) -> None:
    """Callback: the work that decides a question is wanted, for this text and the next."""
    st.session_state.setdefault(_PRESSED, set()).add(question.id)
    state.touched()


def draw(page: Page, question: Question, ask: Ask, *, of: Pair | None = None, title: str = "") -> bool:
    """The question's half of a step. True when its picture may be shown: answered, shown, or not askable here.

    title : the heading where no question stands, or none yet: the focus goes to it.
    """
    place = key(page, question, ask.query)
    given = guesses().get(place)
    if _left(place):
        _titled(title)
        st.button("Ask it after all", key=f"after-all-{question.id}", on_click=guess_first, args=(page, question))
        return True
    if not ready(page, question, ask, title):
        return False
    try:
        found = evidence(page, question, ask)
        why = question.why_not(found)
    except NotAskable as error:
        found, why = None, str(error)
    if given is None and why:
        _not_here(page, question, why, title)
        return True
    if found is None:
        _not_here(page, question, why, title)
        return True
    if of is not None:
        st.html(_sentences(of))
    _heading(question.said("ask", found), question.id)
    options = question.choices(ask, found)
    if given is None:
        _form(page, question, ask, place, options)
        return False
    _answer(page, question, ask, found, options, given)
    return True


def _sentences(pair: Pair) -> str:
    both = " / ".join(f'<b class="piece" dir="auto">{escape(text)}</b>' for text in (pair.a, pair.b) if text)
    return f'<p class="asked-of">Of another text: {both}</p>'


def _heading(text: Sentence, name: str) -> None:
    st.html(f'<h2 class="question" tabindex="-1" data-question="{escape(name)}">{own.sentence(text).html()}</h2>')


def _titled(title: str) -> None:
    """A step's own name, where its question does not stand, or not yet; the focus goes there."""
    if title:
        st.html(f'<h2 class="step" tabindex="-1" data-step-heading="">{escape(title)}</h2>')


def _not_here(page: Page, question: Question, why: str, title: str) -> None:
    """Not askable of this text: why, and another one."""
    _titled(title)
    tell(f"{why} So nothing is asked about this text.")
    if question.pairs:
        st.button("Ask it of another sentence", key=f"other-{question.id}", on_click=_other, args=(page, question))


def _other(page: Page, question: Question) -> None:
    """Callback: the first carried pair of which it can be asked goes into the sentence box; Back brings the old text back."""
    for pair in question.pairs:
        query = Query(pair.a, pair.b)
        if query == page.query.plain():
            continue
        ask = asked_of(page, question, query)
        place = place_of(page, question, ask)
        try:
            if question.long and TRACES.peek(("evidence", place)) is None:
                if _refused(place):
                    continue
            elif question.why_not(evidence(page, question, ask)):  # what takes long is found out beside the page
                continue
        except ExplainError:
            continue
        state.reset("mask", "put", "token", "off", "seg", "pos", "tok", "sep", "swap")
        state.put(a=pair.a, b=pair.b)
        return
    state.notice("Of none of the sentences that this question carries can it be asked with this model.")


def _form(page: Page, question: Question, ask: Ask, place: Key, options: tuple[Option, ...]) -> None:
    """Options or an own word, sure or not, nothing preset; one message to the server, when it is committed."""
    name = "-".join(("ask", question.id, str(abs(hash(place)))))
    with st.form(name, border=False):
        if options:
            texts = {option.id: own.sentence(option.text).markdown() for option in options}
            st.radio(
                "Your answer", list(texts), index=None, format_func=texts.get, key=f"{name}-choice", label_visibility="collapsed"
            )
        else:
            st.text_input("Your own word", key=f"{name}-choice", placeholder="one word", max_chars=60, autocomplete="off")
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"commit-{question.id}"):
            st.segmented_control("How sure are you?", SURE, default=None, key=f"{name}-sure", label_visibility="collapsed")
            st.form_submit_button(
                "Answer", type="primary", key=f"{name}-go", on_click=_commit, args=(name, place, {o.id for o in options})
            )
            st.form_submit_button("just show me", type="tertiary", key=f"{name}-show", on_click=_show, args=(place,))
    if st.session_state.pop(_MISSED, None) == name:
        tell(
            "Choose an answer first, and say whether you are sure."
            if options
            else "Type a word first, and say whether you are sure."
        )


def _commit(name: str, place: Key, options: set[str]) -> None:
    choice, sure = st.session_state.get(f"{name}-choice"), st.session_state.get(f"{name}-sure")
    choice = choice.strip() if isinstance(choice, str) else ""
    if not choice or sure not in SURE or (options and choice not in options):
        st.session_state[_MISSED] = name
    else:
        guesses()[place] = Guess(choice, sure == SURE[0])
    state.touched()
    state.redraw()


def _show(place: Key) -> None:
    guesses()[place] = Guess(shown=True)
    state.touched()
    state.redraw()


def said_of(question: Question, ask: Ask, found: pd.DataFrame, options: tuple[Option, ...], given: Guess) -> Sentence:
    """ "You said ...; the model ...". A right guess and a wrong one differ by the sign in front."""
    fact = question.said("fact", found)
    if given.shown:
        return say("{fact}", fact=capital(fact))
    if question.score is not None and not options:
        scored = question.score(ask, given.choice)
        place = (
            "is not a piece of the model's vocabulary"
            if scored.rank is None
            else f"is number {scored.rank:,} in its list, with {scored.shown}"
        )
        sign = "✓" if scored.rank == 1 else "✗" if scored.rank is None or scored.rank > 5 else "≈"
        return say(
            "{sign} You said {word}; {fact} Your word {place}.", sign=sign, word=Piece(given.choice), fact=fact, place=place
        )
    chosen = next((o.text for o in options if o.id == given.choice), say("{x}", x=given.choice))
    sign = "✓" if given.right(question.answer(found)) else "✗"
    return say("{sign} You said {chosen}; {fact}", sign=sign, chosen=chosen, fact=fact)


def capital(sentence: Sentence) -> Sentence:
    """The same sentence, beginning as sentences do."""
    template = sentence.template
    return replace(sentence, template=template[:1].upper() + template[1:])


def _answer(page: Page, question: Question, ask: Ask, found: pd.DataFrame, options: tuple[Option, ...], given: Guess) -> None:
    right = question.answer(found)
    broken: pd.DataFrame | None = None
    refused = ""
    try:
        broken = _broken(page, question, ask, found)
    except ExplainError as error:
        refused = str(error)
    if options:
        st.html(_rows(options, found, right, given, broken))
    said = own.sentence(said_of(question, ask, found, options, given))
    st.html(f'<p class="look" role="status">{said.html()}</p>')
    chosen = next((o for o in options if o.id == given.choice and o.id != right), None)
    because = question.because(chosen, found) if chosen is not None else None
    if because is not None:
        st.html(f'<p class="refute">{own.sentence(because).html()}</p>')
    if given.sure and chosen is not None:
        st.caption("Sure, and otherwise: worth a second look. It comes back at the end of a later chapter.")
    if refused:  # where its button stood: it is about the changed text
        tell(f"With this change nothing can be said. {refused}")
        return
    _experiment(page, question, ask, found, broken)


def _rows(options: tuple[Option, ...], found: pd.DataFrame, right: str, given: Guess, broken: pd.DataFrame | None) -> str:
    lines = []
    for option in options:
        marks = ["✓"] if option.id == right else []
        if option.id == given.choice:
            marks = ["✓ your guess"] if option.id == right else ["✗ your guess"]
        number = str(found.at[option.id, SHOWN]) if option.id in found.index else ""
        if broken is not None and option.id in broken.index and str(broken.at[option.id, SHOWN]):
            then = str(broken.at[option.id, SHOWN])
            number = f"{number}; then {then}" if "→" in number + then else f"{number} → {then}"
        told = escape(" · ".join([part for part in (number, *marks) if part]))
        kind = " ".join(c for c, on in (("right", option.id == right), ("yours", option.id == given.choice)) if on)
        lines.append(f'<li class="{kind}"><span>{own.sentence(option.text).html()}</span><small>{told}</small></li>')
    return f'<ul class="options">{"".join(lines)}</ul>'


def _experiment(page: Page, question: Question, ask: Ask, found: pd.DataFrame, broken: pd.DataFrame | None) -> None:
    if question.experiment is None or "try" not in question.words:
        return
    place = key(page, question, ask.query)
    if broken is None:
        job = JOBS.find(("evidence", _tried(page, question, ask)))
        if job is not None and not job.over:
            watch(f"question-{question.id}", job, partial(_unbreak, place), doing=ASKING)
            return
        label = own.sentence(question.said("try", found)).markdown()
        st.button(label, key=f"break-{question.id}-{abs(hash(place))}", on_click=_break, args=(place,))
        return
    facts = {f"new_{name}": value for name, value in broken.attrs.get("facts", {}).items()}
    sentence = own.sentence(question.said("broke" if question.broken(found, broken) else "held", found, **facts))
    st.html(f'<p class="look" role="status">{sentence.html()}</p>')


def _break(place: Key) -> None:
    st.session_state.setdefault(_BROKEN, set()).add(place)
    state.touched()


def _unbreak(place: Key) -> None:
    """Callback: the reader waits for the experiment no longer."""
    st.session_state.get(_BROKEN, set()).discard(place)
    state.touched()
    state.redraw()


def _tried(page: Page, question: Question, ask: Ask) -> tuple:
    """Where the evidence of a question's experiment is kept."""
    return (*place_of(page, question, ask), "tried")


def _broken(page: Page, question: Question, ask: Ask, found: pd.DataFrame) -> pd.DataFrame | None:
    """The evidence of the changed text, once the reader has pressed for it. Raises ExplainError where there is none."""
    if question.experiment is None or key(page, question, ask.query) not in st.session_state.get(_BROKEN, ()):
        return None
    place = _tried(page, question, ask)

    def work(progress: Callable[..., None]) -> pd.DataFrame:
        return cache.evidence(place, lambda: question.tried(replace(ask, progress=progress), found))

    if question.long and not _refused(place) and not _submitted(place, work, question.cost).wait(AT_ONCE):
        return None
    return _made(place, lambda: question.tried(ask, found))


def first_askable(page: Page, question: Question, pairs: tuple[Pair, ...]) -> tuple[Pair, Ask] | None:
    """The first of these texts of which it can be asked, and which is not the reader's own."""
    here = page.query.plain()
    for pair in pairs:
        query = Query(pair.a, pair.b)
        if query == here:
            continue
        ask = asked_of(page, question, query)
        try:
            if not question.why_not(evidence(page, question, ask)):
                return pair, ask
        except ExplainError:
            continue
    return None


def missed_surely(page: Page, question: Question) -> bool:
    """Whether the reader was sure of another option than the right one, of any text with this model."""
    for (model, a, b, name), given in guesses().items():
        if model != page.model.name or name != question.id or not given.sure or given.shown:
            continue
        ask = asked_of(page, question, Query(a, b))
        try:
            if not given.right(question.answer(evidence(page, question, ask))):
                return True
        except ExplainError:
            continue
    return False


def summary(page: Page, asked: list[tuple[str, Question]]) -> str:
    """What was guessed, a line an idea, as HTML."""
    ask, lines = asked_here(page), []
    for title, question in asked:
        given = guesses()[key(page, question, ask.query)]
        try:
            found = evidence(page, question, ask)
        except ExplainError:
            continue
        sign = "shown" if given.shown else "✓" if given.right(question.answer(found)) else "✗"
        lines.append(f"<li><b>{escape(sign)}</b> {escape(title)}</li>")
    return f'<ul class="guessed" aria-label="What you guessed">{"".join(lines)}</ul>'


def veil(words: str = "The picture comes after your guess") -> None:
    """Where a picture will be."""
    st.html(f'<div class="veil" aria-hidden="false"><p>{escape(words)}</p></div>')
