"""Word2Vec on the training text: skip-gram with negative sampling (Mikolov et al. 2013b), by gensim.

    python -m bert_explain.training word2vec --text FOLDER --out assets/vectors/word2vec --minutes 40

The text is written once as a file of words; then whole passes over it, the learning rate falling to almost 0 at the end
of the last one. After each pass everything is saved, so that a run that was stopped goes on after its last whole pass.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from gensim.models import Word2Vec
from tqdm import tqdm

from bert_explain.training import corpus
from bert_explain.training.corpus import Document

ALPHA = (0.025, 0.0001)  # learning rate, first and last: word2vec.c's for skip-gram
SENTENCE = 1_000  # words of a paragraph that are read as one piece


@dataclass(frozen=True)
class Recipe:
    """The settings of a run. Names are gensim's."""

    vector_size: int = 100
    window: int = 5
    negative: int = 5
    sample: float = 5e-5
    min_count: int = 5
    max_final_vocab: int = 40_000
    epochs: int = 10
    seed: int = 1


def word_list(text: str) -> list[str]:
    """The words that Word2Vec learns: lower-case, no punctuation, compounds cut, no possessive.

    "The dog's well-known trick." -> ["the", "dog", "well", "known", "trick"]
    """
    found: list[str] = []
    for word in corpus.words(text.lower().replace("’", "'")):
        for part in re.split(r"[-_]+", word):
            part = part.removesuffix("'s").strip("'.")
            if any(c.isalnum() for c in part):
                found.append(part)
    return found


def write_words(documents: Sequence[Document], to: Path, seed: int = 1) -> int:
    """One line a paragraph, documents in a seeded random order, modern ones as often as their weight. Number of words."""
    order = np.concatenate([np.full(round(corpus.weight(d.source)), n) for n, d in enumerate(documents)])
    np.random.default_rng(seed).shuffle(order)
    count, part = 0, to.with_suffix(".part")
    with open(part, "w", encoding="utf-8") as file:
        for number in tqdm(order, "words", unit="doc", mininterval=2, file=sys.stderr):
            for paragraph in documents[number].paragraphs:
                words = word_list(paragraph)
                for start in range(0, len(words), SENTENCE):
                    file.write(" ".join(words[start : start + SENTENCE]) + "\n")
                count += len(words)
    os.replace(part, to)  # whole or not at all
    return count


class Lines:
    """The file of words, sentence by sentence, with a progress line."""

    def __init__(self, path: Path, what: str, total: int):
        self.path, self.what, self.total = path, what, total

    def __iter__(self) -> Iterator[list[str]]:
        bar = tqdm(total=self.total, desc=self.what, unit="word", unit_scale=True, mininterval=5, file=sys.stderr)
        with open(self.path, encoding="utf-8") as file, bar:
            for line in file:
                words = line.split()
                bar.update(len(words))
                yield words


def train(documents: Iterable[Document], out: Path, *, work: Path, minutes: float = 40, recipe: Recipe | None = None) -> Path:
    """Train on these documents (held-out ones taken out before) and write vectors.npy and vocab.txt to `out`.

    work : the folder of the file of words and of the checkpoints; give the same one to go on after a stop.
    minutes : the time for the passes, those of an earlier, stopped run included. When it gets short the last pass is
        made the last one early, with the learning rate at its end.
    """
    recipe = recipe or Recipe()
    work.mkdir(parents=True, exist_ok=True)
    text = work / "words.txt"
    if not text.exists():
        print(f"{write_words(corpus.for_training(list(documents)), text, recipe.seed):,} words", file=sys.stderr)
    model, done = _last(work) or (_fresh(text, recipe), 0.0)
    while done < 1:
        done = _epoch(model, text, recipe, done, minutes * 60)
        _save(model, done, work)
        print(f"pass {model.passes}: {model.seconds / 60:.1f} minutes in all, {done:.0%} of the way", file=sys.stderr)
    export(model, out)
    return out


