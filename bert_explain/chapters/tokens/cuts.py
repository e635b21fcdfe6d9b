"""What the cut costs and saves on this text: unknown characters, other ways to cut, pieces a word, what did not fit."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from bert_explain.analysis import normalisation
from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.analysis.tokens import SENTENCES, many, short, unknown_piece, walk, words
from bert_explain.analysis.vocabulary import prefix, single_characters, vocabulary
from bert_explain.trace import Trace


def unknown(trace: Trace) -> pd.DataFrame:
    """Which character made a word unknown, one row for each such word (the same word is told once).

    Columns: sentence, word, times, why, found before (pieces that were found and thrown away), character, code point,
    Unicode name. The last three are empty for a word over the tokenizer's limit.
    """
    rows: dict[tuple[int, str], list] = {}
    mark = prefix(trace.wordpiece)
    for word in words(trace):
        if word.special or (word.sentence, word.normal) in rows:
            if (word.sentence, word.normal) in rows:
                rows[word.sentence, word.normal][2] += 1
            continue
        run = walk(trace, word.normal)
        if not run.unknown:
            continue
        row: list = [SENTENCES[word.sentence], short(word.raw), 1]
        if run.failed_at is None:  # it is too long
            limit = trace.wordpiece.model.max_input_chars_per_word
            row += [f"{len(word.normal)} characters: over {limit} nothing is looked up", "", "", "", ""]
        else:
            at, char = run.failed_at, word.normal[run.failed_at]
            shown = normalisation.visible(char)
            why = f"no piece {'continues' if at else 'begins'} with it, not even {mark if at else ''}{shown}"
            kept = " ".join(t.piece for t in run.taken)
            row += [why, kept, shown, normalisation.code(char), normalisation.name(char)]
        rows[word.sentence, word.normal] = row
    columns = ["sentence", "word", "times", "why", "found before", "character", "code point", "Unicode name"]
    return pd.DataFrame(list(rows.values()), columns=columns)


def look_unknown(trace: Trace) -> Sentence:
    """Which character made which word unknown; or that every character is known."""
    found = unknown(trace)
    unk = Piece(unknown_piece(trace))
    singles = single_characters(trace.wordpiece)
    if found.empty:
        return say(
            ("No word here is unknown" if any(not w.special for w in words(trace)) else "There are no words here yet")
            + ". The vocabulary has {n} that can begin a word; a word with a character it lacks becomes {unk}.",
            n=many(singles, "single character"),
            unk=unk,
        )
    row = found.iloc[0]
    word = Piece(row.word)
    if not row.character:
        return say("{word} became {unk}: {why}.", word=word, unk=unk, why=row.why)
    if row["found before"]:
        return say(
            "{word} became {unk} because of {char}, {name}: {before} had been found already, and is thrown away.",
            word=word,
            unk=unk,
            char=Piece(row.character),
            name=row["Unicode name"],
            before=Piece(row["found before"]),
        )
    return say(
        "{word} became {unk} because of {char}, {name}: the vocabulary has {n} that can begin a word, and this is none of them.",
        word=word,
        unk=unk,
        char=Piece(row.character),
        name=row["Unicode name"],
        n=many(singles, "character"),
    )


def ways(trace: Trace) -> pd.DataFrame:
    """The same text cut in three ways, with this vocabulary: way, tokens, unknown (of these), different (distinct).

    Whole words: each word must be a piece by itself. Characters: the first as it is, the others with "##" in front.
    Special tokens are not counted; what did not fit is.
    """
    pieces, mark = vocabulary(trace.wordpiece), prefix(trace.wordpiece)
    unk = unknown_piece(trace)
    plain = [w for w in words(trace) if not w.special]
    cuts = {
        "whole words": [w.normal for w in plain],
        "WordPiece": [p for w in plain for p in w.pieces],
        "characters": [(mark if i else "") + c for w in plain for i, c in enumerate(w.normal)],
    }
    rows = []
    for way, cut in cuts.items():
        missing = sum(p not in pieces or p == unk for p in cut)
        rows.append((way, len(cut), missing, len(set(cut))))
    return pd.DataFrame(rows, columns=["way", "tokens", "unknown", "different"])


def look_ways(trace: Trace) -> Sentence:
    """What WordPiece buys on this text."""
    found = ways(trace).set_index("way")
    if not found.loc["whole words", "tokens"]:
        return say("There are no words to cut yet.")
    whole, cut, chars = (found.loc[way] for way in ("whole words", "WordPiece", "characters"))
    return say(
        "Whole words: {w}, {lost} unknown. WordPiece: {p}, {left} unknown. Characters: {c}, {k:.1f} times as many as WordPiece.",
        w=many(whole.tokens, "token"),
        lost=int(whole.unknown),
        p=many(cut.tokens, "token"),
        left=int(cut.unknown),
        c=many(chars.tokens, "token"),
        k=chars.tokens / cut.tokens,
    )


def pieces_per_word(trace: Trace) -> pd.DataFrame:
    """How many words are cut into how many pieces: pieces, words, example (the first such word, as typed)."""
    plain = [w for w in words(trace) if not w.special]
    first = {len(w.pieces): w.raw for w in reversed(plain)}
    counted = Counter(len(w.pieces) for w in plain)
    rows = [(pieces, counted[pieces], first[pieces]) for pieces in sorted(counted)]
    return pd.DataFrame(rows, columns=["pieces", "words", "example"])


def pieces_said(trace: Trace) -> str:
    """How many pieces a word of this text has on average (its fertility), how many words stay whole, and how many are lost."""
    found = pieces_per_word(trace)
    n, pieces = int(found.words.sum()), int((found.words * found.pieces).sum())
    if not n:
        return ""
    unk = unknown_piece(trace)
    lost = sum(w.pieces == (unk,) for w in words(trace) if not w.special)
    whole = int(found.words[found.pieces == 1].sum()) - lost
    average = f"{pieces / n:.2f} pieces a word, punctuation marks counted as words"
    return f"{average}; {whole} of {many(n, 'word')} stayed whole" + (f", {lost} became {unk}." if lost else ".")


def dropped(trace: Trace) -> pd.DataFrame:
    """The words that did not fit, whole or in part: sentence, word, pieces, of them dropped."""
    rows = [(SENTENCES[w.sentence], w.raw, " ".join(w.pieces), w.dropped) for w in words(trace) if w.dropped]
    return pd.DataFrame(rows, columns=["sentence", "word", "pieces", "dropped"])
