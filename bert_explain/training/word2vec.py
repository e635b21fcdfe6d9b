"""Word2Vec on the training text: skip-gram with negative sampling (Mikolov et al. 2013b), by gensim.

    python -m bert_explain.training word2vec --text FOLDER --out assets/vectors/word2vec --minutes 40

The text is written once as a file of words, which is then read pass after pass in small slices. After each slice the time
is looked at and the learning rate set: it falls in a straight line to almost 0 at the last pass, or at the end of the time
where that comes first. Every two minutes everything is saved, the place in the text too, so that a run that was stopped
goes on from there.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from gensim.models import Word2Vec
from tqdm import tqdm

from bert_explain.training import cards, corpus, loop, word_tests
from bert_explain.training.corpus import BadText, Document
from bert_explain.training.word2vec_text import Lines, next_slice, write_words

ALPHA = (0.025, 0.0001)  # learning rate, first and last: word2vec.c's for skip-gram
SLICE = 50_000  # words between two looks at the clock; gensim sums the loss of a slice in float32, so not many more
SLICES = 20  # in a pass, at least: a short text has shorter slices
SMOOTH = 0.05  # share of the newest slice in the running loss: a mean over about a million words
SAVE_EVERY = 120.0  # seconds between checkpoints
STATE = "progress.json"


@dataclass(frozen=True)
class Recipe:
    """The settings of a run. Names are gensim's."""

    vector_size: int = 100
    window: int = 5
    negative: int = 5
    sample: float = 5e-5
    min_count: int = 10  # names of one book only are no words of the language
    max_final_vocab: int = 40_000
    epochs: int = 5
    seed: int = 1


@dataclass
class Progress:
    """How far a run is; it is kept in the checkpoint."""

    words: int = 0  # read, in all passes
    at: int = 0  # where the next slice begins in the file of words, in bytes
    seconds: float = 0.0
    loss: float | None = None  # of a word with its neighbours, in nats; running mean
    wordsim: float | None = None  # WordSim-353 after the last whole pass; None where the vocabulary covers too little of it


