"""Feature-based use: which of a trace's hidden states to take as a token's vector, and files to take them away in.

BERT need not be trained on for a task: its vectors can be handed to any other model. Devlin et al. 2019, section 5.3,
compare which layers to take. T tokens, H hidden size, L layers, D numbers of a read-out (H, or 4 H where four are
joined).
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.kernel import readings, text
from bert_explain.kernel.readings import signed
from bert_explain.trace import Trace

LAST = 4  # layers that the paper sums or joins


@dataclass(frozen=True)
class ReadOut:
    """One way to take a vector for each token. `paper`: its row in the paper's Table 7; `f1`: the score there.

    least : layers from which on it is what its name says.
    """

    name: str
    about: str
    paper: str
    f1: float | None  # F1 on the development set of CoNLL-2003 named entities, BERT-base
    least: int = 1


READ_OUTS = (
    ReadOut("last layer", "the output of the last layer, what the heads read", "Last Hidden", 94.9),
    ReadOut(
        "second to last",
        "the output of the layer before it, less bent to the training task",
        "Second-to-Last Hidden",
        95.6,
        least=2,
    ),
    ReadOut("last four summed", "the outputs of the last four layers, added", "Weighted Sum Last Four Hidden", 95.9, LAST),
    ReadOut("last four joined", "the outputs of the last four layers, side by side", "Concat Last Four Hidden", 96.1, LAST),
    ReadOut("all layers summed", "the outputs of all layers, added", "Weighted Sum All 12 Layers", 95.5),
    ReadOut("input", "the summed and normalised embeddings: no layer has read the sentence", "Embeddings", 91.0),
    ReadOut("chosen layer", "the layer chosen above", "", None),
)
NAMES = tuple(way.name for way in READ_OUTS)


def read_out(trace: Trace, name: str, layer: int) -> np.ndarray:
    """Every token's vector, (T, D) float32. `layer` counts for "chosen layer" only. Raises KeyError for other names.

    The paper weighs the layers it sums, with weights learned for the task; here each counts the same. A model with
    fewer than four layers gives those it has.
    """
    outputs = trace.hidden[1:]  # (L, T, H)
    ways = {
        "last layer": lambda: trace.hidden[-1],
        "second to last": lambda: trace.hidden[-2],
        "last four summed": lambda: outputs[-LAST:].sum(axis=0),
        "last four joined": lambda: np.concatenate(list(outputs[-LAST:]), axis=-1),  # oldest first: (T, 4 H)
        "all layers summed": lambda: outputs.sum(axis=0),
        "input": lambda: trace.hidden[0],
        "chosen layer": lambda: trace.hidden[layer],
    }
    return ways[name]()


def _about(way: ReadOut, layers: int) -> str:
    """What it takes, of a model of so many layers."""
    if layers >= way.least:
        return way.about
    if way.name == "second to last":
        return "what goes into the one layer, the summed and normalised embeddings"
    if layers == 1:
        return "the output of the one layer"
    return way.about.replace("the last four", f"all {layers}")


def paper_table() -> pd.DataFrame:
    """Devlin et al. 2019, Table 7: named entities found from fixed vectors of BERT-base, and from BERT trained on."""
    rows = [(way.paper, way.f1) for way in READ_OUTS if way.f1 is not None]
    rows = sorted(rows, key=lambda row: row[1])
    return pd.DataFrame([*rows, ("BERT-base, fine-tuned", 96.4)], columns=["vectors taken", "F1, development set"])


def vectors_table(trace: Trace, vectors: np.ndarray) -> pd.DataFrame:
    """token, position, segment and the D numbers of each token: what the CSV holds."""
    head = pd.DataFrame([(t.text, t.position, t.segment) for t in trace.tokens], columns=["token", "position", "segment"])
    return pd.concat([head, pd.DataFrame(vectors, columns=[f"d{i}" for i in range(vectors.shape[1])])], axis=1)


def csv(trace: Trace, vectors: np.ndarray) -> bytes:
    """The table as CSV, UTF-8, no cell a formula; numbers are written so that reading them gives the same float32."""
    return text.csv(vectors_table(trace, vectors))


def npz(trace: Trace, vectors: np.ndarray, attention: bool = False) -> bytes:
    """Arrays for numpy.load, compressed, nothing pickled.

    vectors (T, D), hidden (L + 1, T, H), tokens (T,) text, ids, positions, segments (T,) int, text_a, text_b; pooled
    (H,) where the model has a pooler; with `attention`, attention (L, A, T, T).
    """
    arrays = {
        "vectors": vectors,
        "hidden": trace.hidden,
        "tokens": np.array(trace.pieces, dtype=str),
        "ids": np.array([t.id for t in trace.tokens]),
        "positions": np.array([t.position for t in trace.tokens]),
        "segments": np.array([t.segment for t in trace.tokens]),
        "text_a": np.array(trace.query.text_a),
        "text_b": np.array(trace.query.text_b),
    }
    if trace.pooled is not None:
        arrays["pooled"] = trace.pooled
    if attention:
        arrays["attention"] = trace.attention
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


def as_text(vector: np.ndarray) -> str:
    """One vector as a list that Python, R (in c(...)) and JSON can read; six significant digits."""
    return "[" + ", ".join(f"{value:.6g}" for value in vector) + "]"


def look(trace: Trace, name: str, vectors: np.ndarray, position: int) -> Sentence:
    """What the chosen read-out gives: its size, and the chosen token's vector in a few numbers."""
    vector = vectors[position].astype(np.float64)
    top = readings.best(np.abs(vector), least=0.01)
    way = next(way for way in READ_OUTS if way.name == name)
    return say(
        "You take {about}: {tokens}, {size} numbers each. The vector of {token} has the length {length:.1f}; "
        "{strongest} of its numbers is {value}, in dimension {dimension}.",
        about=_about(way, trace.hidden.shape[0] - 1),
        tokens=readings.many(len(vectors), "token"),
        size=vectors.shape[1],
        token=Piece(trace.pieces[position]),
        length=float(np.linalg.norm(vector)),
        dimension=top.index,
        value=signed(vector[top.index]),
        strongest=readings.called(top, "strongest"),
    ).because(top)
