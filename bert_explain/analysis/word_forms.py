"""The forms of an English word: from "ran", "banks" or "lighter" back to "run", "bank", "light".

WordNet's own rules (morphy, `man 7WN morphy`; Fellbaum 1998): endings are taken off and replaced, and a list of
exceptions, where there is one, knows the irregular forms. Rules propose; whether it is a word, the caller knows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

RULES = {
    "n": (
        ("s", ""),
        ("ses", "s"),
        ("ves", "f"),
        ("xes", "x"),
        ("zes", "z"),
        ("ches", "ch"),
        ("shes", "sh"),
        ("men", "man"),
        ("ies", "y"),
    ),
    "v": (
        ("s", ""),
        ("ies", "y"),
        ("es", "e"),
        ("es", ""),
        ("ed", "e"),
        ("ed", ""),
        ("ied", "y"),
        ("ing", "e"),
        ("ing", ""),
    ),
    "a": (("er", ""), ("est", ""), ("er", "e"), ("est", "e"), ("ier", "y"), ("iest", "y")),
    "r": (),
}

Exceptions = Mapping[str, tuple[str, ...]]  # "ran" -> ("run",)

_DOUBLED = re.compile(r"(.*[aeiou])([bdglmnprt])\2(ing|ed|er|est)")
_WORD = re.compile(r"\w+(?:['’.\-]\w+)*")


def lemmas(form: str, pos: str = "nvar", exceptions: Exceptions | None = None) -> list[str]:
    """What `form` may be a form of, most likely first: itself, its irregular root, then what the rules make of it.

    pos : the parts of speech whose rules are tried: n noun, v verb, a adjective, r adverb.

    >>> lemmas("spies", "n")
    ['spies', 'spie', 'spy']
    """
    form = form.lower()
    found = [form, *(exceptions or {}).get(form, ())]
    for part in pos:
        found += [form[: -len(end)] + put for end, put in RULES[part] if form.endswith(end) and len(form) > len(end) + 1]
    if doubled := _DOUBLED.fullmatch(form):  # running, banned: English doubles the consonant
        found.append(doubled[1] + doubled[2])
    return list(dict.fromkeys(found))


def words(text: str) -> list[tuple[str, int, int]]:
    """The words of a text with their character spans; parts of a hyphenated word follow the whole of it."""
    found = []
    for match in _WORD.finditer(text):
        found.append((match.group(), match.start(), match.end()))
        if re.search(r"\W", match.group()):
            start = match.start()
            found += [(part.group(), start + part.start(), start + part.end()) for part in re.finditer(r"\w+", match.group())]
    return found


def find(text: str, lemma: str, pos: str = "nvar", exceptions: Exceptions | None = None) -> tuple[int, int] | None:
    """Where a word, or an expression of several, first stands in a text, in any of its forms; None if nowhere.

    In an expression ("bank account", "give up") every word may be inflected, and nothing may stand between them.
    """
    wanted = lemma.lower().replace("_", " ").split(" ")
    there = words(text)
    if len(wanted) > 1:  # single words only: the whole of a hyphenated word and its parts may not both count
        there = [w for i, w in enumerate(there) if not (i and w[1] < there[i - 1][2] and w[2] <= there[i - 1][2])]
    for i in range(len(there) - len(wanted) + 1):
        window = there[i : i + len(wanted)]
        if all(w in lemmas(form, pos, exceptions) for w, (form, _, _) in zip(wanted, window, strict=True)):
            return window[0][1], window[-1][2]
    return None
