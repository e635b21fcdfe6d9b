"""Measure every bundled model again and bring its card up to date.

python -m bert_explain.training evaluate --text FOLDER
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from bert_explain.models import registry
from bert_explain.models.vector_files import read_folder
from bert_explain.models.vectors import from_table
from bert_explain.training import bert, cards, cloze, corpus, gpt, loop, options, pieces

Text = list[corpus.Document]


def encoder(folder: Path, found: Text, kept: Path | None = None) -> dict[str, float]:
    """Scores of a masked-word encoder: held-out documents, and the everyday sentences."""
    held = _cut(folder, found, kept)
    scores = loop.measured(bert.Heads(bert.start(folder)), lambda module: bert.measure(module, held, by_length=True))
    return {**scores, "cloze_top5": cloze.share(registry.from_folder(folder, folder.name, folder.name))}


def decoder(folder: Path, found: Text, kept: Path | None = None) -> dict[str, float]:
    """Scores of a decoder on the held-out documents."""
    held = _cut(folder, found, kept)
    return loop.measured(gpt.NextWord(gpt.opened(folder)), lambda module: gpt.measure(module, held))


def elmo(folder: Path, found: Text, kept: Path | None = None) -> dict[str, float]:
    """Perplexities of both directions on the held-out documents."""
    from bert_explain.training import elmo as program

    held = corpus.for_validation(found)
    if not held:
        raise corpus.BadText("the text has no document that is held out.")
    return program.evaluate(held, folder)


def word2vec(folder: Path, found: Text, kept: Path | None = None) -> dict[str, float]:
    """Analogies and word similarities; they need no text."""
    from bert_explain.training import word_tests

    return word_tests.scores(from_table(folder.name, folder.name, read_folder(folder)))


def _cut(folder: Path, found: Text, kept: Path | None) -> pieces.Pieces:
    """The held-out documents as pieces. Raises BadText where none is left to measure on."""
    held = pieces.cut(corpus.for_validation(found), folder / "tokenizer.json", kept)
    if not held.documents:
        raise corpus.BadText("the text has no document of two sentences or more that is held out.")
    return held


WHAT: dict[str, tuple[str, Callable[..., dict[str, float]]]] = {
    "bert": ("models/mini-bert", encoder),
    "gpt": ("models/mini-gpt", decoder),
    "elmo": ("models/mini-elmo", elmo),
    "word2vec": ("vectors/word2vec", word2vec),
}


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and write scores.json and the card of each folder."""
    parser = argparse.ArgumentParser(prog="python -m bert_explain.training evaluate", description=__doc__.splitlines()[0])
    parser.add_argument("--text", type=Path, required=True, help="the folder of the training text")
    parser.add_argument("--assets", type=Path, default=options.ASSETS, help="default: %(default)s")
    parser.add_argument("--work", type=Path, default=options.RUNS, help="where cut text is kept; default: %(default)s")
    parser.add_argument("--only", nargs="*", choices=tuple(WHAT), default=tuple(WHAT), help="these only")
    chosen = parser.parse_args(arguments)
    found = corpus.for_validation(corpus.documents(chosen.text))
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
        cards.update(folder, scores, instead=True)
        print(f"{name}: " + ", ".join(f"{key} {value:.4g}" for key, value in scores.items()), flush=True)
    return 0