def train(
    documents: Iterable[Document],
    out: Path,
    *,
    work: Path,
    minutes: float = 40,
    recipe: Recipe | None = None,
    weights: Path | None = None,
    keep: float = 0.0,
    least: int = 0,
) -> Path:
    """Train on these documents, but for the held-out ones, and write vectors.npy, context.npy and vocab.txt to `out`.

    work : the folder of the file of words and of the checkpoints; give the same one to go on after a stop.
    minutes : the time for the passes, those of an earlier, stopped run included; 0: as long as they take.
    weights : a folder that `export` wrote; words that are in it begin with the vectors that they have there.
    keep : the share of those vectors in the last ones. least : words that stand in the text less often are learned, not exported.
    Raises BadText where there is nothing to learn from, and where `work` has the checkpoint of something else.
    """
    recipe = recipe or Recipe()
    learn = corpus.for_training(list(documents))
    if not learn:
        raise BadText("There is no document to learn from.")
    made_of = {"text": corpus.fingerprint(learn), "recipe": asdict(recipe), "weights": _mark(weights)}
    before = cards.history(weights) if weights else None  # now: `out` may be the same folder
    work.mkdir(parents=True, exist_ok=True)
    model, progress = _last(work, made_of) or (None, Progress())
    text = work / f"words-{made_of['text']}-{recipe.seed}.txt"
    if not text.exists():
        print(f"{write_words(learn, text, recipe.seed):,} words", file=sys.stderr)
    if model is None:
        model = _fresh(text, recipe)
        if weights:
            print(f"{_begin(model, weights):,} of them begin with the vectors of {weights.name}", file=sys.stderr)
    whole = recipe.epochs * model.corpus_total_words
    size = min(SLICE, -(-model.corpus_total_words // SLICES))

    def share() -> float:
        return loop.share(progress.words, whole, progress.seconds, minutes)

    saved = clock = time.monotonic()
    bar = tqdm(total=1.0, initial=share(), bar_format=loop.BAR, desc="word2vec", mininterval=2.0)
    with bar:
        while (way := share()) < 1:
            _learn(model, progress, text, size, ALPHA[0] + (ALPHA[1] - ALPHA[0]) * way)
            if progress.at == 0:
                progress.wordsim = word_tests.related(model.wv)
            now = time.monotonic()
            progress.seconds, clock = progress.seconds + now - clock, now
            if now - saved > SAVE_EVERY:
                _save(model, progress, made_of, work)
                saved = now
            bar.update(max(0.0, share() - bar.n))
            bar.set_postfix_str(_line(progress), refresh=False)
        progress.wordsim = word_tests.related(model.wv)
        _save(model, progress, made_of, work)
        bar.set_postfix_str(_line(progress))
    if weights and keep:
        _begin(model, weights, keep)
    export(model, out, least)
    kept = f", {keep:.0%} of them kept at the end" if weights and keep else ""
    begun = f"{weights.name}'s vectors{kept}" if weights else "nothing"
    cards.made(
        out,
        {
            "began with": begun,
            "text": cards.sources(learn),
            "read": f"{progress.words:,} words, {progress.words / model.corpus_total_words:.1f} passes",
            "time": cards.taken(progress.words, progress.seconds, "words"),
            "hardware": "one thread of a CPU, float32",
            "recipe": ", ".join(f"{name} {value}" for name, value in asdict(recipe).items()),
        },
    )
    cards.trained(out, progress.words, learn, begun, before, "words")
    return out


def _fresh(text: Path, recipe: Recipe) -> Word2Vec:
    settings = asdict(recipe)
    epochs = settings.pop("epochs")
    model = Word2Vec(sg=1, hs=0, workers=1, epochs=epochs, alpha=ALPHA[0], min_alpha=ALPHA[1], **settings)
    model.lifecycle_events = None  # gensim's diary: one entry a slice would fill the checkpoint
    model.build_vocab(Lines(text))
    if not len(model.wv):
        raise BadText(f"No word of the text stands in it {recipe.min_count} times: there is nothing to learn vectors of.")
    print(f"{len(model.wv):,} words in the vocabulary", file=sys.stderr)
    return model


def _begin(model: Word2Vec, folder: Path, share: float = 1.0) -> int:
    """Move every word that a folder of vectors has towards its two vectors there: all the way, or a share of it.

    -> how many words. Raises BadText for vectors of another size.
    """
    vectors, context = (np.load(folder / name, allow_pickle=False) for name in ("vectors.npy", "context.npy"))
    if vectors.shape[1] != model.vector_size:
        raise BadText(f"{folder.name} has {vectors.shape[1]} numbers a word, not {model.vector_size}.")
    words = [line.rsplit(" ", 1)[0] for line in (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()]
    old = {word: n for n, word in enumerate(words)}
    both = [(new, old[word]) for word, new in model.wv.key_to_index.items() if word in old]
    to, of = np.array(both, dtype=int).reshape(-1, 2).T
    for now, there in ((model.wv.vectors, vectors), (model.syn1neg, context)):
        now[to] += share * (there[of].astype(np.float32) - now[to])
    return len(both)


def _mark(folder: Path | None) -> str | None:
    """A short name of the very vectors that a run begins with."""
    return hashlib.blake2b((folder / "vectors.npy").read_bytes(), digest_size=8).hexdigest() if folder else None


def _learn(model: Word2Vec, progress: Progress, text: Path, size: int, rate: float) -> None:
    """One slice, at one learning rate: a slice is a small part of the way."""
    sentences, progress.at = next_slice(text, progress.at, size)
    count = sum(map(len, sentences))
    learned, _ = model.train(sentences, total_words=count, epochs=1, start_alpha=rate, end_alpha=rate, compute_loss=True)
    progress.words += count
    if learned:  # frequent words are thinned out: a small slice may have none left
        loss = float(model.get_latest_training_loss()) / learned
        progress.loss = loss if progress.loss is None else progress.loss + SMOOTH * (loss - progress.loss)


def _line(progress: Progress) -> str:
    speed = progress.words / max(progress.seconds, 1e-9)
    loss = "" if progress.loss is None else f", loss {progress.loss:.3f}"
    score = "" if progress.wordsim is None else f", wordsim353 {progress.wordsim:.3f}"
    return f"{progress.words / 1e6:.2f} M words, {speed:,.0f}/s{loss}{score}"


def _save(model: Word2Vec, progress: Progress, made_of: dict, work: Path) -> None:
    """Everything that is needed to go on, in a folder of its own that gets its name only when it is whole."""
    part, final = work / "checkpoint.part", work / f"checkpoint-{progress.words:015d}"
    if final.is_dir():  # nothing was learned since
        return
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    model.save(str(part / "model"))
    (part / STATE).write_text(json.dumps({**made_of, "progress": asdict(progress)}, indent=1) + "\n", encoding="utf-8")
    os.replace(part, final)
    for old in sorted(work.glob("checkpoint-*"))[:-1]:
        shutil.rmtree(old)


def _last(work: Path, made_of: dict) -> tuple[Word2Vec, Progress] | None:
    """The newest whole checkpoint. gensim reads its own pickle here: this program's own file, never one from elsewhere.

    Raises BadText where it is one of another text or recipe.
    """
    found = sorted(work.glob("checkpoint-[0-9]*"))
    if not found:
        return None
    state = json.loads((found[-1] / STATE).read_text(encoding="utf-8")) if (found[-1] / STATE).is_file() else {}
    if {name: state.get(name) for name in made_of} != made_of:
        raise BadText(f"{work} holds the checkpoint of another text or recipe: give --work another folder, or empty this one.")
    progress = Progress(**state["progress"])
    print(f"going on after {progress.words:,} words", file=sys.stderr)
    return Word2Vec.load(str(found[-1] / "model")), progress


def export(model: Word2Vec, out: Path, least: int = 0) -> None:
    """vectors.npy (V, D), context.npy (V, D): the vectors a word has as a neighbour; vocab.txt: "word count", V lines;
    settings.json: how much frequent words were thinned out, without which the vectors cannot be read as probabilities.

    Words are in the order of their counts; those below `least` are left out.
    """
    out.mkdir(parents=True, exist_ok=True)
    counts = [model.wv.get_vecattr(word, "count") for word in model.wv.index_to_key]
    size = sum(count >= least for count in counts)
    np.save(out / "vectors.npy", model.wv.vectors[:size].astype(np.float16))
    np.save(out / "context.npy", model.syn1neg[:size].astype(np.float16))
    lines = (f"{word} {count}\n" for word, count in zip(model.wv.index_to_key[:size], counts, strict=False))
    (out / "vocab.txt").write_text("".join(lines), encoding="utf-8")
    (out / "settings.json").write_text(json.dumps({"sample": model.sample}) + "\n", encoding="utf-8")


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
    parser.add_argument("--minutes", type=float, default=40, help="time for the passes, 0: no limit; default: %(default)s")
    parser.add_argument("--weights", type=Path, help="a folder of vectors to begin with; default: from nothing")
    parser.add_argument("--keep", type=float, default=0.0, help="share of the first vectors in the last ones; default: 0")
    parser.add_argument(
        "--least", type=int, default=0, help="how often an exported word stands in the text; default: all that are learned"
    )
    add_options(parser)
    options = vars(parser.parse_args(arguments))
    text, out, work, minutes = (options.pop(name) for name in ("text", "out", "work", "minutes"))
    begin = {name: options.pop(name) for name in ("weights", "keep", "least")}
    for name in ("vector_size", "window", "negative", "epochs"):
        if options[name] < 1:
            parser.error(f"--{name.replace('_', '-')} must be 1 or more")
    train(corpus.documents(text), out, work=work, minutes=minutes, recipe=Recipe(**options), **begin)
    return 0


if __name__ == "__main__":
    sys.exit(main())
