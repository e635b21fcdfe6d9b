"""Model cards: what the programs write of themselves. The scores stand in `scores.json` beside the weights and, between two
marks, in the README; between two others stands the last run that trained the weights, and between two more the text that it and
the runs before it read. `trained.json` says the same as data: what the weights began with, and each run's amount and sources."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bert_explain.analysis import prejudice
from bert_explain.content.trained import FILE as TRAINED
from bert_explain.training import corpus, loop
from bert_explain.training.cloze import GROUPS
from bert_explain.training.pairs import LENGTHS

BEGIN, END = "<!-- scores -->", "<!-- /scores -->"
RUN_BEGIN, RUN_END = "<!-- run -->", "<!-- /run -->"
TEXT_BEGIN, TEXT_END = "<!-- text -->", "<!-- /text -->"
PREJUDICE_BEGIN, PREJUDICE_END = "<!-- prejudices -->", "<!-- /prejudices -->"
TRAINED_BEGIN, TRAINED_END = "<!-- trained -->", "<!-- /trained -->"  # in the project's README
SCORES = "scores.json"
SOURCES = Path(__file__).with_name("sources.toml")

# What each score is called in a card. Every score that a program measures is named here.
NAMES = {
    "masked_top1": "masked words, top-1 (15 % masked, held-out documents)",
    "masked_top5": "masked words, top-5",
    "masked_loss": "masked words, mean loss (nats)",
    "next_sentence": "next sentence, accuracy",
    **{f"masked_top1_{n}": f"masked words, top-1, in pairs of {n} pieces" for n, _ in LENGTHS},
    **{f"next_sentence_{n}": f"next sentence, accuracy, in pairs of {n} pieces" for n, _ in LENGTHS},
    "masked_top1_modern": "masked words, top-1, without the novels",
    "masked_top1_new": "masked words, top-1, documents of the new sources",
    "masked_top1_alone": "masked words, top-1, single sentences of the new sources",
    "next_sentence_single": "next sentence, accuracy, two single sentences of modern prose",
    "cloze_top1": "everyday sentences: a sensible word first",
    "cloze_top5": "everyday sentences: a sensible word in the top five",
    **{f"cloze_{group}": f"everyday sentences, {group}: in the top five" for group in GROUPS},
    "cloze_first": "the first fifty everyday sentences: in the top five",
    "perplexity": "perplexity per piece (held-out documents)",
    "perplexity_modern": "perplexity per piece, modern prose (new sources in it)",
    "next_top1": "next piece, top-1",
    "forward_perplexity": "forward perplexity per word (held-out documents)",
    "backward_perplexity": "backward perplexity per word",
    "forward_perplexity_modern": "forward perplexity per word, modern prose (new sources in it)",
    "backward_perplexity_modern": "backward perplexity per word, modern prose",
    "forward_top1": "next word of the forward model, top-1",
    "backward_top1": "previous word of the backward model, top-1",
    "unknown": "share of the words outside the vocabulary, counted as <UNK>",
    "analogies": "Google analogy test, questions that the vocabulary covers",
    "analogies_semantic": "of these: semantic",
    "analogies_syntactic": "of these: syntactic",
    "analogies_covered": "share of the questions covered",
    "wordsim353": "WordSim-353, Spearman correlation",
}
SHARES = {
    "masked_top1",
    "masked_top5",
    "masked_top1_modern",
    "masked_top1_new",
    "masked_top1_alone",
    "next_sentence",
    "next_sentence_single",
    "cloze_top1",
    "cloze_top5",
    "cloze_first",
    "next_top1",
    "forward_top1",
    "backward_top1",
    "unknown",
    "analogies",
    "analogies_semantic",
    "analogies_syntactic",
    "analogies_covered",
    *(f"cloze_{group}" for group in GROUPS),
    *(f"{name}_{n}" for name in ("masked_top1", "next_sentence") for n, _ in LENGTHS),
}


# The card of a folder that has none: what it says is true of any model that these programs make.
NEW = f"""# {{title}}

Trained by the programs of bert_explain, for teaching.

## How it was made

{RUN_BEGIN}
{RUN_END}

{TEXT_BEGIN}
{TEXT_END}

## How good it is

On documents held out of the text above:

{BEGIN}
{END}

## What it is bad at

It has read little text, for a short time: it knows common patterns, and hardly any facts. It repeats what its text says, the
prejudices too. Do not use it to decide anything about people, to check facts, or as a measure of what such models can do.

## Licence

