"""A narrow cone (Ethayarajh 2019): how alike are two random words, one word with itself, the words of a sentence?

Three models, layer by layer. W words of a text, K layers (the input is one), D numbers a vector.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np
import pandas as pd

from bert_explain.analysis.sentence import Sentence, say
from bert_explain.chapters.replicate import trial
from bert_explain.chapters.replicate.trial import Bench, Column, Outcome, Part, Progress, Row, Trial, measured
from bert_explain.content import unread
from bert_explain.core.spec import ModelSpec
from bert_explain.core.tokens import Token, characters
from bert_explain.errors import ExplainError
from bert_explain.kernel.readings import many, share, signed
from bert_explain.kernel.tasks import FOLDER
from bert_explain.query import Query

MODELS = {"bert": "BERT", "decoder": "decoder", "elmo": "ELMo"}
OFTEN = 5  # sentences in which a word has to stand to be compared with itself
PARTNERS = 10  # random words that each sentence's are compared with
CLEAR = 0.02  # a difference of cosines below this is called none


@cache
def builtin() -> tuple[Row, ...]:
    """Single sentences from bundled texts that the bundled models have not learned from."""
    lines = (FOLDER / "pairs" / "pairs.tsv").read_text(encoding="utf-8").splitlines()[1:]
    texts = [text for line in lines for text in line.split("\t")[1:]]
    return tuple((text,) for text in dict.fromkeys([*(one.text for one in unread.sentences()), *texts]))


def faults(bench: Bench, rows: Sequence[Row]) -> list[str]:
    few = [len({form for form, _ in words_of(bench.tokens(Query(text)), text)}) < 2 for (text,) in rows]
    return ["it needs two different words" if bad else "" for bad in few]


def words_of(tokens: Sequence[Token], text: str) -> list[tuple[str, list[int]]]:
    """Each word of a text in small letters, and the positions of its pieces; marks are no words."""
    pieces: dict[int, list[Token]] = {}
    for token in tokens:
        if token.sentence == 0 and token.word is not None and token.span and not token.special:
            pieces.setdefault(token.word, []).append(token)
    found = []
    for of in pieces.values():
        form = text[slice(*characters(of))].lower()
        if any(c.isalnum() for c in form):
            found.append((form, [t.position for t in of]))
    return found


def read(bench: Bench, key: str, text: str) -> tuple[list[str], np.ndarray]:
    """The words of a text and their vectors (K, W, D) by one of MODELS."""
    if key == "elmo":
        heard = bench.elmo(text)
        at = [i for i, word in enumerate(heard.words) if any(c.isalnum() for c in word.text)]
        return [heard.words[i].text.lower() for i in at], np.asarray(heard.layers)[:, at]
    trace = bench.run(Query(text)) if key == "bert" else bench.decoder(text)
    words = words_of(trace.tokens, text)
    if not words:
        return [], np.empty((len(trace.hidden), 0, trace.hidden.shape[-1]))
    return [form for form, _ in words], np.stack([trace.hidden[:, at].mean(1) for _, at in words], axis=1)


def unit(vectors: np.ndarray) -> np.ndarray:
    """(..., D) -> the same directions, of length 1."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.divide(vectors, length, out=np.zeros_like(vectors, dtype=np.float64), where=length > 0)


def first_share(vectors: np.ndarray, centred: bool = True) -> float:
    """(N, D) -> 0 to 1: how much of them one direction holds, s1^2 / sum s^2; of how they differ from their mean, or from zero.

    Ethayarajh 2019, section 3.3; the author's own code (kawine/contextual, analyze.py) takes the mean off first.
    """
    power = np.linalg.svd(vectors - vectors.mean(0) if centred else vectors, compute_uv=False) ** 2
    return float(power[0] / power.sum()) if power.sum() else float("nan")


