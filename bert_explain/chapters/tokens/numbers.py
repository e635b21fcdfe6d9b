"""The chapter's own tables: how many pieces each word becomes, and what is left of a word after the cleaning."""

from __future__ import annotations

import unicodedata
from itertools import zip_longest

import pandas as pd

from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.analysis.tokens import Word, cut, short, split, unknown_piece, words
from bert_explain.kernel.readings import many
from bert_explain.learning.question import Ask, NotAskable, Option, table
from bert_explain.query import Query
from bert_explain.trace import Trace

PIECES_SAID = 8  # a long cut is told by its first pieces
COUNTS = {1: "one", 2: "two", 3: "three"}  # from here on: "more"


# into how many pieces -------------------------------------------------------------------------------------------


def readable(trace: Trace) -> list[Word]:
    """The words of the text that are made of letters, are read whole, and are not unknown to the vocabulary."""
    unknown = (unknown_piece(trace),)
    return [
        w for w in words(trace) if not w.special and w.normal.isalpha() and w.pieces != unknown and w.positions and not w.dropped
    ]


def word_to_cut(trace: Trace) -> Word:
    """The word that is asked about: the one cut into most pieces, the longest of equals, the first of these.

    Not one with an accent, where it is asked what is left of such a word, and there is another: its pieces would tell.
    Raises NotAskable where there is no word of letters that the vocabulary can put together.
    """
    found = readable(trace)
    if not found:
        raise NotAskable("There is no word here that the vocabulary can put together.")
    accented = [w.normal for w in words_to_lose(trace) if marked(w)]
    return max([w for w in found if w.normal not in accented] or found, key=lambda w: (len(w.pieces), len(w.normal)))


def cuts(trace: Trace, cleaned: bool = True) -> pd.DataFrame:
    """Every word of letters once, in the order of the text: columns word, pieces (joined by a space), number, ids.

    cleaned : False for words as they are typed, without the pieces and ids of those that the cleaning changes.
    """
    once = {w.normal: w for w in reversed(readable(trace))}
    rows = []
    for w in reversed(once.values()):
        told = cleaned or w.raw == w.normal
        ids = " ".join(str(trace.tokens[p].id) for p in w.positions)
        word = short(w.normal if cleaned else w.raw)
        rows.append((word, " ".join(w.pieces) if told else "", len(w.pieces), ids if told else ""))
    return pd.DataFrame(rows, columns=["word", "pieces", "number", "ids"])


def cut_word(trace: Trace, cleaned: bool = True) -> str:
    """The word that is asked about, as `cuts` writes it. Raises NotAskable."""
    asked = word_to_cut(trace).normal
    first = next(w for w in readable(trace) if w.normal == asked)
    return short(first.normal if cleaned else first.raw)


def said(pieces: tuple[str, ...]) -> Sentence:
    """Pieces for a sentence; of a long cut the first ones, and how many follow."""
    told = Piece(" ".join(short(piece) for piece in pieces[:PIECES_SAID]))
    rest = len(pieces) - PIECES_SAID
    return say("{told} and {n} more", told=told, n=rest) if rest > 0 else say("{told}", told=told)


def _bucket(count: int) -> str:
    return COUNTS.get(count, "more")


_HOW = {
    "wordpiece": "it takes the longest beginning that is in the list, then the longest of the rest",
    "byte-level": "it begins with single bytes and joins the two neighbours that were joined first in training, again and again",
}


def _counted(trace: Trace, raw: str, pieces: tuple[str, ...], ids: tuple[int, ...]) -> pd.DataFrame:
    count = len(pieces)
    shown = many(count, "piece")
    here = _bucket(count)
    rows = {name: (float(name == here), shown if name == here else "") for name in (*COUNTS.values(), "more")}
    word = Piece(short(raw))
    if pieces == (unknown_piece(trace),):
        why = say("{word} becomes {unk}.", word=word, unk=Piece(pieces[0]))
    elif count == 1:
        why = say("Here {word} is in the list as it stands, row {row}.", word=word, row=f"{ids[0]:,}")
    else:
        why = say("Here {word} is not in the list, so it is put together: {pieces}.", word=word, pieces=said(pieces))
    how = _HOW[trace.spec.pieces]
    return table(rows, word=word, pieces=said(pieces), n=shown, why=why, how=how, raw=raw, count=count)


def how_many(ask: Ask) -> pd.DataFrame:
    """Evidence: the number of pieces that the model reads for one word of the text."""
    word = word_to_cut(ask.trace)
    return _counted(ask.trace, word.raw, word.pieces, tuple(ask.trace.tokens[p].id for p in word.positions))


def slip(word: str) -> str:
    """The word with two neighbouring letters exchanged, as near to its middle as they differ; else with its last letter twice."""
    middle = len(word) // 2
    places = [i for i in range(len(word) - 1) if word[i].lower() != word[i + 1].lower()]
    if not places:
        return word + word[-1:]
    at = min(places, key=lambda i: (abs(i + 1 - middle), -i))
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def mistyped(ask: Ask, evidence: pd.DataFrame) -> pd.DataFrame:
    """The same of the word with a slip in it."""
    raw = slip(evidence.attrs["facts"]["raw"])
    parts = split(ask.trace, raw)
    if not parts:
        raise NotAskable("Nothing is left of the word with the slip.")
    return _counted(ask.trace, raw, *cut(ask.trace, raw, word_to_cut(ask.trace)))


# what is left ---------------------------------------------------------------------------------------------------


def bare(text: str) -> str:
    """The text without the marks on its letters, as Unicode takes them apart; capitals stay."""
    return "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn")


