"""python -m bert_explain.training PROGRAM --text FOLDER: make the bundled models again, one or all."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from pathlib import Path

PROGRAMS = {
    "bert": "mini-bert: masked words and next sentence",
    "gpt": "mini-gpt: the decoder, started from mini-bert's weights",
    "elmo": "mini-elmo: two directions over characters, from scratch",
    "word2vec": "Word2Vec: skip-gram with negative sampling",
    "wordnet": "the table of WordNet's example sentences (--dict FOLDER)",
    "senses": "how well each model's vectors tell senses apart (no text needed)",
    "task_data": "the tasks made from WordNet: same sense or not, topic of the marked word (no text needed)",
    "tasks": "fine-tune the encoder on every task, five seeds, beside a bag of words (no text needed)",
    "task_cards": "measure the data sets of the tasks and write their cards' numbers",
    "evaluate": "measure every model again and bring its card up to date",
    "all": "bert, gpt, elmo, word2vec, wordnet, senses, evaluate, one after the other",
}

# How the bundled models were made, where it is not what a program does by itself. The minutes end a training, not the steps.
RECIPES = {
    "bert": "--optimiser muon --rate 4.5e-4 --warmup 0.04 --tokens 8192 --steps 1000000",
    "gpt": "--optimiser muon --rate 8e-4 --warmup 0.05 --steps 1000000",
}


def main(arguments: list[str]) -> int:
    """Hand the arguments to a program."""
    listed = "\n".join(f"  {name:10} {about}" for name, about in PROGRAMS.items())
    if not arguments or arguments[0] in ("-h", "--help") or arguments[0] not in PROGRAMS:
        print(f"{__doc__}\n\n{listed}\n\nEach has --help.")
        return 0 if arguments and arguments[0] in ("-h", "--help") else 2
    name, rest = arguments[0], arguments[1:]
    return everything(rest) if name == "all" else _run(name, rest)


def everything(arguments: list[str]) -> int:
    """All programs in their order; --minutes is the time for each training."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        print("all runs in one process: under torchrun, start bert, gpt and elmo one by one.", file=sys.stderr)
        return 1
    from bert_explain.training import options  # here, for it needs torch, and the list of the programs does not

    parser = argparse.ArgumentParser(prog="python -m bert_explain.training all", description=PROGRAMS["all"])
    parser.add_argument("--text", type=Path, required=True, help="the folder of the training text, WordNet's files in it")
    parser.add_argument("--assets", type=Path, default=options.ASSETS, help="where to write; default: %(default)s")
    parser.add_argument("--work", type=Path, default=options.RUNS, help="checkpoints; default: %(default)s")
    parser.add_argument("--weights", type=Path, default=None, help="the encoder to begin with; default: the bundled one")
    parser.add_argument("--minutes", type=float, default=60.0, help="for each training; default: %(default)s")
    chosen = parser.parse_args(arguments)
    models = chosen.assets / "models"
    start = ["--weights", str(chosen.weights)] if chosen.weights else []
    for name, out in (
        ("bert", models / "mini-bert"),
        ("gpt", models / "mini-gpt"),
        ("elmo", models / "mini-elmo"),
        ("word2vec", chosen.assets / "vectors" / "word2vec"),
    ):
        begin = start if name == "bert" else ["--weights", str(models / "mini-bert")] if name == "gpt" else []
        work = ["--work", str(chosen.work / name), "--minutes", str(chosen.minutes)]
        _step(name, ["--text", str(chosen.text), "--out", str(out), *work, *begin, *RECIPES.get(name, "").split()])
    wordnet = next((f for f in (chosen.text, *chosen.text.rglob("*")) if (f / "noun.exc").is_file()), None)
    if wordnet is None:
        print(f"\nNo folder under {chosen.text} has WordNet's data and exception lists: its table stays as it is.")
    else:
        _step("wordnet", ["--dict", str(wordnet), "--out", str(chosen.assets / "wordnet")])
    if chosen.assets.resolve() == options.ASSETS.resolve():
        _step("senses", ["--out", str(chosen.assets / "wordnet" / "scores.json")])
    else:
        print(f"\nsenses is left out: it measures the models in {options.ASSETS}, not those in {chosen.assets}.")
    return _step("evaluate", ["--text", str(chosen.text), "--assets", str(chosen.assets), "--work", str(chosen.work)])


def _step(name: str, arguments: list[str]) -> int:
    """One program of all; where it stops, it is said which one it was."""
    try:
        return _run(name, arguments)
    except SystemExit:
        print(f"all stopped at {name}: what the programs before it made is on the disk.", file=sys.stderr)
        raise


def _run(name: str, arguments: list[str]) -> int:
    from bert_explain.errors import ExplainError

    print(f"\n== {name}: {PROGRAMS[name]}", flush=True)
    try:
        return importlib.import_module(f"bert_explain.training.{name}").main(arguments) or 0
    except ExplainError as error:
        print(f"{error}", file=sys.stderr)
        raise SystemExit(1) from error


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
