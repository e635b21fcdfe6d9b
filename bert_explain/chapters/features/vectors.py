"""The vectors that the regression is given: BERT's and the decoder's, layer by layer, ELMo's, averages of static ones.

N texts, L layers, H hidden size, F numbers of a vector. Every function gives one row a text (a word, for names), in the
order of `texts_of`; what takes long is made once for a model and a task, and kept by bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import cache
from typing import Any

import numpy as np

from bert_explain.core.store import MEGABYTE
from bert_explain.core.tokens import Token, first_pieces, lay_out
from bert_explain.core.trace_elmo import MOST_WORDS, split
from bert_explain.engines.cache import TRACES, TooLarge
from bert_explain.kernel.overlap import words
from bert_explain.kernel.tasks import Example, Task, Tokens
from bert_explain.models import batches
from bert_explain.models.batches import POOLINGS, SUMMED
from bert_explain.models.elmo import Elmo
from bert_explain.models.encoder import Encoder
from bert_explain.models.vectors import Vectors
from bert_explain.query import Query

SEEDS = (0, 1, 2, 3, 4)
COUNTS = (20, 50, 100, 200, 400)
PART = 0.9  # of the training split that is drawn at most, so that no two draws are the same
TOKENS = 4096  # of a batch of texts, divided by the model's layers: progress is told, and a cancel heard, often enough

Progress = Callable[..., None]  # progress(share from 0 to 1, text)


def drawn(task: Task, count: int, seed: int) -> list[int]:
    """Which training examples a seed draws; at most PART of all."""
    return [int(i) for i in task.order(seed)[: shown(task, count)]]


def shown(task: Task, count: int) -> int:
    """How many examples are really drawn where `count` are asked for."""
    return min(count, max(1, round(PART * len(task.train))))


@cache
def pool(task: Task) -> tuple[int, ...]:
    """The training examples that any draw of any count has, in their order."""
    return tuple(sorted({i for seed in SEEDS for i in drawn(task, COUNTS[-1], seed)}))


def texts_of(task: Task) -> list[Example]:
    """The examples that vectors are made of: `pool`, then the test split."""
    return [*(task.train[i] for i in pool(task)), *task.test]


def rows_of(task: Task, count: int, seed: int) -> tuple[list[int], list[int]]:
    """The rows of a draw's examples, and of the test split, among `texts_of`."""
    place = {i: row for row, i in enumerate(pool(task))}
    return [place[i] for i in drawn(task, count, seed)], list(range(len(place), len(place) + len(task.test)))


def read(model: Encoder, examples: Sequence[Example]) -> list[tuple[Token, ...]]:
    """The tokens of each example, as everywhere in the app."""
    return [lay_out(model.spec, model.wordpiece, Query(*e.inputs))[0] for e in examples]


def ways(n_layers: int) -> list[str]:
    """The ways to take a token's vector, in the order of `of_texts`, with the joined one at the end."""
    last = min(SUMMED, n_layers)
    return [*layers(n_layers), f"last {last} summed", f"all {n_layers} summed", f"last {last} joined"]


def layers(n_layers: int) -> list[str]:
    """The input and each layer."""
    return ["input", *(f"layer {i + 1}" for i in range(n_layers))]


