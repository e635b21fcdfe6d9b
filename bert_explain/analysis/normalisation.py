"""What the tokenizer does to each character before any word is cut: lower case, accents, control characters, CJK.

The outcome of every character is the tokenizer's own (its normaliser is called, nothing is imitated); the names and
reasons come from the Unicode character database. BERT's normaliser works on one character at a time, so the
characters' outcomes side by side are the normalised text; a test holds the two against each other.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.kernel.readings import many

# The Unicode database has no names for control characters, only aliases.
_ALIASES = {
    unicodedata.lookup(alias): alias
    for alias in (
        "NULL",
        "ALERT",
        "BACKSPACE",
        "CHARACTER TABULATION",
        "LINE FEED",
        "LINE TABULATION",
        "FORM FEED",
        "CARRIAGE RETURN",
        "ESCAPE",
        "DELETE",
        "NEXT LINE",
    )
}
_CATEGORIES = {
    "Cc": "control character",
    "Cf": "format character",
    "Co": "private character",
    "Cn": "unassigned code point",
}

KEPT = "kept"
SPECIAL = "special token"
LOWERED = "lower case"
ACCENT = "accent removed"
REMOVED = "removed"
SPACE = "made a space"
SPACED = "spaces around"
APART = "taken apart"
OTHER = "replaced"


@dataclass(frozen=True, slots=True)
class Character:
    """One character of the reader's text and what the normaliser makes of it."""

    place: int  # in its sentence, 0 = the first
    before: str  # the character
    after: str  # what stands there after normalisation; "" when it is removed
    kind: str  # one of the kinds above; several are joined by ", "
    why: str  # one short sentence; "" for a character that is kept

    @property
    def changed(self) -> bool:
        """True when the normaliser did anything to it."""
        return self.before != self.after


def code(character: str) -> str:
    """The code point: U+200B."""
    return f"U+{ord(character):04X}"


def name(character: str) -> str:
    """The character's name in Unicode: ZERO WIDTH SPACE. What has none is called by its category."""
    named = unicodedata.name(character, "") or _ALIASES.get(character, "")
    return named or _CATEGORIES.get(unicodedata.category(character), "character without a name").upper()


def visible(text: str) -> str:
    """Text that can be seen: invisible characters by code point, a space as an open box, a bare accent on a circle."""
    return "".join(_visible(character) for character in text)


def _visible(character: str) -> str:
    if character == " ":
        return "␣"
    category = unicodedata.category(character)
    if category in ("Mn", "Me", "Mc"):
        return "◌" + character
    # categories of other, format, control, and of every separator: nothing would be seen
    return code(character) if category[0] in "CZ" or character == "\u115f" else character


def characters(wordpiece: Any, text: str) -> list[Character]:
    """Every character of the text, before and after.

    wordpiece : a `tokenizers.Tokenizer`. Special tokens typed by the reader, such as [MASK], are matched before
    normalisation, and so are kept as they are.
    """
    kept = _special_places(wordpiece, text)
    normal = {c: normalise(wordpiece, c) for c in set(text)}
    found = []
    for place, before in enumerate(text):
        if place in kept:
            found.append(Character(place, before, before, SPECIAL, ""))
        else:
            found.append(Character(place, before, normal[before], *explain(before, normal[before])))
    return found


def normalise(wordpiece: Any, text: str) -> str:
    """The tokenizer's own normalisation; the text itself where the tokenizer has none."""
    return wordpiece.normalizer.normalize_str(text) if wordpiece.normalizer else text


def _special_places(wordpiece: Any, text: str) -> set[int]:
    added = {i for i, token in wordpiece.get_added_tokens_decoder().items() if not token.normalized}
    encoded = wordpiece.encode(text, add_special_tokens=False)
    spans = [s for i, s in zip(encoded.ids, encoded.offsets, strict=True) if i in added]
    names = {token.content for token in wordpiece.get_added_tokens_decoder().values()}
    return {place for start, end in spans if text[start:end] in names for place in range(start, end)}


