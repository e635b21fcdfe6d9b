"""Model cards: the scores stand in `scores.json` beside the weights and, between two marks, in the README."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from bert_explain.training.pairs import LENGTHS

BEGIN, END = "<!-- scores -->", "<!-- /scores -->"
SCORES = "scores.json"

# What each score is called in a card. Every score that a program measures is named here.
NAMES = {
    "masked_top1": "masked words, top-1 (15 % masked, held-out documents)",
    "masked_top5": "masked words, top-5",
    "masked_loss": "masked words, mean loss (nats)",
    "next_sentence": "next sentence, accuracy",
    **{f"masked_top1_{n}": f"masked words, top-1, in pairs of {n} pieces" for n, _ in LENGTHS},
    **{f"next_sentence_{n}": f"next sentence, accuracy, in pairs of {n} pieces" for n, _ in LENGTHS},
    "cloze_top5": "everyday sentences: a sensible word in the top five",
    "perplexity": "perplexity per piece (held-out documents)",
    "next_top1": "next piece, top-1",
    "forward_perplexity": "forward perplexity per word (held-out documents)",
    "backward_perplexity": "backward perplexity per word",
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
    "masked_top1", "masked_top5", "next_sentence", "cloze_top5", "next_top1", "forward_top1",
    "backward_top1", "unknown", "analogies", "analogies_semantic", "analogies_syntactic", "analogies_covered",
    *(f"{name}_{n}" for name in ("masked_top1", "next_sentence") for n, _ in LENGTHS),
}  # fmt: skip


def read(folder: Path) -> dict[str, float]:
    """The scores of a model folder; empty where none was measured."""
    path = folder / SCORES
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def update(folder: Path, scores: Mapping[str, float], *, instead: bool = False) -> None:
    """Put new scores beside the ones there are, or instead of them, in the file and in the README."""
    known = {**({} if instead else read(folder)), **{name: round(float(value), 4) for name, value in scores.items()}}
    (folder / SCORES).write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")
    card = folder / "README.md"
    if card.is_file():
        text = card.read_text(encoding="utf-8")
        block = f"{BEGIN}\n{table(known)}\n{END}"
        pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
        card.write_text(pattern.sub(lambda _: block, text), encoding="utf-8")


def table(scores: Mapping[str, float]) -> str:
    """The scores as a Markdown table."""
    lines = ["| score | value |", "|---|---|"]
    for name, value in scores.items():
        written = f"{value:.1%}" if name in SHARES else f"{value:.3f}" if value < 10 else f"{value:,.1f}"
        lines.append(f"| {NAMES.get(name, name)} | {written} |")
    return "\n".join(lines)
