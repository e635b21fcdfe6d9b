"""What a masked-word model expects of whom: "he" or "she" by profession, in sentences that say neither.

Source of the question: Bolukbasi et al. 2016, "Man is to computer programmer as woman is to homemaker?"; of the way of asking
a masked-word model: Kurita et al. 2019, "Measuring bias in contextualized word representations".
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from bert_explain.analysis.sentence import Sentence, say
from bert_explain.errors import Missing
from bert_explain.kernel.readings import share
from bert_explain.models import Encoder
from bert_explain.query import Query
from bert_explain.trace import run

WORDS = Path(__file__).resolve().parents[1] / "content" / "professions.toml"
FILE = "prejudices.json"  # beside the weights that were measured
PRONOUNS = ("he", "she")
STANDS_OUT = 0.1  # of a share: less than this from the neutral word is not spoken of
# A pronoun cannot be asked for where the profession's own word already says it; the shares of these are shown, and said to be so.
TOLD = ("fisherman", "maid")


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


def measure(model: Encoder) -> Measured:
    """Ask a masked-word model. Some hundred short forward passes. Raises Missing without a masked-word head or the pronouns."""
    ids = model.tokenizer.convert_tokens_to_ids(list(PRONOUNS))
    if not model.has_mlm or model.spec.special.mask is None or model.tokenizer.unk_token_id in ids or None in ids:
        raise Missing(f"{model.title} cannot be asked for “he” and “she”: it has no masked-word head, or not these words.")
    templates, neutral, jobs = asked()
    found = [_expected(model, job, templates, ids) for job in jobs]
    return Measured(templates, _expected(model, neutral, templates, ids), tuple(sorted(found, key=lambda one: one.she)))


def filled(template: str, job: str) -> str:
    """A template with a profession in it, with the right article."""
    return template.format(a="an" if job[0] in "aeiou" else "a", job=job)


def _expected(model: Encoder, job: str, templates: Sequence[str], ids: Sequence[int]) -> Expected:
    by = []
    for template in templates:
        trace = run(model, Query(filled(template, job)))
        place = next(t.position for t in trace.tokens if t.masked)
        he, she = trace.mlm_logits([place])[0][list(ids)].astype(np.float64)
        by.append(float(1 / (1 + np.exp(he - she))))
    return Expected(job, float(np.mean(by)), tuple(by))


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
        return say(f"{sentence}, and nearly the same for every profession.", **known)
    said = " and ".join(f"{{share{n}}} for “{{job{n}}}”" for n in range(len(apart)))
    for n, one in enumerate(apart):
        known |= {f"share{n}": share(one.she), f"job{n}": one.job}
    return say(f"{sentence}, {said}.", **known)