def alike(sentences: Sequence[tuple[list[str], np.ndarray]]) -> dict[str, np.ndarray]:
    """Of texts read by one model, for each layer: "random" (N, K) the cosine of a sentence's words with other words elsewhere,
    "inside" (N, K) that of its words with their mean; for each word that stands in OFTEN sentences: "itself" (M, K) its cosine
    with itself elsewhere, "one" (M, K) what the first direction holds of its variance, less what one
    holds of that of as many random words, and "zero" (M, K) the same reckoned from zero, nothing taken off.
    """
    rng = np.random.default_rng(trial.SEED)
    layers = sentences[0][1].shape[0]
    forms = [form for words, _ in sentences for form in words]
    where = np.repeat(np.arange(len(sentences)), [len(words) for words, _ in sentences])
    every = unit(np.concatenate([vectors for _, vectors in sentences], axis=1).astype(np.float64))  # (K, W, D)
    raw = np.concatenate([vectors for _, vectors in sentences], axis=1).astype(np.float64)
    names = np.array(forms, dtype=object)
    random, inside = [], []
    for number in range(len(sentences)):
        own = np.flatnonzero(where == number)
        cosines = []
        for here in rng.choice(own, PARTNERS):
            there = np.flatnonzero((where != number) & (names != names[here]))
            if len(there):
                cosines.append((every[:, here] * every[:, rng.choice(there)]).sum(-1))
        random.append(np.mean(cosines, axis=0) if cosines else np.full(layers, np.nan))
        centre = unit(raw[:, own].mean(1))
        inside.append((every[:, own] * centre[:, None]).sum(-1).mean(1))
    itself, one, zero = [], [], []
    for form in sorted(set(forms)):
        at = np.flatnonzero(names == form)
        at = at[np.unique(where[at], return_index=True)[1]]  # once a sentence
        if len(at) < OFTEN:
            continue
        of = every[:, at]  # (K, n, D)
        total = of.sum(1)
        itself.append(((total * total).sum(-1) - len(at)) / (len(at) * (len(at) - 1)))
        others = rng.choice(np.flatnonzero(names != form), len(at), replace=len(forms) - len(at) < len(at))
        one.append([first_share(raw[k, at]) - first_share(raw[k, others]) for k in range(layers)])
        zero.append([first_share(raw[k, at], centred=False) for k in range(layers)])
    empty = np.empty((0, layers))
    found = {"random": np.array(random), "inside": np.array(inside), "itself": np.array(itself)}
    found |= {"one": np.array(one), "zero": np.array(zero)}
    found = {name: values.reshape(-1, layers) if len(values) else empty for name, values in found.items()}
    found["random"] = found["random"][~np.isnan(found["random"]).any(1)]
    return found


def work(bench: Bench, rows: Sequence[Row], progress: Progress) -> Outcome:
    found, missing, done = {}, [], 0
    for key in MODELS:
        sentences: list[tuple[list[str], np.ndarray]] = []
        try:
            for (text,) in rows:
                words, vectors = read(bench, key, text)
                done += 1
                progress(0.9 * done / (len(MODELS) * len(rows)), f"{MODELS[key]}: sentence {len(sentences) + 1} of {len(rows)}")
                if words:
                    sentences.append((words, vectors))
        except ExplainError as error:
            if key == "bert":
                raise
            missing.append(f"{MODELS[key]} is left out: {error}")
            continue
        if sentences:
            found[key] = alike(sentences)
        progress(0.9 * done / (len(MODELS) * len(rows)), f"{MODELS[key]}: vectors are compared")
    return outcome(found, rows, tuple(missing))


