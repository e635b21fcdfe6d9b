"""How this text became tokens: its words, their pieces, what is unknown and why, and what else could have been done.

The pieces are the tokenizer's own; the look-ups that lead to them are redone by `wordpiece.greedy`, and a test holds
the two against each other. Words are counted within their sentence; positions count the tokens the encoder reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import pandas as pd

from bert_explain.analysis import normalisation
from bert_explain.analysis.remember import remember
from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.analysis.vocabulary import prefix, vocabulary
from bert_explain.analysis.wordpiece import Run, greedy
from bert_explain.trace import Trace

_SENTENCES = ("A", "B")


def many(n: int, one: str, more: str = "") -> str:
    """ "1 token", "12 tokens"."""
    return f"{int(n):,} {one if n == 1 else more or one + 's'}"


@dataclass(frozen=True, slots=True)
class Word:
    """One word of the reader's text, as the tokenizer splits it at spaces and punctuation."""

    sentence: int  # 0 = A, 1 = B
    index: int  # its number within the sentence
    span: tuple[int, int]  # its characters in the sentence
    raw: str  # as typed
    normal: str  # after normalisation: what WordPiece cuts
    pieces: tuple[str, ...]
    positions: tuple[int, ...]  # where its pieces stand; shorter than `pieces` where the sequence was cut
    special: bool  # a special token typed by the reader, such as [MASK]: taken whole, never cut

    @property
    def dropped(self) -> int:
        """How many of its pieces did not fit."""
        return len(self.pieces) - len(self.positions)


@remember
def words(trace: Trace) -> list[Word]:
    """Every word of both sentences, in the order in which the model reads them, cut ones included."""
    wordpiece, query = trace.model.wordpiece, trace.query
    places: dict[tuple[int, int], list[int]] = {}
    for token in trace.tokens:
        if token.sentence is not None:
            places.setdefault((token.sentence, token.word), []).append(token.position)
    added = {token.content for token in wordpiece.get_added_tokens_decoder().values()}
    found = []
    for sentence in (1, 0) if query.swapped else (0, 1):
        text = (query.text_a, query.text_b)[sentence]
        if not text.strip():
            continue
        encoded = wordpiece.encode(text, add_special_tokens=False)
        rows = zip(encoded.word_ids, encoded.tokens, encoded.offsets, strict=True)
        for index, group in groupby(rows, key=itemgetter(0)):
            _, pieces, spans = zip(*group, strict=True)
            span = (spans[0][0], spans[-1][1])
            raw = text[slice(*span)]
            special = pieces == (raw,) and raw in added
            normal = raw if special else normalisation.normalise(wordpiece, raw).strip()
            positions = tuple(places.get((sentence, index), ()))
            found.append(Word(sentence, index, span, raw, normal, pieces, positions, special))
    return found


def word_at(trace: Trace, position: int) -> Word | None:
    """The word that the token at a position belongs to; None for [CLS] and [SEP]."""
    token = trace.tokens[position]
    return next((w for w in words(trace) if (w.sentence, w.index) == (token.sentence, token.word)), None)


def telling(trace: Trace) -> Word | None:
    """The word that the vocabulary knows least: the first unknown one, else the one cut into most pieces.

    None where every word is a piece by itself, and where there are no words.
    """
    plain = [w for w in words(trace) if not w.special and w.positions]
    unk = trace.model.wordpiece.model.unk_token
    lost = next((w for w in plain if w.pieces == (unk,)), None)
    most = max(plain, key=lambda w: len(w.pieces), default=None)
    return lost or (most if most and len(most.pieces) > 1 else None)


def short(text: str, most: int = 32) -> str:
    """Reader's text for a sentence or a table cell: a very long word is cut, and an ellipsis says so."""
    return text if len(text) <= most else text[: most - 1] + "…"


def split(trace: Trace, text: str) -> list[str]:
    """The words of any text, normalised and split at spaces and punctuation as this model does it."""
    wordpiece = trace.model.wordpiece
    return [word for word, _ in wordpiece.pre_tokenizer.pre_tokenize_str(normalisation.normalise(wordpiece, text))]


def walk(trace: Trace, word: str) -> Run:
    """The greedy run over one normalised word, with this model's vocabulary and limits."""
    model = trace.model.wordpiece.model
    return greedy(
        word,
        vocabulary(trace.model.wordpiece),
        unknown=model.unk_token,
        continues=prefix(trace.model.wordpiece),
        longest=model.max_input_chars_per_word,
    )


# tables ---------------------------------------------------------------------------------------------------------