def _fresh(text: Path, recipe: Recipe) -> Word2Vec:
    settings = asdict(recipe)
    epochs = settings.pop("epochs")
    model = Word2Vec(sg=1, hs=0, workers=1, epochs=epochs, alpha=ALPHA[0], min_alpha=ALPHA[1], **settings)
    model.build_vocab(Lines(text, "vocabulary", _count(text)))
    model.passes, model.seconds = 0, 0.0
    print(f"{len(model.wv):,} words in the vocabulary", file=sys.stderr)
    return model


def _count(text: Path) -> int:
    with open(text, encoding="utf-8") as file:
        return sum(line.count(" ") + 1 for line in file)


def _epoch(model: Word2Vec, text: Path, recipe: Recipe, done: float, budget: float) -> float:
    """One pass. `done` is how far the learning rate has fallen, 0 to 1: by passes, or by time where that is shorter."""
    last = model.seconds / model.passes if model.passes else 0.0
    left = min(recipe.epochs - model.passes, (budget - model.seconds) / last if last else np.inf)
    until = 1.0 if left < 1.5 else done + (1 - done) / left
    first, final = (ALPHA[0] + (ALPHA[1] - ALPHA[0]) * share for share in (done, until))
    started, words = time.monotonic(), model.corpus_total_words
    lines = Lines(text, f"pass {model.passes + 1}", words)
    model.train(lines, total_examples=model.corpus_count, total_words=words, epochs=1, start_alpha=first, end_alpha=final)
    model.passes += 1
    model.seconds += time.monotonic() - started
    return until


def _save(model: Word2Vec, done: float, work: Path) -> None:
    """Everything gensim needs to go on, in a folder of its own that gets its name only when it is whole."""
    part, final = work / "checkpoint.part", work / f"checkpoint-{model.passes:04d}"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    model.done = done
    model.save(str(part / "model"))
    os.replace(part, final)
    for old in sorted(work.glob("checkpoint-*"))[:-1]:
        shutil.rmtree(old)


def _last(work: Path) -> tuple[Word2Vec, float] | None:
    """The newest whole checkpoint. gensim reads its own pickle here: this program's own file, never one from elsewhere."""
    found = sorted(work.glob("checkpoint-[0-9]*"))
    if not found:
        return None
    model = Word2Vec.load(str(found[-1] / "model"))
    print(f"going on after pass {model.passes}", file=sys.stderr)
    return model, model.done


def export(model: Word2Vec, out: Path) -> None:
    """vectors.npy (V, D), context.npy (V, D): the vectors a word has as a neighbour; vocab.txt: "word count", V lines."""
    out.mkdir(parents=True, exist_ok=True)
    np.save(out / "vectors.npy", model.wv.vectors.astype(np.float16))
    np.save(out / "context.npy", model.syn1neg.astype(np.float16))
    counts = (model.wv.get_vecattr(word, "count") for word in model.wv.index_to_key)
    lines = (f"{word} {count}\n" for word, count in zip(model.wv.index_to_key, counts, strict=True))
    (out / "vocab.txt").write_text("".join(lines), encoding="utf-8")


def add_options(parser: argparse.ArgumentParser) -> None:
    """The settings of a recipe as options: --window, --negative, --epochs ..."""
    for name, value in asdict(Recipe()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value, help="default: %(default)s")


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bert_explain.training word2vec", description=__doc__.splitlines()[0])
    parser.add_argument("--text", type=Path, required=True, help="the folder of the training text")
    parser.add_argument("--out", type=Path, default=Path("assets/vectors/word2vec"), help="default: %(default)s")
    parser.add_argument("--work", type=Path, default=Path("runs/word2vec"), help="checkpoints; default: %(default)s")
    parser.add_argument("--minutes", type=float, default=40, help="time for the passes; default: %(default)s")
    add_options(parser)
    options = vars(parser.parse_args(arguments))
    text, out, work, minutes = (options.pop(name) for name in ("text", "out", "work", "minutes"))
    train(corpus.documents(text), out, work=work, minutes=minutes, recipe=Recipe(**options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
