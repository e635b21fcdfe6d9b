"""Which words the sentences of a list share: what a reader with a list of one's own may want to look at."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from bert_explain.analysis import word_forms
from bert_explain.analysis.same_word import LONGEST, Line

MOST = 5  # words that are proposed
LOOKED_AT = 40_000  # characters; a quarter of a second when every word is a new one
# Words that stand in most sentences, whatever these are about.
_LISTED = """
a about above after again against all almost along already also although always am an and another any anyone anything are
around as at away back be became because become been before being below between both but by can cannot could did do does
doing done down during each either else enough even ever every everyone everything few for from further get gets getting go
goes going gone got had has have having he her here hers herself him himself his how however i if in into is it its itself
just less let like made make makes many may me might mine more most much must my myself near neither never no nobody none
nor not nothing now of off often on once one only onto or other others our ours out over own perhaps put quite rather really
said same say says see seem seemed seems shall she should since so some someone something still such take takes than that
the their theirs them themselves then there these they thing things this those though through thus to together too toward
towards two under until up upon us very was we well went were what whatever when where whether which while who whom whose
why will with within without would yes yet you your yours yourself
"""
_COMMON = frozenset(_LISTED.split())


@dataclass(frozen=True, slots=True)
class Shared:
    """A word, and in how many of the sentences that were looked at it stands, in any of its forms."""

    word: str
    sentences: int
    of: int


def shared(lines: Sequence[Line]) -> tuple[Shared, ...]:
    """The words that stand in most sentences, at most MOST of them, no two of them forms of each other.

    Only a word of two sentences is shared. Of two that stand in as many, the one that stands in more as it is written
    leads, then the earlier one. Words such as *the* are none. Of a long list, sentences all over it are looked at.
    """
    lines = lines[:: 1 + sum(min(len(line.text), LONGEST) for line in lines) // LOOKED_AT]
    there: dict[str, dict[int, None]] = defaultdict(dict)  # form -> the sentences that have it
    for number, line in enumerate(lines):
        for form, _, _ in word_forms.words(line.text[:LONGEST]):
            there[form.lower()][number] = None
    forms = [form for form in there if form not in _COMMON and len(form) > 1 and re.search(r"[^\W\d_]", form)]
    roots = {form: word_forms.lemmas(form) for form in forms}
    made_of = defaultdict(set)  # lemma -> the forms that may be its
    for form in forms:
        for root in roots[form]:
            made_of[root].add(form)
    kin = {form: made_of[form] | {root for root in roots[form] if root in there and root not in _COMMON} for form in forms}
    counts = {form: len(set().union(*(there[one] for one in kin[form] | {form}))) for form in forms}
    place = {form: number for number, form in enumerate(forms)}
    found: list[str] = []
    for form in sorted(forms, key=lambda one: (-counts[one], -len(there[one]), place[one])):
        if counts[form] < 2 or len(found) == MOST:
            break
        if not any(form in kin[other] or other in kin[form] for other in found):
            found.append(form)
    return tuple(Shared(form, counts[form], len(lines)) for form in found)
