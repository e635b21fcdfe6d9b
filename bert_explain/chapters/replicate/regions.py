"""Senses as regions (Wiedemann et al. 2019; Reif, Coenen et al. 2019): is the nearest occurrence of a word of the same meaning?

And what a sentence of another meaning does, when it is read beside. N sentences, K layers, D numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

import numpy as np
import pandas as pd

from bert_explain.analysis.senses import between, cosines
from bert_explain.analysis.sentence import Sentence, say
from bert_explain.chapters.replicate import trial
from bert_explain.chapters.replicate.trial import HOLDS, Bench, Column, Outcome, Part, Progress, Row, Trial, measured
from bert_explain.content import unread
from bert_explain.core.spec import ModelSpec
from bert_explain.core.tokens import covering, touching
from bert_explain.errors import ExplainError
from bert_explain.kernel.readings import many
from bert_explain.kernel.readings import share as whole_percent
from bert_explain.query import Query
from bert_explain.trace import Trace

MODELS = {"bert": "BERT", "elmo": "ELMo"}


@cache
def builtin() -> tuple[Row, ...]:
    """The app's own sentences that none of the bundled models has read: two meanings a word, three sentences each."""
    return tuple((one.word, one.sense, one.text) for one in unread.sentences())


def place(word: str, text: str) -> tuple[int, int] | None:
    """Characters of the first place where a word, or a form that only adds an s or ed, stands in a text."""
    found = re.search(rf"(?<!\w){re.escape(word.strip())}(?:e?s|e?d)?(?!\w)", text, re.IGNORECASE) if word.strip() else None
    return found.span() if found else None


def stands(word: str, text: str) -> tuple[int, int]:
    """The same of a row in which the word stands."""
    found = place(word, text)
    assert found is not None
    return found


def faults(bench: Bench, rows: Sequence[Row]) -> list[str]:
    senses: dict[str, list[str]] = {}
    for word, meaning, text in rows:
        if place(word, text) and meaning.strip():
            senses.setdefault(word.strip().lower(), []).append(meaning.strip())
    found = []
    for word, meaning, text in rows:
        of = senses.get(word.strip().lower(), [])
        if not word.strip() or not meaning.strip() or not text.strip():
            found.append("it needs a word, its meaning and a sentence")
        elif place(word, text) is None:
            found.append(f"“{word.strip()[:40]}” does not stand in the sentence")
        elif not touching(bench.tokens(Query(text)), stands(word, text)):
            found.append("the word lies beyond what the model can read")
        elif of.count(meaning.strip()) < 2 or len(set(of)) < 2:
            found.append("its word needs two meanings, and this one a second sentence")
        else:
            found.append("")
    return found


def of_word(trace: Trace, span: tuple[int, int]) -> np.ndarray:
    """(K, D): the mean over the pieces of a word of sentence A."""
    return trace.hidden[:, touching(trace.tokens, span)].mean(1)


def nearest(vectors: np.ndarray, words: Sequence[str], meanings: Sequence[str]) -> np.ndarray:
    """(N, D) -> (N,) 0 to 1: whether the nearest other occurrence of the same word has the same meaning; equals share."""
    near = np.nan_to_num(cosines(vectors), nan=-2.0)
    of, means = np.asarray(words, dtype=object), np.asarray(meanings, dtype=object)
    right = np.zeros(len(words))
    for i in range(len(words)):
        others = np.flatnonzero((of == of[i]) & (np.arange(len(of)) != i))
        first = others[near[i, others] == near[i, others].max()]
        right[i] = (means[first] == means[i]).mean()
    return right


def commonest(words: Sequence[str], meanings: Sequence[str]) -> np.ndarray:
    """(N,) 0 to 1: whether the meaning that most of the word's sentences have is the right one; equals share."""
    right = np.zeros(len(words))
    for i in range(len(words)):
        of = pd.Series([m for word, m in zip(words, meanings, strict=True) if word == words[i]]).value_counts()
        top = of[of == of.max()].index
        right[i] = (meanings[i] in top) / len(top)
    return right