def outcome(found: dict[str, dict[str, np.ndarray]], rows: Sequence[Row], missing: tuple[str, ...] = ()) -> Outcome:
    """The numbers, from what `alike` gives for each model."""
    bert = found["bert"]
    last = bert["inside"].shape[1] - 1
    number = {"kind": "number"}
    words = {"units": "words"}
    lowest = measured(
        "random words: cosine, lowest of the layers",
        bert["random"][:, 1:],
        of=lambda m: m.min(1),
        paper="0.17 (the author's files)",
        mark=0.168,
        **number,
    )
    static = measured(
        "first direction of a word's variance, most of the layers",
        bert["one"][:, 1:],
        of=lambda m: m.max(1),
        paper="less than 5 %",
        mark=0.05,
        **words,
    )
    zero = measured("the same, reckoned from zero, least of the layers", bert["zero"][:, 1:], of=lambda m: m.min(1), **words)
    final = measured(
        f"random words: cosine after layer {last}",
        bert["random"][:, last],
        paper="0.48 (the author's files)",
        mark=0.477,
        **number,
    )
    fall = measured(
        f"a word with itself: layer {last} minus layer 1", bert["itself"][:, last] - bert["itself"][:, 1], **words, **number
    )
    own = measured(f"a word with itself: cosine after layer {last}", bert["itself"][:, last], **words, **number)
    inside = measured(
        f"a word with its sentence: cosine after layer {last}",
        bert["inside"][:, last],
        paper="0.78 (the author's files)",
        mark=0.776,
        **number,
    )
    parts = [
        Part("in every layer two random words point the same way more than by chance", trial.above(lowest, CLEAR)),
        Part("a word is less like itself after the last layer than after the first", trial.below(fall, -CLEAR)),
        Part("one direction holds less than 5 % of a word's variance", trial.below(static, 0.05)),
    ]
    measures = [static, zero, lowest, final, own, fall, inside]
    if "decoder" in found:
        end = found["decoder"]["random"].shape[1] - 1
        measures.append(
            measured(
                f"decoder, random words: cosine after layer {end}",
                found["decoder"]["random"][:, end],
                paper="almost 1 (GPT-2, last layer)",
                mark=1.0,
                **number,
            )
        )
        parts.append(Part("the decoder's random words are almost perfectly alike at the end", trial.above(measures[-1], 0.9)))
    lines = [
        (key, MODELS[key], layer, what, float(values[:, layer].mean()) if len(values) else float("nan"))
        for key, of in found.items()
        for what, values in of.items()
        for layer in range(values.shape[1])
    ]
    by = pd.DataFrame(lines, columns=["key", "model", "layer", "what", "value"])
    facts = {f"itself_{layer}": float(bert["itself"][:, layer].mean()) for layer in range(last + 1) if len(bert["itself"])}
    facts |= {"words": float(len(bert["itself"])), "last": float(last)}
    return Outcome(tuple(measures), tuple(parts), pd.DataFrame(rows, columns=["sentence"]), by, facts, missing)


def course(values: Sequence[float]) -> str:
    """How numbers go from layer to layer, differences below CLEAR left out: "falls", "falls, then rises", "stays as it is" ..."""
    turns: list[str] = []
    edge = values[0]
    for _, now in pairwise(values):
        if abs(now - edge) < CLEAR:
            continue
        way = "rises" if now > edge else "falls"
        edge = now
        if not turns or turns[-1] != way:
            turns.append(way)
    if not turns:
        return "stays as it is"
    return ", then ".join(turns) if len(turns) < 4 else "rises and falls several times"


def why(found: Outcome, spec: ModelSpec) -> list[Sentence]:
    said = []
    last = int(found.facts["last"])
    if found.facts["words"]:
        path = [found.facts[f"itself_{layer}"] for layer in range(last + 1)]
        said.append(
            say(
                "What the numbers say: from the input to layer {last} the likeness of a word with itself {course}: {path}. "
                "The last layer of a masked-word model has to give the hidden word back.",
                last=last,
                course=course(path),
                path=", ".join(signed(value) for value in path),
            )
        )
        said.append(
            say(
                "What is measured: variance is reckoned from a word's mean, as the author's code does. From zero, one "
                "fixed vector holds {zero} or more of a word in every layer: the first direction of two different things.",
                zero=share(found.measures[1].value),
            )
        )
        said.append(
            say(
                "How often a word stands there: {n} in at least {often} sentences. With so few, one "
                "direction holds much of any variance; so what it holds of as many random words is taken off.",
                n=many(int(found.facts["words"]), "word"),
                often=OFTEN,
            )
        )
    else:
        said.append(say("No word stands in {often} of the sentences, so no word can be compared with itself.", often=OFTEN))
    said.append(
        say("Models: the paper's decoder is GPT-2 and its ELMo has two layers of 1,024 numbers; those here are small ones.")
    )
    return said


TRIAL = Trial(
    "cone",
    (Column("sentence", "Sentence", "", 780),),
    builtin,
    faults,
    work,
    lambda spec, rows: 4 * rows,
    why,
    code=(alike, first_share, outcome, trial.interval),
)