def table(trace: Trace) -> pd.DataFrame:
    """Everything the model is told about each token, T rows.

    Columns: position, piece, id, word (as typed), sentence, segment (where the model has them), attention mask (1:
    nothing here is padded), characters (from-to, in its sentence), special, and, where an intervention changed them, piece before, position id.
    """
    texts = (trace.query.text_a, trace.query.text_b)
    by_word = {(w.sentence, w.index): w.raw for w in words(trace)}
    columns = {
        "position": [t.position for t in trace.tokens],
        "piece": [t.text for t in trace.tokens],
        "id": [t.id for t in trace.tokens],
        "word": [by_word.get((t.sentence, t.word), "") for t in trace.tokens],
        "sentence": ["" if t.sentence is None else _SENTENCES[t.sentence] for t in trace.tokens],
        "segment": [t.segment for t in trace.tokens],
        "attention mask": [1 for _ in trace.tokens],
        "characters": ["" if t.span is None else f"{t.span[0]}-{t.span[1]}" for t in trace.tokens],
        "text there": ["" if t.span is None else texts[t.sentence][slice(*t.span)] for t in trace.tokens],
        "special": [t.special for t in trace.tokens],
        "piece before": [t.original for t in trace.tokens],
        "position id": [t.position_id for t in trace.tokens],
    }
    found = pd.DataFrame(columns)
    unneeded = [] if trace.model.has_segments and trace.query.segments != "removed" else ["segment"]
    unneeded += ["piece before"] if (found["piece"] == found["piece before"]).all() else []
    unneeded += ["position id"] if (found["position"] == found["position id"]).all() else []
    return found.drop(columns=unneeded)


def lookups(run: Run) -> pd.DataFrame:
    """One row a look-up: number (from 1), piece wanted (which, from 1), what is looked up, in the vocabulary, id, characters covered."""
    rows = [(n, k.turn + 1, k.piece, k.found, k.id, f"{k.start}-{k.end}") for n, k in enumerate(run.lookups, 1)]
    columns = ["look-up", "piece wanted", "looked up", "in the vocabulary", "id", "characters"]
    return pd.DataFrame(rows, columns=columns).astype({"id": "Int64"})


def unknown(trace: Trace) -> pd.DataFrame:
    """Which character made a word unknown, one row for each such word (the same word is told once).

    Columns: sentence, word, times, why, found before (pieces that were found and thrown away), character, code point,
    Unicode name. The last three are empty for a word over the tokenizer's limit.
    """
    rows: dict[tuple[int, str], list] = {}
    mark = prefix(trace.model.wordpiece)
    for word in words(trace):
        if word.special or (word.sentence, word.normal) in rows:
            if (word.sentence, word.normal) in rows:
                rows[word.sentence, word.normal][2] += 1
            continue
        run = walk(trace, word.normal)
        if not run.unknown:
            continue
        row: list = [_SENTENCES[word.sentence], short(word.raw), 1]
        if run.too_long:
            limit = trace.model.wordpiece.model.max_input_chars_per_word
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


def ways(trace: Trace) -> pd.DataFrame:
    """The same text cut in three ways, with this vocabulary: way, tokens, unknown (of these), different (distinct tokens).

    Whole words: each word must be a piece by itself. Characters: the first as it is, the others with "##" in front.
    Special tokens are not counted; what did not fit is.
    """
    pieces, mark = vocabulary(trace.model.wordpiece), prefix(trace.model.wordpiece)
    unk = trace.model.wordpiece.model.unk_token
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


def pieces_per_word(trace: Trace) -> pd.DataFrame:
    """How many words are cut into how many pieces: pieces, words, example (the first such word, as typed)."""
    plain = [w for w in words(trace) if not w.special]
    frame = pd.DataFrame({"pieces": [len(w.pieces) for w in plain], "word": [w.raw for w in plain]}, dtype=object)
    counted = frame.groupby("pieces").agg(words=("word", "size"), example=("word", "first")).reset_index()
    return counted.astype({"pieces": int, "words": int})


def dropped(trace: Trace) -> pd.DataFrame:
    """The words that did not fit, whole or in part: sentence, word, pieces, of them dropped."""
    rows = [(_SENTENCES[w.sentence], w.raw, " ".join(w.pieces), w.dropped) for w in words(trace) if w.dropped]
    return pd.DataFrame(rows, columns=["sentence", "word", "pieces", "dropped"])


# what to look for -----------------------------------------------------------------------------------------------


def look(trace: Trace) -> Sentence:
    """The word that the vocabulary knows least: unknown first, else the one cut into most pieces."""
    count = sum(not w.special and bool(w.positions) for w in words(trace))
    if not count:
        return say("There are no words here: the model reads {n} only.", n=many(len(trace.tokens), "special token"))
    most = telling(trace)
    if most is None:
        return say(
            "Nothing had to be cut: every one of the {n} words and punctuation marks is a piece by itself.", n=count
        )
    if len(most.pieces) == 1:
        return say(
            "Look at {word}: the vocabulary has nothing for it, so the model reads only {unk}.",
            word=Piece(short(most.raw)), unk=Piece(most.pieces[0]),
        )  # fmt: skip
    return say(
        "Look at {word}: it is cut into {n} pieces, and no other word here into more. {second} goes on where {first} stops.",
        word=Piece(short(most.raw)), n=len(most.pieces), first=Piece(most.pieces[0]), second=Piece(most.pieces[1]),
    )  # fmt: skip


