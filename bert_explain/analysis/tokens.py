"""How this text became tokens: its words, their pieces, the look-ups, and what the model is told about each token.

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
from bert_explain.core import byte_letters
from bert_explain.kernel.readings import listed, many
from bert_explain.trace import Trace

SENTENCES = ("A", "B")


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
    wordpiece, query = trace.wordpiece, trace.query
    places: dict[tuple[int, int | None], list[int]] = {}
    for token in trace.tokens:
        if token.sentence is not None:
            places.setdefault((token.sentence, token.word), []).append(token.position)
    added = {token.content for token in wordpiece.get_added_tokens_decoder().values()}
    found: list[Word] = []
    normal: dict[str, str] = {}  # most words of a text come again
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
            special = pieces == (raw.strip(),) and raw.strip() in added
            if raw not in normal:
                normal[raw] = raw if special else normalisation.normalise(wordpiece, raw).strip()
            positions = tuple(places.get((sentence, index), ()))
            found.append(Word(sentence, index, span, raw, normal[raw], pieces, positions, special))
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
    lost = next((w for w in plain if w.pieces == (unknown_piece(trace),)), None)
    most = max(plain, key=lambda w: len(w.pieces), default=None)
    return lost or (most if most and len(most.pieces) > 1 else None)


def unknown_piece(trace: Trace) -> str:
    """The piece that stands for what the vocabulary cannot spell; "" where there is none."""
    unknown = trace.spec.special.unknown
    return trace.wordpiece.model.unk_token or ("" if unknown is None else unknown.text)


def cut(trace: Trace, text: str, like: Word | None = None) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """(pieces, ids) of one word, by the tokenizer itself; behind a space where `like` is a byte-level word behind one."""
    behind = like is not None and trace.spec.pieces == "byte-level" and like.pieces[0].startswith(byte_letters.SPACE)
    found = trace.wordpiece.encode(f" {text}" if behind else text, add_special_tokens=False)
    return tuple(found.tokens), tuple(found.ids)


def short(text: str, most: int = 32) -> str:
    """Reader's text for a sentence or a table cell: a very long word is cut, and an ellipsis says so."""
    return text if len(text) <= most else text[: most - 1] + "…"


def split(trace: Trace, text: str) -> list[str]:
    """The words of any text, normalised and split at spaces and punctuation as this model does it."""
    wordpiece = trace.wordpiece
    return [word for word, _ in wordpiece.pre_tokenizer.pre_tokenize_str(normalisation.normalise(wordpiece, text))]


def walk(trace: Trace, word: str) -> Run:
    """The greedy run over one normalised word, with this model's vocabulary and limits."""
    model = trace.wordpiece.model
    return greedy(
        word,
        vocabulary(trace.wordpiece),
        unknown=model.unk_token,
        continues=prefix(trace.wordpiece),
        longest=model.max_input_chars_per_word,
    )


# tables ---------------------------------------------------------------------------------------------------------


def table(trace: Trace) -> pd.DataFrame:
    """Everything the model is told about each token, T rows.

    Columns: position, piece, id, word (as typed), sentence, segment (where the model has them), attention mask (1:
    nothing here is padded), characters (from-to, in its sentence), text there, special; and, where an intervention
    changed them, piece before, position id.
    """
    texts = (trace.query.text_a, trace.query.text_b)
    by_word: dict[tuple[int | None, int | None], str] = {(w.sentence, w.index): w.raw for w in words(trace)}
    columns = {
        "position": [t.position for t in trace.tokens],
        "piece": [t.text for t in trace.tokens],
        "id": [t.id for t in trace.tokens],
        "word": [by_word.get((t.sentence, t.word), "") for t in trace.tokens],
        "sentence": ["" if t.sentence is None else SENTENCES[t.sentence] for t in trace.tokens],
        "segment": [t.segment for t in trace.tokens],
        "attention mask": [1 for _ in trace.tokens],
        "characters": ["" if t.span is None else f"{t.span[0]}-{t.span[1]}" for t in trace.tokens],
        "text there": ["" if t.span is None or t.sentence is None else texts[t.sentence][slice(*t.span)] for t in trace.tokens],
        "special": [t.special for t in trace.tokens],
        "piece before": [t.original for t in trace.tokens],
        "position id": [t.position_id for t in trace.tokens],
    }
    found = pd.DataFrame(columns)
    unneeded = [] if trace.spec.has_segments and trace.query.segments != "removed" else ["segment"]
    unneeded += ["piece before"] if (found["piece"] == found["piece before"]).all() else []
    unneeded += ["position id"] if (found["position"] == found["position id"]).all() else []
    return found.drop(columns=unneeded)