def candidates(word: Word) -> dict[str, str]:
    """What could be left of a word: id -> text. As typed, in small letters, without accents, both; equal ones once."""
    raw = unicodedata.normalize("NFC", word.raw)
    made = {"typed": raw, "small": raw.lower(), "plain": bare(raw), "both": bare(raw.lower())}
    once: dict[str, str] = {}
    for name, text in made.items():
        if text not in once.values():
            once[name] = text
    return once


def marked(word: Word) -> bool:
    """Whether it has a mark on a letter."""
    raw = unicodedata.normalize("NFC", word.raw)
    return bare(raw) != raw


def words_to_lose(trace: Trace) -> list[Word]:
    """Words that may lose something: with capitals and accents, with accents, with a capital; the longest of each first."""
    found = [
        w
        for w in words(trace)
        if not w.special and unicodedata.normalize("NFC", w.raw).isalpha() and w.positions and not w.dropped
    ]

    def rank(word: Word) -> tuple[int, int]:
        raw = unicodedata.normalize("NFC", word.raw)
        return 2 * marked(word) + (raw.lower() != raw), len(raw)

    return sorted((w for w in found if rank(w)[0]), key=rank, reverse=True)


def word_to_lose(trace: Trace) -> Word:
    """The word that is asked about: the first of `words_to_lose`; with a capital only, not the one whose pieces are asked.

    Raises NotAskable where no word has a capital or an accent.
    """
    found = words_to_lose(trace)
    if not found:
        raise NotAskable("No word here has a capital letter or an accent, so there is nothing to lose.")
    if marked(found[0]) or not readable(trace):
        return found[0]
    cut_one = word_to_cut(trace).normal
    return next((w for w in found if w.normal != cut_one), found[0])


def left_options(ask: Ask) -> tuple[Option, ...]:
    """What could be left, and that nothing is: the unknown piece."""
    word = word_to_lose(ask.trace)
    named = {
        "typed": "{text}, as it is typed",
        "small": "{text}, in small letters",
        "plain": "{text}, without accents",
        "both": "{text}, in small letters, without accents",
    }
    made = candidates(word)
    options = [Option(name, say(named[name], text=Piece(short(text)))) for name, text in made.items()]
    unknown = unknown_piece(ask.trace)
    return (*options, Option("unknown", say("{unk}, unknown: such a word is not in the list", unk=Piece(unknown))))


def what_is_left(ask: Ask) -> pd.DataFrame:
    """Evidence: which of the candidates the tokenizer's own cleaning gives, or that it reads the word as unknown."""
    trace = ask.trace
    word = word_to_lose(trace)
    made = candidates(word)
    unknown = unknown_piece(trace)
    raw, pieces = Piece(short(word.raw)), said(word.pieces)
    if word.pieces == (unknown,):
        here, left = "unknown", unknown
        normal = Piece(short(word.normal))
        told = (
            "This model has no pieces for {word}."
            if normal == raw
            else "Here {word} becomes {normal}, for which it has no pieces."
        )
        why = say(told, word=raw, normal=normal)
    else:
        left = unicodedata.normalize("NFC", word.normal)
        here = next((name for name, text in made.items() if text == left), "")
        if not here:
            raise NotAskable("This model cleans its text in a way of its own, so there is nothing to choose among.")
        why = (
            say("This model keeps {word} as it is, and reads {pieces}.", word=raw, pieces=pieces)
            if here == "typed"
            else say("Here {word} becomes {left}, and is read as {pieces}.", word=raw, left=Piece(short(left)), pieces=pieces)
        )
    rows = {name: (float(name == here), str(pieces) if name == here else "") for name in (*made, "unknown")}
    return table(rows, word=raw, left=Piece(short(left)), pieces=pieces, why=why, ids=[t.id for t in trace.tokens])


def plainly(ask: Ask, _: pd.DataFrame) -> Query:
    """The whole text in small letters and without accents."""
    query = ask.query
    return Query(bare(query.text_a.lower()), bare(query.text_b.lower()))


def written_plainly(ask: Ask, evidence: pd.DataFrame) -> pd.DataFrame:
    """Both texts' ids side by side: facts differ (how many places) and count (of places)."""
    before, after = evidence.attrs["facts"]["ids"], [t.id for t in ask.run(plainly(ask, evidence)).tokens]
    pairs = list(zip_longest(before, after))
    differ = sum(one != two for one, two in pairs)
    return table({"same": (float(not differ), "")}, differ=differ, verb="differs" if differ == 1 else "differ", count=len(pairs))


def reads_otherwise(_: pd.DataFrame, changed: pd.DataFrame) -> bool:
    """Whether any id is another one."""
    return changed.attrs["facts"]["differ"] > 0


def look_cut(trace: Trace) -> Sentence:
    """What became of the word that is asked about, and how many words are one piece. Raises NotAskable."""
    word, every = word_to_cut(trace), cuts(trace)
    whole, count = int((every["number"] == 1).sum()), len(every)
    if count == 1:
        of_all = "It is the only word in the table."
    elif whole in (0, count):
        of_all = "{each} of the {count} different words in the table is one piece."
    else:
        of_all = "Of {count} different words in the table, {whole} one piece."
    return say(
        f"Look at {{word}}: {{n}}, {{pieces}}. {of_all}",
        word=Piece(short(word.raw)),
        n=many(len(word.pieces), "piece"),
        pieces=said(word.pieces),
        each="Each" if whole else "None",
        count=count,
        whole=f"{whole} are" if whole != 1 else "1 is",
    )