def pull(alone: np.ndarray, beside: np.ndarray, words: Sequence[str], meanings: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Two (N,): how much nearer each vector is to the centre of its own meaning than to the nearest other, alone and beside.

    alone, beside : (N, D), the vectors as each sentence is read by itself and with another one. The centres are means of
    vectors read alone, the sentence itself left out. cos(own) / cos(other), as in Reif, Coenen et al. 2019, section 4.2.
    """
    of, means = np.asarray(words, dtype=object), np.asarray(meanings, dtype=object)
    ratios = np.empty((2, len(of)))
    for i in range(len(of)):
        there = np.flatnonzero((of == of[i]) & (np.arange(len(of)) != i))
        centres = {m: alone[there[means[there] == m]].mean(0) for m in set(means[there])}
        own = np.stack([centres.pop(means[i])])
        others = np.stack(list(centres.values()))
        for at, vector in enumerate((alone[i], beside[i])):
            ratios[at, i] = between(vector[None], own)[0, 0] / between(vector[None], others)[0].max()
    return ratios[0], ratios[1]


def another(i: int, words: Sequence[str], meanings: Sequence[str], same: bool) -> int:
    """A sentence with the same word, of the same meaning or of another: the next in the list, from the start again."""
    order = [*range(i + 1, len(words)), *range(i)]
    return next(j for j in order if words[j] == words[i] and (meanings[j] == meanings[i]) == same)


def work(bench: Bench, rows: Sequence[Row], progress: Progress) -> Outcome:
    words = [word.strip().lower() for word, _, _ in rows]
    meanings = [meaning.strip() for _, meaning, _ in rows]
    texts = [text for _, _, text in rows]
    spans = [stands(word, text) for word, _, text in rows]
    count, missing, found = len(rows), [], {}
    for key, name in MODELS.items():
        vectors = []
        try:
            for done, (text, span) in enumerate(zip(texts, spans, strict=True), start=1):
                if key == "bert":
                    vectors.append(of_word(bench.run(Query(text)), span))
                else:
                    trace = bench.elmo(text)
                    vectors.append(np.asarray(trace.layers)[:, covering(trace.words, span)].mean(1))
                progress((done + (key == "elmo") * count) / (4 * count), f"{name}: sentence {done} of {count}")
        except ExplainError as error:
            if key == "bert":
                raise
            missing.append(f"{name} is left out: {error}")
            continue
        found[key] = np.stack(vectors, axis=1)  # (K, N, D)
    beside = {}
    for same in (False, True):
        read = []
        for i in range(count):
            other = texts[another(i, words, meanings, same)]
            read.append(of_word(bench.run(Query(texts[i], other)), spans[i])[-1])
            what = "the same" if same else "another"
            progress((2 + same + (i + 1) / count) / 4, f"Sentence {i + 1} of {count}, with one of {what} meaning beside it")
        beside[same] = np.stack(read)
    return outcome(found, beside, words, meanings, texts, tuple(missing))


def outcome(
    found: dict[str, np.ndarray],
    beside: dict[bool, np.ndarray],
    words: Sequence[str],
    meanings: Sequence[str],
    texts: Sequence[str],
    missing: tuple[str, ...] = (),
) -> Outcome:
    """The numbers, from vectors (K, N, D) by model, and (N, D) of BERT's last layer with another sentence beside."""
    codes, names = pd.factorize(pd.Series(list(words), dtype=object))
    sizes = np.bincount(codes)

    def by_word(values: np.ndarray) -> np.ndarray:
        """(N,) -> (M,): means of each word's sentences; sentences of one word are not independent, so words are drawn."""
        return np.bincount(codes, weights=np.asarray(values, dtype=float)) / sizes

    def share(name: str, values: np.ndarray, **more) -> trial.Measure:
        return measured(name, by_word(values), weights=sizes, units="words", **more)

    right = {key: [nearest(vectors, words, meanings) for vectors in stack] for key, stack in found.items()}
    last = len(right["bert"]) - 1
    best = int(np.argmax([values.mean() for values in right["bert"]]))
    blind = commonest(words, meanings)
    alone, away = pull(found["bert"][-1], beside[False], words, meanings)
    _, control = pull(found["bert"][-1], beside[True], words, meanings)
    top = share(f"BERT after layer {last}", right["bert"][last], paper="F1 76.5, 80.1 (SensEval-2, -3)", mark=0.765)
    gain = share(f"BERT after layer {last} minus the commonest meaning", right["bert"][last] - blind)
    measures = [
        top,
        share("BERT at the input", right["bert"][0]),
        share("the commonest meaning, without reading", blind),
        gain,
    ]
    parts = [Part("the nearest neighbour finds the meaning more often than the commonest meaning does", trial.above(gain, 0.0))]
    if "elmo" in right:
        end = len(right["elmo"]) - 1
        measures.append(share(f"ELMo after layer {end}", right["elmo"][end]))
        measures.append(share("BERT minus ELMo, after their last layers", right["bert"][last] - right["elmo"][end]))
        parts.append(Part("BERT's vectors part meanings better than ELMo's", trial.above(measures[-1], 0.0)))
    pulled = share("pulled over by a sentence of another meaning", away < alone)
    stays = share("less near by a sentence of the same meaning", control < alone)
    more = share("another meaning minus the same", (away < alone).astype(float) - (control < alone))
    measures += [pulled, stays, more]
    parts.append(
        Part("a sentence of another meaning pulls the vector over more often than one of the same does", trial.above(more, 0.0))
    )
    lines = [
        (key, MODELS[key], layer, float(values.mean())) for key, layers in right.items() for layer, values in enumerate(layers)
    ]
    table = pd.DataFrame({"word": list(words), "meaning": list(meanings), "sentence": list(texts)}).assign(
        right=right["bert"][last], alone=alone, other_beside=away, same_beside=control
    )
    facts = {
        "best": float(best),
        "best_value": float(right["bert"][best].mean()),
        "last": float(last),
        "last_value": float(right["bert"][last].mean()),
        "alone": float(alone.mean()),
        "away": float(away.mean()),
        "control": float(control.mean()),
        "words": float(len(names)),
        "meanings": float(len({(w, m) for w, m in zip(words, meanings, strict=True)}) / len(names)),
        "chance": float(blind.mean()),
    }
    by = pd.DataFrame(lines, columns=["key", "model", "layer", "value"])
    return Outcome(tuple(measures), tuple(parts), table, by, facts, missing)


def why(found: Outcome, spec: ModelSpec) -> list[Sentence]:
    f = found.facts
    where = "at the input" if not f["best"] else f"after layer {f['best']:.0f}"
    if f["best_value"] - f["last_value"] > 0.02:
        first = say(
            "What the numbers say: the meanings are parted better {where} ({best}) than after the last layer ({last}).",
            where=where,
            best=whole_percent(f["best_value"]),
            last=whole_percent(f["last_value"]),
        )
    else:
        first = say(
            "What the numbers say: no layer parts the meanings clearly better than the last one ({last}).",
            last=whole_percent(f["last_value"]),
        )
    pulled = found.parts[-1].state == HOLDS
    second = say(
        "Two sentences: alone, a vector is {alone:.3f} times as near to its own meaning as to the other; with a sentence of "
        "another meaning beside it {away:.3f}, with one of the same {control:.3f}."
        + (" So it is the meaning, not just the company." if pulled else ""),
        alone=f["alone"],
        away=f["away"],
        control=f["control"],
    )
    third = say(
        "Meanings: {words} with {n:.1f} meanings each here, clearly apart; the papers take WordNet's, many to a word and often "
        "close together.",
        words=many(int(f["words"]), "word"),
        n=f["meanings"],
    )
    return [first, second, third]


TRIAL = Trial(
    "regions",
    (Column("word", "Word", "", 110), Column("meaning", "Meaning", "", 170), Column("sentence", "Sentence", "", 500)),
    builtin,
    faults,
    work,
    lambda spec, rows: 5 * rows,
    why,
    code=(nearest, pull, outcome, trial.interval),
)