def lookups(run: Run) -> pd.DataFrame:
    """One row a look-up: look-up and piece wanted (both from 1), looked up, in the vocabulary, id, characters."""
    rows = [(n, k.turn + 1, k.piece, k.found, k.id, f"{k.start}-{k.end}") for n, k in enumerate(run.lookups, 1)]
    columns = ["look-up", "piece wanted", "looked up", "in the vocabulary", "id", "characters"]
    return pd.DataFrame(rows, columns=columns).astype({"id": "Int64"})


# what to look for -----------------------------------------------------------------------------------------------


def look(trace: Trace) -> Sentence:
    """The word that the vocabulary knows least: unknown first, else the one cut into most pieces."""
    count = sum(not w.special and bool(w.positions) for w in words(trace))
    if not count:
        return say("There are no words here: the model reads {n} only.", n=many(len(trace.tokens), "special token"))
    most = telling(trace)
    if most is None:
        return say(
            "Nothing had to be cut: {words} by itself.",
            words="the one word is a piece" if count == 1 else f"every one of the {count} words and punctuation marks is a piece",
        )
    if len(most.pieces) == 1:
        return say(
            "Look at {word}: the vocabulary has nothing for it, so the model reads only {unk}.",
            word=Piece(short(most.raw)),
            unk=Piece(most.pieces[0]),
        )
    return say(
        "Look at {word}: it is cut into {n} pieces, and no other word here into more. {second} goes on where {first} stops.",
        word=Piece(short(most.raw)),
        n=len(most.pieces),
        first=Piece(most.pieces[0]),
        second=Piece(most.pieces[1]),
    )


def look_told(trace: Trace) -> Sentence:
    """Where the first sentence ends, and what changes there."""
    ends = [t.position for t in trace.tokens if t.sentence is None and t.position]
    if not ends:
        return say("{n}; no mark of BERT's own tells where a sentence ends.", n=many(len(trace.tokens), "token"))
    mark = Piece(trace.tokens[ends[0]].text)
    after = trace.tokens[ends[0] + 1 :]
    if not after:
        return say(
            "{n}: {mark} at position {at} ends the only sentence."
            if trace.sentences
            else "{n}: {mark} at position {at} would end a sentence; there is none yet.",
            n=many(len(trace.tokens), "token"),
            mark=mark,
            at=ends[0],
        )
    before, then = trace.tokens[ends[0]].segment, after[0].segment
    if not trace.spec.has_segments or before == then or trace.query.segments == "removed":
        between = [str(p) for p in ends if p < len(trace.tokens) - 1]
        where, verb = ("position", "is") if len(between) == 1 else ("the positions", "are")
        return say(
            "{mark} at {where} {which} {verb} all that tells the sentences apart.",
            mark=mark,
            where=where,
            which=listed(between),
            verb=verb,
        )
    return say(
        "Look at position {at}: {mark} ends the first sentence; after it the segment is {then} instead of {before}.",
        at=ends[0],
        mark=mark,
        then=then,
        before=before,
    )


def look_run(run: Run, step: int) -> Sentence:
    """What happens at one look-up, `step` counting from 1; 0 = before the first."""
    if run.too_long:
        return say(
            "{n:,} characters are too many: the whole word becomes {unk} at once.",
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
            "Not even {piece} is in the vocabulary. The whole word becomes {unk}"
            + ("; what was found is thrown away." if run.taken else "."),
            piece=piece,
            unk=Piece(run.pieces[0]),
        )
    if not last:
        return say(
            "{piece} is there, row {id}: taken. Now the rest, {rest}.",
            piece=piece,
            id=f"{now.id:,}",
            rest=Piece(run.word[now.end :]),
        )
    if len(run.lookups) == 1:
        return say("{piece} is in the vocabulary as it is, row {id}: one look-up, one piece.", piece=piece, id=f"{now.id:,}")
    return say(
        "{piece} is there, row {id}: taken, and nothing is left. {n} made {k}.",
        piece=piece,
        id=f"{now.id:,}",
        n=many(len(run.lookups), "look-up"),
        k=many(len(run.pieces), "piece"),
    )
