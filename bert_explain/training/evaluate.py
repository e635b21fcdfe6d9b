"""Measure every bundled model again and bring its card up to date.

python -m bert_explain.training evaluate --text FOLDER

Scores come from one half of the held-out documents; what is chosen by a score is chosen on the other.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bert_explain.analysis import prejudice
from bert_explain.content import trained
from bert_explain.models import registry
from bert_explain.models.vector_table import read_folder
from bert_explain.models.vectors import from_table
from bert_explain.training import bert, cards, cloze, corpus, gpt, loop, options, pieces

Text = list[corpus.Document]
HALVES = {"print": corpus.PRINT, "choice": corpus.CHOICE, "both": None}


def encoder(folder: Path, found: Text, kept: Path | None = None) -> dict[str, float]:
    """Scores of a masked-word encoder: the first sources, as the first scores were measured; the same without the novels; new
    sources; pairs of single sentences of modern prose; everyday sentences."""

    def words(heads: bert.Heads, pieces: pieces.Pieces) -> float:
        return bert.measure(heads, pieces)["masked_top1"]

    heads = bert.Heads(bert.start(folder))
    scores = loop.measured(heads, lambda module: bert.measure(module, _cut(folder, first(found), kept), by_length=True))
    old, new = ([d for d in modern(found) if (d.source in corpus.FIRST) == there] for there in (True, False))
    rows: tuple[tuple[str, Text, Callable[..., float]], ...] = (
        ("masked_top1_modern", old, words),
        ("masked_top1_new", new, words),
        ("masked_top1_alone", [d for d in found if corpus.alone(d.source)], bert.measure_alone),
        ("next_sentence_single", modern(found), bert.measure_single),
    )
    for name, documents, measure in rows:
        held = pieces.cut(documents, folder / "tokenizer.json", kept, corpus.measured_weight)
        try:
            scores[name] = loop.measured(heads, partial(measure, pieces=held))
        except (ValueError, ZeroDivisionError, IndexError):
            continue  # the text has nothing of this kind
    return {**scores, **cloze.scores(registry.from_folder(folder, folder.name, folder.name))}


def decoder(folder: Path, found: Text, kept: Path | None = None) -> dict[str, float]:
    """Scores of a decoder on the first sources, and its perplexity on modern prose, the new sources in it."""
    module = gpt.NextWord(gpt.opened(folder))
    scores = loop.measured(module, lambda m: gpt.measure(m, _cut(folder, first(found), kept)))
    prose = pieces.cut(modern(found), folder / "tokenizer.json", kept, corpus.measured_weight)
    if prose.documents:
        scores["perplexity_modern"] = loop.measured(module, lambda m: gpt.measure(m, prose))["perplexity"]
    return scores


def elmo(folder: Path, found: Text, kept: Path | None = None) -> dict[str, float]:
    """Perplexities of both directions on the first sources, and on modern prose, the new sources in it."""
    from bert_explain.training import elmo as program

    held, prose = first(found), modern(found)
    if not held:
        raise corpus.BadText("the text has no document that is held out.")
    scores = program.evaluate(held, folder)
    if prose:
        new = program.evaluate(prose, folder)
        scores |= {f"{name}_modern": new[name] for name in ("forward_perplexity", "backward_perplexity")}
    return scores


def word2vec(folder: Path, found: Text, kept: Path | None = None) -> dict[str, float]:
    """Analogies and word similarities; they need no text."""
    from bert_explain.training import word_tests

    return word_tests.scores(from_table(folder.name, folder.name, read_folder(folder)))


def first(found: Text) -> Text:
    """Held-out documents of the sources that the first scores were measured on; all of prose, where none of them is there."""
    return options.first_sources([d for d in found if not corpus.alone(d.source)])


def modern(found: Text) -> Text:
    """Held-out documents of prose that are no novels."""
    return [d for d in found if d.source != corpus.NOVELS and not corpus.alone(d.source)]


def _cut(folder: Path, held: Text, kept: Path | None) -> pieces.Pieces:
    """Held-out documents as pieces. Raises BadText where none is left to measure on."""
    cut = pieces.cut(held, folder / "tokenizer.json", kept, corpus.measured_weight)
    if not cut.documents:
        raise corpus.BadText("the text has no document of two sentences or more that is held out.")
    return cut


WHAT: dict[str, tuple[str, Callable[..., dict[str, float]]]] = {
    "bert": ("models/mini-bert", encoder),
    "gpt": ("models/mini-gpt", decoder),
    "elmo": ("models/mini-elmo", elmo),
    "word2vec": ("vectors/word2vec", word2vec),
}


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and write scores.json and the card of each folder, and what the encoder expects of professions."""
    parser = argparse.ArgumentParser(prog="python -m bert_explain.training evaluate", description=__doc__.splitlines()[0])
    parser.add_argument("--text", type=Path, required=True, help="the folder of the training text")
    parser.add_argument("--assets", type=Path, default=options.ASSETS, help="default: %(default)s")
    parser.add_argument("--work", type=Path, default=options.RUNS, help="where cut text is kept; default: %(default)s")
    parser.add_argument("--half", choices=tuple(HALVES), default="print", help="of what is held out; default: %(default)s")
    parser.add_argument("--dry", action="store_true", help="measure and print, and write nothing: to choose on --half choice")
    parser.add_argument("--only", nargs="*", choices=tuple(WHAT), default=tuple(WHAT), help="these only")
    chosen = parser.parse_args(arguments)
    found = corpus.for_validation(corpus.documents(chosen.text), HALVES[chosen.half])
    for name in chosen.only:
        place, measure = WHAT[name]
        folder = chosen.assets / place
        if not folder.is_dir():
            print(f"{name}: no folder {folder}")
            continue
        try:
            scores = measure(folder, found, chosen.work)
        except corpus.BadText as error:
            print(f"{name}: not measured, {error}")
            continue
        if not chosen.dry:
            cards.update(folder, scores, instead=True)
            if name == "bert":
                cards.prejudices(folder, prejudice.measure(registry.from_folder(folder, folder.name, folder.name)))
        print(f"{name}: " + ", ".join(f"{key} {value:.4g}" for key, value in scores.items()), flush=True)
    if chosen.assets.resolve() == options.ASSETS.resolve() and not chosen.dry:
        cards.put(options.ASSETS.parent, cards.TRAINED_BEGIN, cards.TRAINED_END, trained.markdown())
    return 0