def explain(before: str, after: str) -> tuple[str, str]:
    """What happened to one character, and why: (kind, sentence), from its entry in the Unicode database."""
    if before == after:
        return KEPT, ""
    category = unicodedata.category(before)
    if not after:
        if category == "Mn":
            return ACCENT, "A combining mark, taken off its letter."
        what = (
            "replacement character, which stands for broken text,"
            if before == "\ufffd"
            else _CATEGORIES.get(category, "character")
        )
        return REMOVED, f"{'An' if what[0] in 'aeiou' else 'A'} {what} is removed."
    if after == " ":
        return SPACE, "White space of any kind becomes a plain space."
    if after[0] == after[-1] == " ":
        return SPACED, "An ideograph (CJK) gets a space on each side, and so becomes a word of its own."
    return _letters(before, after)


def _letters(before: str, after: str) -> tuple[str, str]:
    """A letter that was taken apart, stripped of its accents, lowered, or several of these."""
    parts = unicodedata.normalize("NFD", before)
    marks = [p for p in parts if unicodedata.category(p) == "Mn"]
    bare = "".join(p for p in parts if unicodedata.category(p) != "Mn")
    kinds, reasons = [], []
    core = before
    if bare in (after, after.upper()) or bare.lower() == after:
        core = bare
        if marks:
            kinds.append(ACCENT)
            reasons.append(f"Its accent is removed: {', '.join(name(m) for m in marks)}.")
        elif bare != before:
            kinds.append(APART if len(bare) > 1 else OTHER)
            reasons.append(
                f"Taken apart into its {len(bare)} parts (Unicode NFD)."
                if len(bare) > 1
                else "Replaced by its canonical twin (Unicode NFD)."
            )
    if core != after:
        kinds.append(LOWERED if core.lower() == after else OTHER)
        reasons.append("A capital becomes a small letter." if kinds[-1] == LOWERED else "Replaced.")
    return ", ".join(kinds), " ".join(reasons)


def table(found: dict[str, list[Character]]) -> pd.DataFrame:
    """One row a character: sentence, place, the character, its code point and name, what it becomes, why."""
    return pd.DataFrame(
        [
            (sentence, c.place, visible(c.before), code(c.before), name(c.before), visible(c.after), c.kind, c.why)
            for sentence in found
            for c in found[sentence]
        ],
        columns=["sentence", "place", "character", "code point", "Unicode name", "becomes", "what happened", "why"],
    )


def counts(found: list[Character]) -> dict[str, int]:
    """How many characters met each fate, most frequent first; what was kept is left out."""
    kinds = pd.Series([kind for c in found if c.changed for kind in c.kind.split(", ")], dtype=object)
    return {str(kind): int(n) for kind, n in kinds.value_counts().items()}


def telling(found: list[Character]) -> Character | None:
    """The changed character that shows most, the first of the rarest kind; None when nothing changes."""
    rank = (REMOVED, OTHER, APART, ACCENT, SPACED, SPACE, LOWERED)
    changed = [c for c in found if c.changed]
    return min(changed, key=lambda c: min(rank.index(kind) for kind in c.kind.split(", ")), default=None)


def look(found: list[Character]) -> Sentence:
    """What to look for: the change that hides most, else the commonest, else that there is none."""
    if not found:
        return say("There is no text yet.")
    first = telling(found)
    if first is None:
        if len(found) == 1:
            return say("Nothing changes: the one character stays as it is.")
        return say("Nothing changes: all {n} characters stay as they are.", n=f"{len(found):,}")
    changed = sum(c.changed for c in found)
    numbers = {"n": f"{changed:,}", "all": many(len(found), "character"), "s": "s" if changed == 1 else ""}
    if not first.after:
        return say("{n} of {all} change{s}. Look for {char}: it is gone.", char=Piece(name(first.before)), **numbers)
    return say(
        "{n} of {all} change{s}. Look at {before}: it becomes {after}.",
        before=Piece(visible(first.before)),
        after=Piece(visible(first.after)),
        **numbers,
    )


def summary(wordpiece: Any, found: list[Character]) -> str:
    """What this model's normaliser does to capitals and accents, found by asking it; and how often it did what here."""
    habits = {
        "É": "keeps capitals and accents",
        "e": "makes capitals small and removes accents",
        "é": "makes capitals small and keeps accents",
        "E": "keeps capitals and removes accents",
    }
    habit = habits.get(unicodedata.normalize("NFC", normalise(wordpiece, "É")), "changes letters in its own way")
    told = ", ".join(f"{kind}: {n}" for kind, n in counts(found).items())
    return f"This model {habit}." + (f" Here, {told}." if told else "")