def look_told(trace: Trace) -> Sentence:
    """Where the first sentence ends, and what changes there."""
    ends = [t.position for t in trace.tokens if t.sentence is None and t.position]
    if not ends:
        return say("{n}; no mark tells where a sentence ends.", n=many(len(trace.tokens), "token"))
    mark = Piece(trace.tokens[ends[0]].text)
    after = trace.tokens[ends[0] + 1 :]
    if not after:
        return say(
            "{n}: {mark} at position {at} ends the only sentence.",
            n=many(len(trace.tokens), "token"),
            mark=mark,
            at=ends[0],
        )
    before, then = trace.tokens[ends[0]].segment, after[0].segment
    if not trace.model.has_segments or before == then:
        return say("{mark} at position {at} is all that tells the sentences apart.", mark=mark, at=ends[0])
    return say(
        "Look at position {at}: {mark} ends the first sentence, and after it the segment is {then} instead of {before}.",
        at=ends[0], mark=mark, then=then, before=before,
    )  # fmt: skip


def look_run(run: Run, step: int) -> Sentence:
    """What happens at one look-up, `step` counting from 1; 0 = before the first."""
    if run.too_long:
        return say(
            "{n} characters are too many: the whole word becomes {unk} at once.",
            n=len(run.word),
            unk=Piece(run.pieces[0]),
        )
    if not step:
        return say("First question: is the whole of {word} in the vocabulary?", word=Piece(run.word))
    now, last = run.lookups[step - 1], step == len(run.lookups)
    piece = Piece(now.piece)
    if not now.found:
        if not last:
            return say("{piece} is not in the vocabulary: one character less.", piece=piece)
        return say(
            "Not even {piece} is in the vocabulary. The whole word becomes {unk}; what was found before is thrown away.",
            piece=piece, unk=Piece(run.pieces[0]),
        )  # fmt: skip
    if not last:
        return say(
            "{piece} is there, row {id}: taken. Now the rest, {rest}.",
            piece=piece,
            id=f"{now.id:,}",
            rest=Piece(run.word[now.end :]),
        )
    if len(run.lookups) == 1:
        return say(
            "{piece} is in the vocabulary as it is, row {id}: one look-up, one piece.", piece=piece, id=f"{now.id:,}"
        )
    return say(
        "{piece} is there, row {id}: taken, and nothing is left. {n} made {k}.",
        piece=piece, id=f"{now.id:,}", n=many(len(run.lookups), "look-up"), k=many(len(run.pieces), "piece"),
    )  # fmt: skip


def look_ways(trace: Trace) -> Sentence:
    """What WordPiece buys on this text."""
    found = ways(trace).set_index("way")
    if not found.loc["whole words", "tokens"]:
        return say("There are no words to cut yet.")
    whole, cut, chars = (found.loc[way] for way in ("whole words", "WordPiece", "characters"))
    return say(
        "Whole words: {w}, {lost} unknown. WordPiece: {p}, {left} unknown. Characters: {c}, {k:.1f} times as many as WordPiece.",
        w=many(whole.tokens, "token"), lost=int(whole.unknown), p=many(cut.tokens, "token"), left=int(cut.unknown),
        c=many(chars.tokens, "token"), k=chars.tokens / cut.tokens,
    )  # fmt: skip


def pieces_said(trace: Trace) -> str:
    """How many pieces a word of this text has on average (its fertility), and how many words stay whole."""
    found = pieces_per_word(trace)
    n, pieces = int(found.words.sum()), int((found.words * found.pieces).sum())
    if not n:
        return ""
    whole = int(found.words[found.pieces == 1].sum())
    return f"{pieces / n:.2f} pieces a word, punctuation marks counted as words; {whole} of {many(n, 'word')} stayed whole."


def look_unknown(trace: Trace) -> Sentence:
    """Which character made which word unknown; or that every character is known."""
    found = unknown(trace)
    unk = Piece(trace.model.wordpiece.model.unk_token)
    singles = sum(len(piece) == 1 for piece in vocabulary(trace.model.wordpiece))
    if found.empty:
        return say(
            "No word here is unknown. {n} single characters are pieces; a word with any other becomes {unk}.",
            n=f"{singles:,}",
            unk=unk,
        )
    row = found.iloc[0]
    word = Piece(row.word)
    if not row.character:
        return say("{word} became {unk}: {why}.", word=word, unk=unk, why=row.why)
    if row["found before"]:
        return say(
            "{word} became {unk} because of {char}, {name}: {before} had been found already, and is thrown away.",
            word=word, unk=unk, char=Piece(row.character), name=row["Unicode name"], before=Piece(row["found before"]),
        )  # fmt: skip
    return say(
        "{word} became {unk} because of {char}, {name}: it is not among the {n} characters that begin a word.",
        word=word, unk=unk, char=Piece(row.character), name=row["Unicode name"], n=f"{singles:,}",
    )  # fmt: skip
