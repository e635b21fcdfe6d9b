"""How often the nearest sentence with the same word has the same sense: `python -m bert_explain.training senses`.

Every model that can be loaded, every layer, every sentence of WordNet for which the question makes sense (see
`analysis.senses.score`); and the same on sentences that none of the models has read (content/unread.toml). Written to
assets/wordnet/scores.json, with the fingerprint of the weights that were measured.
A few minutes on one core.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from bert_explain import models
from bert_explain.analysis import senses
from bert_explain.analysis.occurrences import KINDS, Occurrence, reader
from bert_explain.analysis.same_word import spans
from bert_explain.analysis.sense_search import occurrences
from bert_explain.content import unread, wordnet
from bert_explain.content.wordnet import WordNet
from bert_explain.errors import ExplainError

DIGITS = 4


def main(arguments: list[str] | None = None) -> None:
    """Measure, say, write."""
    parser = argparse.ArgumentParser(prog="bert_explain.training senses", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=wordnet.FOLDER / "scores.json", help="the file to write")
    parser.add_argument("--words", type=int, default=0, help="this many words only, drawn with a seed (0: all)")
    parser.add_argument(
        "--models", nargs="*", choices=tuple(KINDS), default=tuple(KINDS), help="these only; others keep their numbers"
    )
    given = parser.parse_args(arguments)
    given.out.parent.mkdir(parents=True, exist_ok=True)  # before the work, so that a place that cannot be written is known
    found = measure(wordnet.load(), given.models, given.words)
    found["unread"] = measure_unread(given.models)
    if set(given.models) < set(KINDS) and given.out.is_file():
        found = joined(json.loads(given.out.read_text(encoding="utf-8")), found)
    given.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"written: {given.out}")


def joined(before: dict, found: dict) -> dict:
    """What was measured now, and of the other models what was measured before on the very same sentences."""
    if any(before.get(name) != found[name] for name in ("table", "sentences", "words")):
        return found
    return {**before, **found, "models": _both(before, found), "unread": _joined_unread(before.get("unread"), found["unread"])}


def _both(before: dict, found: dict) -> dict:
    every = {**before["models"], **found["models"]}
    return {key: every[key] for key in KINDS if key in every}


def _joined_unread(before: dict | None, found: dict) -> dict:
    if before is None or before["table"] != found["table"]:
        return found
    return {**found, "models": _both(before, found)}


def measure_unread(keys=tuple(KINDS)) -> dict:
    """The same score on the app's own sentences, by word."""
    listed = unread.sentences()
    there = [Occurrence(one.text, *spans(one.text, one.word)[0], one.sense) for one in listed]
    texts, groups, meanings = [o.text for o in there], [one.word for one in listed], [one.sense for one in listed]
    found: dict = {"sentences": len(there), "words": len(set(groups)), "table": unread.fingerprint(), "models": {}}
    for key in keys:
        try:
            one = reader(key)
            scored = [senses.score(v, groups, meanings, texts) for v in one.vectors(there)]
        except ExplainError as error:
            print(f"{KINDS[key]} is left out: {error}", flush=True)
            continue
        found["models"][key] = {
            "title": one.title,
            "fingerprint": one.fingerprint,
            "word": [round(s.share, DIGITS) for s in scored],
        }
        found["word"] = {"chance": round(scored[0].chance, DIGITS), "queries": scored[0].queries}
        print(f"{one.title}, unread: {found['models'][key]['word']}", flush=True)
    return found


def measure(net: WordNet, keys=tuple(KINDS), most_words: int = 0) -> dict:
    """The scores of each model: by the word alone ("word"), and by word and part of speech ("kind")."""
    models.one_thread()
    rows = asked(net, most_words)
    part = net.sentences.iloc[rows]
    texts, meanings, words = (part[name].tolist() for name in ("text", "sense", "word"))
    groups = {"word": words, "kind": [(word, sense[0]) for word, sense in zip(words, meanings, strict=True)]}
    there = occurrences(net, rows.tolist())
    found: dict[str, Any] = {"sentences": len(rows), "words": len(set(words)), "table": net.fingerprint, "models": {}}
    for key in keys:
        try:
            one = reader(key)
            started = time.monotonic()
            vectors = one.vectors(there)
        except ExplainError as error:
            print(f"{KINDS[key]} is left out: {error}", flush=True)
            continue
        values = {name: [senses.score(v, group, meanings, texts) for v in vectors] for name, group in groups.items()}
        found["models"][key] = {
            "title": one.title,
            "fingerprint": one.fingerprint,
            "layers": list(one.layers),
            **{name: [round(s.share, DIGITS) for s in listed] for name, listed in values.items()},
        }
        for name, listed in values.items():
            found[name] = {"chance": round(listed[0].chance, DIGITS), "queries": listed[0].queries}
        print(f"{one.title}: {found['models'][key]['word']} ({time.monotonic() - started:.0f} s)", flush=True)
    return found


def asked(net: WordNet, most_words: int = 0) -> np.ndarray:
    """Rows of the words that have two senses here, one of them with two sentences: nothing can be asked of others."""
    table = net.sentences
    same = table.groupby(["word", "sense"])["text"].transform("size")
    of = table.groupby("word")["text"].transform("size")
    words = table["word"][(same > 1) & (same < of)].unique()
    if most_words:
        words = np.random.default_rng(0).choice(words, min(most_words, len(words)), replace=False)
    return np.flatnonzero(table["word"].isin(set(words)))
