"""The chapter's numbers: what a tiny BERT guesses as it learns, what decides the questions. Pure; pandas and numpy only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.kernel import texts
from bert_explain.kernel.readings import best, many, percent, share
from bert_explain.learning.question import Ask, table
from bert_explain.training import pre_training
from bert_explain.training.pre_training import MASK, Lesson, Look, Recipe, Trained

LONG = 2_000  # forward passes, about: a training never takes every place of the server
HOLE = "▢"
STEPS = ("200", "500", "1000", "2000")
COPIES = ("1", "3", "10", "30")
SHOWN = 5  # sentences of the text that are shown
NEIGHBOUR, AHEAD = 0.5, 0.1  # a head looks at a neighbour from this mean attention on; the first is ahead of the next by so much
WORDS = "the word before", "the word behind"


def written(lesson: Lesson, ids: Sequence[int], at: int = -1, hole: str = HOLE) -> str:
    """A row as text, pieces joined to words; with a hole at one piece."""
    text = ""
    for i, piece in enumerate(ids):
        word = hole if i == at else lesson.vocabulary.pieces[piece]
        text += word[2:] if word.startswith("##") and text else f" {word}" if text else word
    return text


def name_of(lesson: Lesson, piece: int) -> str:
    """A piece by its number; one that this vocabulary lacks, as a model with more pieces may say, is a question mark."""
    return lesson.vocabulary.pieces[piece] if piece < len(lesson.vocabulary.pieces) else "?"


# ten places ---------------------------------------------------------------------------------------------------------
def at_looks(looks: Sequence[Look], most: int = 4) -> list[Look]:
    """The looks that a table of few columns shows: the first, the last, and some between, each about three times as far."""
    if len(looks) <= most:
        return list(looks)
    wanted = [0, *(looks[-1].step / 3**k for k in range(most - 2, 0, -1)), looks[-1].step]

    def nearest(to: float) -> Look:
        return min(looks, key=lambda one: abs(one.step - to))

    return list(dict.fromkeys(map(nearest, wanted)))


def holes(lesson: Lesson, looks: Sequence[Look], most: int = 4) -> pd.DataFrame:
    """One row a fixed place: the row with its hole, what stands there, whether it is read, and the first guess at some steps."""
    some = at_looks(looks, most)
    rows = []
    for i, place in enumerate(lesson.places):
        guesses = {f"step {look.step:,}": name_of(lesson, look.guesses[i].pieces[0]) for look in some}
        chance = looks[-1].guesses[i].right if looks else float("nan")
        rows.append(
            {
                "text": written(lesson, place.ids, place.at),
                "stands there": name_of(lesson, place.right),
                "read": "yes" if place.read else "kept back",
                **guesses,
                "P of what stands there": chance,
            }
        )
    return pd.DataFrame(rows)


def right_at(lesson: Lesson, look: Look, read: bool | None = None) -> tuple[int, int]:
    """(how many of the fixed places it guesses rightly, of how many); of those that are read, or kept back, only."""
    some = [(p, g) for p, g in zip(lesson.places, look.guesses, strict=True) if read is None or p.read == read]
    return sum(g.pieces[0] == p.right for p, g in some), len(some)


def holes_look(lesson: Lesson, looks: Sequence[Look]) -> Sentence:
    """How many of the places it had at first, and has now."""
    if not lesson.places:
        return say("This text has no row with a word that can be hidden.")
    first, last = looks[0], looks[-1]
    text = "Look at the holes: before the first step {a} of {n} were guessed rightly, and {b} after step {step}"
    values: dict[str, Any] = {
        "a": right_at(lesson, first)[0],
        "n": len(lesson.places),
        "b": right_at(lesson, last)[0],
        "step": f"{last.step:,}",
    }
    if lesson.held:
        (seen, of_seen), (new, of_new) = right_at(lesson, last, True), right_at(lesson, last, False)
        text += ": {seen} of {of_seen} in rows that it reads, {new} of {of_new} in rows that were kept back"
        values |= {"seen": seen, "of_seen": of_seen, "new": new, "of_new": of_new}
    return say(f"{text}.", **values)


# the course ---------------------------------------------------------------------------------------------------------
def course(losses: Sequence[float], looks: Sequence[Look]) -> pd.DataFrame:
    """One row a step: its loss, and where it was looked at the loss and the right guesses on the measured rows."""
    at = {look.step: look for look in looks}
    steps = range(0, len(losses) + 1)
    return pd.DataFrame(
        {
            "step": list(steps),
            "loss": [np.nan, *losses],
            "measured loss": [at[s].loss if s in at else np.nan for s in steps],
            "right": [at[s].right if s in at else np.nan for s in steps],
            "right, frequent pieces": [at[s].common if s in at else np.nan for s in steps],
            "right, other pieces": [at[s].rare if s in at else np.nan for s in steps],
        }
    )


def course_look(lesson: Lesson, looks: Sequence[Look]) -> Sentence:
    """How the loss went, on rows that it does not learn from where there are such."""
    first, last = looks[0], looks[-1]
    what = "rows that were kept back" if lesson.held else "its own text, for nothing of it was kept back"
    moved = "fell" if last.loss < 0.95 * first.loss else "rose" if last.loss > 1.05 * first.loss else "hardly changed"
    if last is first:
        return say("Before the first step the loss is {a:.2f}, on {what}.", a=first.loss, what=what)
    chance = float(np.log(len(lesson.vocabulary.pieces)))
    text = (
        "Look at the line: on {what} the loss {moved}, from {a:.2f} to {b:.2f} after step {step}. Who gives each of the {n} "
        "pieces the same has {chance:.2f}."
    )
    values = {"what": what, "moved": moved, "a": first.loss, "b": last.loss, "step": f"{last.step:,}", "chance": chance}
    lowest = min(looks, key=lambda one: one.loss)
    if lesson.held and last.loss > 1.05 * lowest.loss:
        text += " It was lower after step {low}, {c:.2f}: since then it learns its own text by heart."
        values |= {"low": f"{lowest.step:,}", "c": lowest.loss}
    return say(text, n=f"{len(lesson.vocabulary.pieces):,}", **values)


# heads --------------------------------------------------------------------------------------------------------------
def heads(looks: Sequence[Look]) -> pd.DataFrame:
    """One row a look, head and direction: step, head, which neighbour, mean attention to it."""
    rows = []
    for look in looks:
        for name, values in zip(WORDS, (look.before, look.behind), strict=True):
            for layer, head in np.ndindex(values.shape):
                rows.append((look.step, f"layer {layer + 1}, head {head + 1}", name, float(values[layer, head])))
    return pd.DataFrame(rows, columns=["step", "head", "looks at", "attention"])


def heads_look(looks: Sequence[Look]) -> Sentence:
    """Which head was the first that looks mostly at a neighbour: beyond NEIGHBOUR, and ahead of all others by AHEAD then.

    A head counts by the one of its two neighbours that gets more.
    """
    shape = looks[0].before.shape
    for look in looks:
        more = np.maximum(look.before, look.behind)
        over = np.flatnonzero(more >= NEIGHBOUR)
        if not over.size:
            continue
        top = best(more, least=AHEAD, part=0.0)
        if top.leads and over.size == 1:
            layer, head = np.unravel_index(top.index, shape)
            side = int(look.behind[layer, head] > look.before[layer, head])
            return say(
                "Look at layer {layer}, head {head}: it is the first that looks mostly at a neighbour. At step {step} {a:.2f} of "
                "a word's attention goes to {which} in it; the head that comes second gives a neighbour {b:.2f}. "
                "Nobody told it to.",
                layer=int(layer) + 1,
                head=int(head) + 1,
                step=f"{look.step:,}",
                a=top.value,
                b=top.second,
                which=WORDS[side],
            ).because(top)
        return say(
            "Look at step {step}: {n} give half of a word's attention or more to a neighbour then{level}. Nobody told them to.",
            step=f"{look.step:,}",
            n=many(int(over.size), "head") if over.size > 1 else "one head and another nearly as much",
            level="" if top.leads else ", and none is far ahead of the others",
        )
    last = looks[-1]
    top = best(np.maximum(last.before, last.behind))
    return say(
        "No head looks mostly at a neighbour after step {step}: the largest mean is {a:.2f}, and {least} would be mostly.",
        step=f"{last.step:,}",
        a=top.value,
        least=f"{NEIGHBOUR:.2f}",
    )


# what it was never shown --------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Hole:
    """A reader's sentence with one word hidden."""

    words: tuple[str, ...]
    at: int  # which word

    @property
    def word(self) -> str:
        """What is hidden."""
        return self.words[self.at]


