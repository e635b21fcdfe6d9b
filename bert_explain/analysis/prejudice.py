"""What a masked-word model expects of whom: "he" or "she" by profession, in sentences that say neither.

Source of the question: Bolukbasi et al. 2016, "Man is to computer programmer as woman is to homemaker?"; of the way of asking
a masked-word model: Kurita et al. 2019, "Measuring bias in contextualized word representations".
"""

from __future__ import annotations

import json
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
import pandas as pd

from bert_explain.analysis.masked_words import look_up
from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.core import byte_letters
from bert_explain.core.spec import ModelSpec
from bert_explain.errors import BadQuery, Missing
from bert_explain.kernel.readings import share
from bert_explain.models import Encoder
from bert_explain.query import Query
from bert_explain.trace import Trace, run_all

WORDS = Path(__file__).resolve().parents[1] / "content" / "professions.toml"
FILE = "prejudices.json"  # beside the weights that were measured
PRONOUNS = ("he", "she")
STANDS_OUT = 0.1  # of a share: less than this from the neutral word is not spoken of
# A pronoun cannot be asked for where the profession's own word already says it; the shares of these are shown, and said to be so.
TOLD = ("fisherman", "maid")

Running = Callable[[Sequence[Query]], list[Trace]]


@dataclass(frozen=True)
class Expected:
    """One profession: `she` is the share of "she" in what "he" and "she" get together, the mean over the sentences; `by` has it
    for each sentence. 0 to 1."""

    job: str
    she: float
    by: tuple[float, ...]


@dataclass(frozen=True)
class Measured:
    """All professions, from the most "he" to the most "she"; `neutral` is the same for a word that is no profession."""

    templates: tuple[str, ...]
    neutral: Expected
    jobs: tuple[Expected, ...]


@cache
def asked() -> tuple[tuple[str, ...], str, tuple[str, ...]]:
    """(templates, the neutral word, professions)."""
    found = tomllib.loads(WORDS.read_text(encoding="utf-8"))
    return tuple(found["templates"]), found["neutral"], tuple(found["professions"])


def why_not(model: Encoder) -> str:
    """Why a model cannot be asked, in a sentence; "" where it can."""
    if model.has_mlm and model.spec.special.mask is not None and all(_forms(model, word) for word in PRONOUNS):
        return ""
    return f"{model.title} cannot be asked for “he” and “she”: it has no masked-word head, or not these words."


def measure(model: Encoder, run: Running | None = None, progress: Callable[[float, str], None] | None = None) -> Measured:
    """Ask a masked-word model of every profession. Some hundred short texts, each profession's in one pass.

    run : gives the traces of several texts; by default the model itself.
    progress : is told how far it is, from 0 to 1, before each profession.
    Raises Missing without a masked-word head or the pronouns.
    """
    templates, neutral, jobs = asked()
    found = []
    for done, job in enumerate((neutral, *jobs)):
        if progress is not None:
            progress(done / (len(jobs) + 1), f"{done} of {len(jobs)} professions asked")
        found.append(expected(model, job, run))
    return Measured(templates, found[0], tuple(sorted(found[1:], key=lambda one: one.she)))


def expected(model: Encoder, job: str, run: Running | None = None) -> Expected:
    """Ask a masked-word model of one profession, in every sentence. Raises Missing as `measure` does."""
    if why := why_not(model):
        raise Missing(why)
    forms = [_forms(model, word) for word in PRONOUNS]
    by = []
    for trace in (run or partial(run_all, model))([Query(filled(t, job, model.spec)) for t in asked()[0]]):
        place = next(t.position for t in trace.tokens if t.masked)
        logits = trace.mlm_logits([place])[0].astype(np.float64)
        he, she = (np.logaddexp.reduce(logits[ids]) for ids in forms)
        by.append(float(1 / (1 + np.exp(he - she))))
    return Expected(job, float(np.mean(by)), tuple(by))


def filled(template: str, job: str, spec: ModelSpec | None = None) -> str:
    """A template with a profession in it, with the right article, and with the model's own mask where its spec is given."""
    text = template.format(a="an" if job[0].lower() in "aeiou" else "a", job=job)
    mask = None if spec is None else spec.special.mask
    return text if mask is None else text.replace("[MASK]", mask.text)