Settled by the text that it learned from and by the weights that it began with.
"""


def read(folder: Path) -> dict[str, float]:
    """The scores of a model folder; empty where none was measured."""
    path = folder / SCORES
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def update(folder: Path, scores: Mapping[str, float], *, instead: bool = False) -> None:
    """Put new scores beside the ones there are, or instead of them, in the file and in the README."""
    known = {**({} if instead else read(folder)), **{name: round(float(value), 4) for name, value in scores.items()}}
    (folder / SCORES).write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")
    put(folder, BEGIN, END, table(known))


def made(folder: Path, run: Mapping[str, str]) -> None:
    """Put the last run into the card: what was read, by which program, how long, on what. A new card where there is none."""
    card = folder / "README.md"
    if not card.is_file():
        card.write_text(NEW.format(title=folder.name), encoding="utf-8")
    put(folder, RUN_BEGIN, RUN_END, "\n".join(["| the last run | |", "|---|---|", *(f"| {k} | {v} |" for k, v in run.items())]))


def history(folder: Path) -> dict[str, Any] | None:
    """What `trained` wrote into a model folder; None where nothing is known."""
    path = folder / TRAINED
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def trained(
    folder: Path,
    read: int,
    found: Sequence[corpus.Document],
    began: str,
    before: Mapping[str, Any] | None = None,
    unit: str = "pieces",
) -> None:
    """Write into a model folder what it has read: the runs `before`, and this one, of `read` pieces or words of `found`.

    began : the weights that this run began with; before : their history, where they were a model of this kind.
    """
    names = list(dict.fromkeys(document.source for document in found))
    first = before or {"began_with": began, "unit": unit, "runs": [], "sources": {}}
    runs = [*first["runs"], {"began_with": began, "read": read, "sources": names}]
    about = tomllib.loads(SOURCES.read_text(encoding="utf-8"))
    every = {**first["sources"], **{n: about.get(n, {"title": n, "licence": "not known to the program"}) for n in names}}
    order = {name: n for n, name in enumerate(about)}
    every = {name: every[name] for name in sorted(every, key=lambda name: order.get(name, len(order)))}
    written = {"began_with": first["began_with"], "unit": first["unit"], "runs": runs, "sources": every}
    (folder / TRAINED).write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    put(folder, TEXT_BEGIN, TEXT_END, text_table(every))


def text_table(sources: Mapping[str, Mapping[str, str]]) -> str:
    """The sources of a history as a Markdown table, each with its licence."""
    return "\n".join(["| text | licence |", "|---|---|", *(f"| {of['title']} | {of['licence']} |" for of in sources.values())])


def sources(found: Sequence[corpus.Document]) -> str:
    """Where documents come from, with how many."""
    counts = Counter(document.source for document in found)
    return ", ".join(f"{source} ({count:,} document{'s' * (count > 1)})" for source, count in counts.items())


def taken(count: int, seconds: float, what: str) -> str:
    """How long it took to read so many tokens or words."""
    return f"{seconds / 60:.0f} minutes ({count / max(seconds, 1e-9):,.0f} {what} a second)"


def told(progress: loop.Progress, plan: loop.Plan, found: Sequence[corpus.Document], begun: str) -> dict[str, str]:
    """A run in words, for a model card. found : the documents it learned from; begun : what its weights began as."""
    return {
        "began with": begun,
        "text": sources(found),
        "read": f"{progress.tokens:,} tokens in {progress.step:,} steps",
        "time": taken(progress.tokens, progress.seconds, "tokens"),
        "hardware": progress.on,
        "optimiser": f"{plan.optimiser}, peak rate {plan.rate:g}, warm-up {plan.warmup:.0%}, linear decay",
    }


def prejudices(folder: Path, found: prejudice.Measured) -> None:
    """Keep what was measured beside the weights, and its two ends in the card."""
    prejudice.write(folder, found)
    put(folder, PREJUDICE_BEGIN, PREJUDICE_END, prejudice_table(found))


def prejudice_table(found: prejudice.Measured, ends: int = 10) -> str:
    """The professions with the most "he" and the most "she", side by side, as a Markdown table."""
    he, she = found.jobs[:ends], found.jobs[::-1][:ends]
    lines = ['| most "he" | share of "she" | most "she" | share of "she" |', "|---|---|---|---|"]
    lines += [f"| {a.job} | {a.she:.0%} | {b.job} | {b.she:.0%} |" for a, b in zip(he, she, strict=True)]
    return "\n".join([*lines, "", f'For "{found.neutral.job}", which is no profession, it is {found.neutral.she:.0%}.'])


def put(folder: Path, begin: str, end: str, words: str) -> None:
    """Words between two marks of the card, where there is a card with these marks."""
    card = folder / "README.md"
    if card.is_file():
        pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        block = f"{begin}\n{words}\n{end}"
        card.write_text(pattern.sub(lambda _: block, card.read_text(encoding="utf-8")), encoding="utf-8")


def table(scores: Mapping[str, float]) -> str:
    """The scores as a Markdown table."""
    lines = ["| score | value |", "|---|---|"]
    for name, value in scores.items():
        written = f"{value:.1%}" if name in SHARES else f"{value:.3f}" if value < 10 else f"{value:,.1f}"
        lines.append(f"| {NAMES.get(name, name)} | {written} |")
    return "\n".join(lines)