def hole_of(lesson: Lesson, sentence: str, word: int) -> Hole | None:
    """The sentence with its word number `word` hidden (from 1; 0: the last one that is no mark). None: it has no word."""
    words = tuple(lesson.vocabulary.words(sentence))
    if not words:
        return None
    lettered = [i for i, w in enumerate(words) if any(c.isalnum() for c in w)] or list(range(len(words)))
    return Hole(words, min(word, len(words)) - 1 if word else lettered[-1])


def names_of(hole: Hole) -> list[str]:
    """The words to choose among; one that stands there more than once is told apart by its number."""
    return [w if hole.words.count(w) == 1 else f"{w} ({n})" for n, w in enumerate(hole.words, 1)]


def cut_of(hole: Hole) -> tuple[int, int]:
    """(which row of the sentence has the hole, from 1; of how many), cut as `with_added` does, where every word is one piece."""
    rows = pre_training.cut(range(len(hole.words)))
    return next(n for n, row in enumerate(rows, 1) if hole.at in row), len(rows)


def row_of(lesson: Lesson, hole: Hole) -> tuple[tuple[int, ...], int, int]:
    """(pieces of the row with one hole in it, the hole's place, the number of what is hidden or -1 where it is no piece)."""
    row = next(row for row in pre_training.cut(range(len(hole.words))) if hole.at in row)
    before = [p for i in row if i < hole.at for p in lesson.vocabulary.ids(hole.words[i])]
    behind = [p for i in row if i > hole.at for p in lesson.vocabulary.ids(hole.words[i])]
    room = pre_training.LONGEST - 3
    keep = before[len(before) - min(len(before), max(room - len(behind), room // 2)) :]
    behind = behind[: room - len(keep)]
    return (*keep, MASK, *behind), len(keep), lesson.vocabulary.number.get(hole.word, -1)


def guessed(trained: Trained, hole: Hole) -> pd.DataFrame:
    """The likeliest pieces at the hole and, last where it is none of them, what is hidden: (piece, P, hidden).

    A word that is no piece of the vocabulary has no row: it cannot be said.
    """
    ids, at, right = row_of(trained.lesson, hole)
    (found,) = pre_training.guesses(trained.net, [(ids, at, right)])
    rows = [(name_of(trained.lesson, p), c, p == right) for p, c in zip(found.pieces, found.chances, strict=True)]
    if right >= 0 and right not in found.pieces:
        rows.append((hole.word, found.right, True))
    return pd.DataFrame(rows, columns=["piece", "P", "hidden"])


def came_from(lesson: Lesson, hole: Hole, piece: str) -> tuple[pd.DataFrame, int]:
    """Sentences of the text that hold a piece, those that share most pieces with the reader's first; and how many there are."""
    number = lesson.vocabulary.number.get(piece, -1)
    found = lesson.sentences_with(number)
    own = {p for i, w in enumerate(hole.words) if i != hole.at for p in lesson.vocabulary.ids(w)} - {*lesson.common, number}
    pieces: dict[int, set[int]] = {}
    for i in lesson.learned:
        pieces.setdefault(lesson.of[i], set()).update(lesson.rows[i])
    shared = {i: len(own & pieces[i]) for i in found}
    ranked = sorted(shared, key=lambda i: (-shared[i], i))[:SHOWN]
    rows = [(lesson.sentences[i], shared[i]) for i in ranked]
    return pd.DataFrame(rows, columns=["sentence of the text", "pieces shared with yours"]), len(found)


def from_look(piece: str, times: int, shown: int) -> Sentence:
    """How often the guess stands in what was read."""
    if times <= shown:
        stands = "it stands in one sentence of what it read, this one" if times == 1 else f"it stands in {times} sentences, these"
        return say("Look where {piece} comes from: {stands}.", piece=Piece(piece), stands=stands)
    return say(
        "Look where {piece} comes from: it stands in {times:,} sentences of what it read. These {n} share most pieces with "
        "yours.",
        piece=Piece(piece),
        times=times,
        n=shown,
    )


def before_look(trained: Trained, hole: Hole) -> Sentence:
    """What it says at the hole, and what the text has of what is hidden."""
    found = guessed(trained, hole)
    lesson = trained.lesson
    top = best(found["P"].to_numpy(), least=0.02)
    first = found.iloc[0]
    says = "Look at {piece}: it gets {p}" if top.leads else "No piece stands out: {piece} gets {p}"
    _, times = came_from(lesson, hole, str(first["piece"]))
    values: dict[str, Any] = {
        "piece": Piece(first["piece"]),
        "p": percent(float(first["P"])),
        "times": many(times, "sentence"),
        "word": Piece(hole.word),
    }
    text = f"{says}, a piece that stands in {{times}} of what it read. "
    number = lesson.vocabulary.number.get(hole.word, -1)
    if number < 0:
        return say(text + "{word} is no piece of its vocabulary, which was made of this text: it cannot say it.", **values)
    stands = len(lesson.sentences_with(number))
    if first["piece"] == hole.word:
        return say(text + "That is what you hid.", **values)
    values |= {"stands": many(stands, "sentence"), "q": percent(float(found[found["hidden"]]["P"].iloc[0]))}
    if not stands:
        return say(text + "{word} stands in no sentence that it read, and gets {q}.", **values)
    return say(text + "{word} stands in {stands} of what it read, and gets {q}.", **values)


def after_look(before: Trained, after: Trained, hole: Hole, copies: int) -> Sentence:
    """What came of the sentence that was added."""
    one, two = guessed(before, hole), guessed(after, hole)
    was, now = str(one.iloc[0]["piece"]), str(two.iloc[0]["piece"])
    read, added = [before.lesson.sentences[i] for i in before.lesson.sentences_learned], after.lesson.sentences[-1]
    values: dict[str, Any] = {
        "word": Piece(hole.word),
        "times": ("once" if copies == 1 else f"{copies} times") + (" more" if added in read else ""),
        "n": f"{len(read) - read.count(added):,}",
        "without": "as the text was" if added in read else "without it",
        "first": Piece(now),
        "was": Piece(was),
    }
    told = "With the sentence {times} among {n} others, "
    if not two["hidden"].any():
        return say(
            told + "{word} is no piece of its vocabulary still, and so it cannot say it: its first guess is {first}.", **values
        )
    values["a"] = percent(float(one[one["hidden"]]["P"].sum())) if one["hidden"].any() else "no piece of its own"
    values["b"] = percent(float(two[two["hidden"]]["P"].sum()))
    told += "{word} gets {b}; {without}, {a}. "
    if now == hole.word:
        if was == hole.word:
            return say(told + "It was its first guess before, too.", **values)
        return say(told + "It is its first guess now: what it says is what it was shown.", **values)
    told += "Its first guess is {first} still" if now == was else "Its first guess is {first} now, no more {was}"
    if was == hole.word:
        return say(told + ", though it was shown the sentence.", **values)
    return say(told + ": to be shown it this often is not enough, or the seed was against it.", **values)


# the questions ------------------------------------------------------------------------------------------------------
ASKED_TEXT, ASKED_STEPS, EARLY = "facts", 200, 20
MOSTLY, FEW, EDGE = 0.8, 0.4, 0.05
GAP = 0.15  # by which one group of pieces has to be ahead


def asked_lesson() -> Lesson:
    """The text that the questions are about."""
    return pre_training.lesson(texts.load(ASKED_TEXT))


def asked_recipe() -> Recipe:
    """What the questions train."""
    return Recipe(asked_lesson().name, ASKED_STEPS)


def trained_for_questions(progress: Any) -> Trained:
    """The short training that both questions are about, made once for all readers."""
    return pre_training.train(asked_lesson(), asked_recipe(), progress)


def first_guess(ask: Ask) -> pd.DataFrame:
    """What it guesses after EARLY steps; the option that holds has the value 1."""
    trained = trained_for_questions(ask.progress)
    return _first(trained, next(look for look in trained.looks if look.step == EARLY))


def later(ask: Ask, evidence: pd.DataFrame) -> pd.DataFrame:
    """The same at the end of the short training."""
    trained = trained_for_questions(ask.progress)
    return _first(trained, trained.looks[-1])


def _first(trained: Trained, look: Look) -> pd.DataFrame:
    lesson = trained.lesson
    common = lesson.common[0]
    is_right, is_same = look.right >= MOSTLY, look.same >= MOSTLY
    rows = {
        "same": (float(is_same), share(look.same)),
        "right": (float(is_right), share(look.right)),
        "mixed": (float(not is_same and not is_right), ""),
    }
    return table(
        rows,
        steps=look.step,
        learned=f"{len(lesson.sentences_learned):,}",
        piece=Piece(name_of(lesson, common)),
        often=f"{lesson.counts[common]:,}",
        same=look.same,
        same_share=share(look.same),
        right=look.right,
        right_share=share(look.right),
        most=Piece(name_of(lesson, look.most[0])),
        most_share=share(look.most[1]),
        measured=many(len({lesson.of[i] for i in lesson.measured}), "sentence"),
    )


def near_an_edge(evidence: pd.DataFrame) -> str:
    """Why the first guesses decide nothing."""
    facts = evidence.attrs["facts"]
    if min(abs(facts["same"] - MOSTLY), abs(facts["right"] - MOSTLY)) < EDGE:
        return "Here the first guesses lie between two of the answers: too near for a fair question."
    return ""


def learned_first(ask: Ask) -> pd.DataFrame:
    """After the short training: how many of the frequent pieces are guessed rightly, how many of the others."""
    trained = trained_for_questions(ask.progress)
    lesson, look = trained.lesson, trained.looks[-1]
    values = {"common": look.common, "rare": look.rare}
    apart = abs(look.common - look.rare) >= GAP
    top = max(values, key=lambda name: values[name])
    rows = {name: (1.0 if apart and name == top else 0.0, f"{share(value)} right") for name, value in values.items()}
    rows["level"] = (0.0 if apart else 1.0, "")
    return table(
        rows,
        steps=look.step,
        common=look.common,
        common_share=share(look.common),
        rare=look.rare,
        rare_share=share(look.rare),
        n=len(lesson.common),
        some=_listed([name_of(lesson, piece) for piece in lesson.common[:6]]),
        kinds=f"{len(lesson.vocabulary.pieces) - len(lesson.common):,}",
        ahead="The frequent pieces are ahead"
        if apart and top == "common"
        else "The rare pieces are ahead"
        if apart
        else "Neither is ahead",
    )


def _listed(pieces: Sequence[str]) -> Sentence:
    """Pieces, each set as one."""
    return say(", ".join(f"{{p{i}}}" for i in range(len(pieces))), **{f"p{i}": Piece(p) for i, p in enumerate(pieces)})


def too_level(evidence: pd.DataFrame) -> str:
    """Why it is not decided what is learned first."""
    facts = evidence.attrs["facts"]
    if abs(abs(facts["common"] - facts["rare"]) - GAP) < EDGE:
        return "Here frequent and rare pieces lie too near to each other, or just not near enough, for a fair question."
    return ""