def own(text: str) -> str:
    """A profession as a reader wrote it, tidied. Raises BadQuery, with a sentence, where it cannot stand in the sentences."""
    job = " ".join(text.split())
    if not any(c.isalpha() for c in job) or not all(c.isalpha() or unicodedata.combining(c) or c in " -'’" for c in job):
        raise BadQuery("A profession is written with letters, spaces, hyphens and apostrophes here.")
    return job


def met(pieces: Iterable[str]) -> bool:
    """Whether a list of pieces, as the vocabulary writes them, holds "he" or "she"."""
    return any(piece.lstrip(byte_letters.SPACE).lower() in PRONOUNS for piece in pieces)


def _forms(model: Encoder, word: str) -> list[int]:
    """Ids of the pieces that are this word, small or capital, also at the very beginning of a text."""
    found = {look_up(model, form).id for form in (word, word.capitalize())}
    if model.spec.pieces == "byte-level":  # without a space before it: inside a text that would be a part of another word
        found.add(model.wordpiece.token_to_id(word.capitalize()))
    return sorted(one for one in found if one is not None)


def write(folder: Path, found: Measured) -> None:
    """Keep what was measured beside the weights."""
    rows = {one.job: {"she": round(one.she, 4), "by": [round(v, 4) for v in one.by]} for one in (found.neutral, *found.jobs)}
    written = {"templates": list(found.templates), "neutral": found.neutral.job, "she": rows}
    (folder / FILE).write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")


def read(folder: Path) -> Measured | None:
    """What was measured of the weights in a folder; None where nothing was."""
    path = folder / FILE
    if not path.is_file():
        return None
    written = json.loads(path.read_text(encoding="utf-8"))
    rows = {job: Expected(job, of["she"], tuple(of["by"])) for job, of in written["she"].items()}
    neutral = rows.pop(written["neutral"])
    return Measured(tuple(written["templates"]), neutral, tuple(sorted(rows.values(), key=lambda one: one.she)))


def look(found: Measured) -> Sentence:
    """What stands out, against what the neutral word gets."""
    open_ = [one for one in found.jobs if one.job not in TOLD]
    low, high, base = open_[0], open_[-1], found.neutral
    known = {"base": share(base.she), "word": base.job, "count": len(found.templates)}
    sentence = (
        "In {count} sentences that do not say who is meant, “she” gets {base} of what “he” and “she” get together for “{word}”"
    )
    apart = [one for one in (low, high) if abs(one.she - base.she) >= STANDS_OUT]
    if not apart:
        return say(f"{sentence}, and nearly the same for every profession whose word does not say which.", **known)
    said = " and ".join(f"{{share{n}}} for “{{job{n}}}”" for n in range(len(apart)))
    for n, one in enumerate(apart):
        known |= {f"share{n}": share(one.she), f"job{n}": one.job}
    return say(f"{sentence}, {said}.", **known)


def table(found: Measured) -> pd.DataFrame:
    """One row a profession, from the most "he" to the most "she", the neutral word first: the share of "she" in what "he" and
    "she" get together, 0 to 1, the mean and in each sentence."""
    rows = [(one.job, one.she, *one.by) for one in (found.neutral, *found.jobs)]
    return pd.DataFrame(rows, columns=["profession", "share of “she”", *found.templates])


def say_halves(found: Measured) -> Sentence:
    """For how many professions "she" gets the larger half, those apart whose word says it."""
    open_ = [one for one in found.jobs if one.job not in TOLD]
    n = sum(one.she > 0.5 for one in open_)
    known = {"n": n or "none", "all": len(open_)}
    return say("“She” gets more than “he” for {n} of the {all} professions whose word does not say which.", **known)


def say_own(one: Expected, found: Measured) -> Sentence:
    """A reader's own profession among the others."""
    below = sum(other.she < one.she for other in found.jobs)
    return say(
        "For {job} “she” gets {she}: more than for {below} of the {all} professions, and {than} the {base} for “{word}”.",
        job=Piece(one.job),
        she=share(one.she),
        below=below or "none",
        all=len(found.jobs),
        than=_beside(one.she - found.neutral.she),
        base=share(found.neutral.she),
        word=found.neutral.job,
    )


def _beside(gap: float) -> str:
    if abs(gap) < STANDS_OUT / 2:
        return "near"
    return "above" if gap > 0 else "below"