def of_texts(model: Encoder, task: Task, progress: Progress = lambda *_: None) -> np.ndarray:
    """(3, L + 3, N, H): see `batches.text_vectors`; read-only. Raises TooLarge."""
    examples = texts_of(task)
    size = 4 * len(POOLINGS) * (model.n_layers + 3) * len(examples) * model.hidden_size
    _fits(model.title, task, size)

    def make() -> np.ndarray:
        told = _told(progress, f"{model.title} reads the texts")
        return _fixed(batches.text_vectors(model, read(model, examples), told, TOKENS // max(1, model.n_layers)))

    return TRACES.get(("features", model.spec.reads_as, identity(task)), make, size)


def way(values: np.ndarray, pooling: str, name: str) -> np.ndarray:
    """(N, F): one way to take the vectors of `of_texts`. Raises ValueError for a name that is none of them."""
    n_layers = values.shape[1] - 3
    at = ways(n_layers).index(name)
    each = values[POOLINGS.index(pooling)]
    if at < n_layers + 3:
        return each[at]
    return np.concatenate(list(each[max(1, n_layers + 1 - SUMMED) : n_layers + 1]), axis=-1)


def of_words(model: Encoder, task: Task, progress: Progress = lambda *_: None) -> np.ndarray:
    """(L + 1, W, H): the first piece of every word of every text; zeros for a word that was cut off. Raises TooLarge."""
    examples = [e for e in texts_of(task) if isinstance(e, Tokens)]
    size = 4 * (model.n_layers + 1) * sum(len(e.tags) for e in examples) * model.hidden_size
    _fits(model.title, task, size)

    def make() -> np.ndarray:
        rows = read(model, examples)
        places = [first_pieces(tokens, e.spans) for tokens, e in zip(rows, examples, strict=True)]
        told = _told(progress, f"{model.title} reads the sentences")
        return _fixed(batches.token_vectors(model, rows, places, told, TOKENS // max(1, model.n_layers)))

    return TRACES.get(("features", model.spec.reads_as, identity(task)), make, size)


def of_elmo(model: Elmo, task: Task, progress: Progress = lambda *_: None) -> np.ndarray:
    """(L + 1, N, 2 P) of ELMo's layers: the mean over a text's words; a pair's two, and how far they differ, side by side."""
    examples = texts_of(task)
    texts = [text for e in examples for text in e.inputs]
    size = 4 * (model.n_layers + 1) * len(texts) * model.size * (3 if len(texts) > len(examples) else 1)
    _fits(model.title, task, size)

    def make() -> np.ndarray:
        rows = [[word.text for word in split(text)[:MOST_WORDS]] for text in texts]
        told = _told(progress, f"{model.title} reads the texts")
        found = batches.elmo_vectors(model, rows, [range(len(row)) for row in rows], told)
        return _fixed(np.stack([_joined(np.nan_to_num(layer), examples) for layer in found]))

    return TRACES.get(("features", model.spec.reads_as, identity(task)), make, size)


def of_table(table: Vectors, task: Task) -> np.ndarray:
    """(N, F): the mean of the vectors of the words that the table has; zeros where it has none of them."""
    examples = texts_of(task)
    means = np.zeros((sum(len(e.inputs) for e in examples), table.width), dtype=np.float32)
    for row, text in enumerate(text for e in examples for text in e.inputs):
        known = [i for i in map(table.index, words(text)) if i is not None]
        if known:
            means[row] = np.asarray(table.keyed.vectors[known], dtype=np.float32).mean(axis=0)
    return _joined(means, examples)


def _joined(rows: np.ndarray, examples: Sequence[Example]) -> np.ndarray:
    """One row an example. A pair is read text by text here: a, b and |a - b| stand side by side."""
    if len(rows) == len(examples):
        return rows
    a, b = rows[::2], rows[1::2]
    return np.concatenate([a, b, np.abs(a - b)], axis=-1)


def identity(task: Task) -> Hashable:
    """What tells a task from another one: its name, and its texts where it is no folder's."""
    return task.name, len(task.train), len(task.test)


def _fits(title: str, task: Task, size: int) -> None:
    if size > TRACES.limit:
        raise TooLarge(
            f"The vectors of {title} for “{task.title}” take {size / MEGABYTE:,.0f} MB, and this server keeps "
            f"{TRACES.limit / MEGABYTE:,.0f} MB. Choose another task, or a smaller model."
        )


def _told(progress: Progress, what: str) -> Callable[[int, int], None]:
    return lambda done, of: progress(done / of, what)


def _fixed(array: Any) -> np.ndarray:
    array.flags.writeable = False
    return array
