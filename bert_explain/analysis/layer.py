"""One layer after its heads: joined, projected, added, normalised, through the feed-forward network, added, normalised.

Vaswani et al. 2017, sections 3.1 and 3.3; LayerNorm: Ba et al. 2016, eq. 4; GELU: Hendrycks & Gimpel 2016.
T tokens, H hidden size, A heads, d = H / A, F feed-forward size. Everything here is about one token: `place` is its row
in the LayerStep, which may hold only some of the tokens. Dimensions and neurons count from 0, heads from 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bert_explain.analysis.remember import Memory
from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.core.trace import NormWeights
from bert_explain.kernel import readings
from bert_explain.trace import LayerStep, Trace

NEARLY = 0.8  # a cosine above which two vectors are said to point nearly the same way

# Every stage of a layer: its field in LayerStep, its name on the page, and how it comes from the ones before.
STAGES = {
    "input": ("input", "what the layer reads"),
    "joined": ("heads joined", "the heads' outputs, side by side"),
    "projected": ("projected", "joined x W + b: the heads' numbers mixed"),
    "attended": ("first sum", "input + projected: the first residual"),
    "attended_normalised": ("LayerNorm", "to mean 0 and spread 1, then scaled and shifted"),
    "expanded": ("expanded", "GELU(x W + b): the neurons of the feed-forward network"),
    "contracted": ("contracted", "expanded x W + b: back to the hidden size"),
    "total": ("second sum", "LayerNorm + contracted: the second residual"),
    "output": ("output", "LayerNorm again: what the next layer reads"),
}


@dataclass(frozen=True)
class Norm:
    """LayerNorm of one vector, in numbers: (x - mean) / spread x scale + shift."""

    mean: float
    spread: float  # sqrt(variance + eps)
    scale: np.ndarray  # (H,) learned
    shift: np.ndarray  # (H,) learned
    result: np.ndarray  # (H,)


def layer_norm(x: np.ndarray, norm: NormWeights) -> Norm:
    """Redo LayerNorm on one vector (H,) with the model's own numbers."""
    x = x.astype(np.float64)
    scale, shift = norm.weight.astype(np.float64), norm.bias.astype(np.float64)
    mean, spread = float(x.mean()), float(np.sqrt(x.var() + norm.eps))
    return Norm(mean, spread, scale, shift, (x - mean) / spread * scale + shift)


def stages(step: LayerStep, place: int) -> pd.DataFrame:
    """One line a stage: how many numbers, their length, mean, spread, smallest and largest, for one token."""
    lines = []
    for field, (name, how) in STAGES.items():
        x = getattr(step, field)[place].astype(np.float64)
        length = float(np.linalg.norm(x))
        lines.append((name, how, x.size, length, x.mean(), x.std(), x.min(), x.max()))
    columns = ["stage", "how", "numbers", "length", "mean", "spread", "smallest", "largest"]
    return pd.DataFrame(lines, columns=columns)


def written(trace: Trace, step: LayerStep, place: int) -> np.ndarray:
    """What each head adds to the projected vector of one token, (A, H). With the projection's bias they add up to it.

    The output projection is a sum over heads: joined x W = sum over h of mixed_h x W_h (Elhage et al. 2021).
    """
    heads, size = trace.spec.n_heads, trace.spec.head_size
    weight = trace.engine.weights(step.layer).project.astype(np.float64)  # (H, H): out, in
    mixed = step.joined[place].astype(np.float64).reshape(heads, size)  # (H,) -> (A, d)
    return np.einsum("ad,had->ah", mixed, weight.reshape(-1, heads, size))  # (A, d) x (H, A, d) -> (A, H)


def heads_table(trace: Trace, step: LayerStep, place: int) -> pd.DataFrame:
    """One line a head: length of its output, length of what it writes after the projection, its share; is it off?

    `share` is the part of the heads' sum that points along it, so the shares add up to 1; one can be below 0.
    """
    parts = written(trace, step, place)
    total = parts.sum(axis=0)
    square = float(total @ total)
    mixed = step.joined[place].astype(np.float64).reshape(trace.spec.n_heads, -1)
    off = {head for at, head in trace.query.heads_off if at == step.layer}
    return pd.DataFrame(
        {
            "head": np.arange(1, len(parts) + 1),
            "length of output": np.linalg.norm(mixed, axis=1),
            "length after projection": np.linalg.norm(parts, axis=1),
            "share": parts @ total / square if square else np.zeros(len(parts)),
            "switched off": [head in off for head in range(len(parts))],
        }
    )


def dimension_table(trace: Trace, step: LayerStep, place: int, dimension: int) -> pd.DataFrame:
    """One dimension followed through the layer: its value at every stage, and the sum that makes it, in numbers."""
    layer, size = trace.engine.weights(step.layer), trace.spec.head_size
    at = {field: float(getattr(step, field)[place][dimension]) for field in STAGES if field != "expanded"}
    neurons = step.expanded[place]
    parts = written(trace, step, place)[:, dimension]
    bias = float(layer.project_bias[dimension])
    most = int(np.abs(parts).argmax())
    weights = layer.contract[dimension].astype(np.float64) * neurons  # (F,)
    neuron = int(np.abs(weights).argmax())
    how = {
        "input": "read from the layer before" if step.layer else "read from the embeddings",
        "joined": f"dimension {dimension % size} of head {dimension // size + 1}; the projection mixes it with all",
        "projected": f"sum of the heads {parts.sum():.3f} (largest: {parts[most]:.3f}, head {most + 1}) + bias {bias:.3f}",
        "attended": f"{at['input']:.3f} + {at['projected']:.3f}",
        "attended_normalised": _normed(step.attended[place], layer.attention_norm, dimension),
        "expanded": f"{neurons.size} neurons read all {at_size(step)} numbers; {int((neurons > 0).sum())} are above 0",
        "contracted": f"sum of the neurons {weights.sum():.3f} (largest: {weights[neuron]:.3f}, neuron {neuron}) "
        f"+ bias {float(layer.contract_bias[dimension]):.3f}",
        "total": f"{at['attended_normalised']:.3f} + {at['contracted']:.3f}",
        "output": _normed(step.total[place], layer.output_norm, dimension),
    }
    lines = [(name, at.get(field, np.nan), how[field]) for field, (name, _) in STAGES.items()]
    return pd.DataFrame(lines, columns=["stage", "value", "how"])


def shares(trace: Trace, position: int) -> pd.DataFrame:
    """One line a layer, for one token: how long what is added is, beside what it is added to.

    attention = |projected| / |input|, feed-forward = |contracted| / |LayerNorm(input + projected)|; `kept` is the
    cosine between the layer's input and its output.
    """
    kept: pd.DataFrame | None = _SHARES.get(trace, position)
    if kept is not None:
        return kept
    lines = []
    for layer in range(trace.spec.n_layers):
        step = trace.layer(layer, positions=[position])
        x, added, after, fed, out = (
            getattr(step, name)[0].astype(np.float64)
            for name in ("input", "projected", "attended_normalised", "contracted", "output")
        )
        lengths = [float(np.linalg.norm(v)) for v in (x, added, after, fed)]
        ratios = (_ratio(lengths[1], lengths[0]), _ratio(lengths[3], lengths[2]))
        lines.append((layer + 1, *lengths, *ratios, cosine(x, out)))
    columns = ["layer", "input", "attention adds", "before feed-forward", "feed-forward adds"]
    made = pd.DataFrame(lines, columns=[*columns, "attention", "feed-forward", "kept"])
    _SHARES.put(trace, made, position)
    return made


_SHARES = Memory()  # a pass through every layer


def cosine(x: np.ndarray, y: np.ndarray) -> float:
    """Cosine of two vectors; 0 when one of them is all zeros."""
    return _ratio(float(x.astype(np.float64) @ y.astype(np.float64)), float(np.linalg.norm(x)) * float(np.linalg.norm(y)))


def neurons_table(step: LayerStep, place: int) -> pd.DataFrame:
    """One line a neuron, the strongest first: its number and its answer after GELU."""
    neurons = step.expanded[place].astype(np.float64)
    table = pd.DataFrame({"neuron": np.arange(neurons.size), "answer": neurons})
    return table.sort_values("answer", ascending=False, kind="stable").reset_index(drop=True)


def largest_change(step: LayerStep, place: int) -> int:
    """Which of the H numbers differs most between the layer's input and its output."""
    return int(np.abs(step.output[place] - step.input[place]).argmax())


def look_heads(table: pd.DataFrame) -> Sentence:
    """What to look for in the heads' outputs: the longest and the shortest that is switched on."""
    on = table[~table["switched off"]]
    if on.empty:
        return say("Every head of this layer is switched off: all these numbers are 0.")
    sizes = on["length of output"]
    longest, shortest = readings.best(sizes, least=0.01), readings.best(sizes, least=0.01, lowest=True)
    off = len(table) - len(on)
    tail = f" {off} head{'s are' if off > 1 else ' is'} switched off: only zeros." if off else ""
    known = {
        "long": int(on["head"].iloc[longest.index]),
        "most": longest.value,
        "short": int(on["head"].iloc[shortest.index]),
        "least": shortest.value,
        "tail": tail,
    }
    if longest.many == 1:
        return say("Head {long} alone is on: it puts out a vector {most:.2f} long.{tail}", **known)
    first = "head {long} puts out " + ("the longest vector" if longest.leads else "one of the longest vectors") + ", {most:.2f}"
    last = ("the shortest" if shortest.leads else "one of the shortest") + ", {least:.2f}"
    return say(f"Look for the bold colours: {first}; head {{short}} {last}.{{tail}}", **known).because(longest, shortest)


def look_attention(trace: Trace, step: LayerStep, place: int, piece: str) -> Sentence:
    """What to look for from the heads to the first LayerNorm: which head writes most, how little the token turns."""
    table = heads_table(trace, step, place)
    if not table["length of output"].any():
        return say("Every head of this layer gives zeros: only the projection's bias is added to {token}.", token=Piece(piece))
    x, added = step.input[place], step.projected[place]
    kept = cosine(x, step.attended[place])
    effect = "The sum still points nearly where the input did" if kept > NEARLY else "It turns the token"
    top = readings.best(table["length after projection"], least=0.01)
    part = float(table["share"].iloc[top.index])
    if top.many == 1:
        who = "It comes from the only head"
    elif top.leads and part >= readings.MOSTLY:
        who = "Head {head} writes most of it, {part}"
    elif top.leads:
        who = "Head {head} writes the longest part of it"
    else:
        who = "No head writes much more of it than the next"
    return say(
        "Look at what is added to {token}: a vector {added:.1f} long to one {length:.1f} long. " + who + ". {effect}: the "
        "cosine of sum and input is {kept}.",
        token=Piece(piece),
        added=float(np.linalg.norm(added)),
        length=float(np.linalg.norm(x)),
        head=top.index + 1,
        part=readings.share(part),
        effect=effect,
        kept=readings.signed(kept),
    ).because(top)


def look_feed_forward(step: LayerStep, place: int, piece: str) -> Sentence:
    """What to look for in the feed-forward network: how many neurons answer, and which most."""
    neurons = step.expanded[place]
    active, top = int((neurons > 0).sum()), readings.best(neurons, least=0.01)
    known = {
        "count": readings.many(neurons.size, "neuron"),
        "verb": "answers" if active == 1 else "answer",
        "active": active,
        "token": Piece(piece),
        "best": top.index,
        "value": top.value,
    }
    if not active:
        return say("Of {count} none answers to {token} with a number above 0.", **known)
    template = "Look for the bold spots: of {count} {active} {verb} to {token} with a number above 0, "
    template += "and neuron {best} most, with {value:.2f}." if top.leads else "neuron {best}, with {value:.2f}, among others."
    return say(template, **known).because(top)


def look_dimension(table: pd.DataFrame, dimension: int) -> Sentence:
    """What to look for in one number's way: where it came from, and which stage moved it most."""
    value = table.set_index("stage")["value"]
    attention, fed = float(value["projected"]), float(value["contracted"])
    top = readings.best([abs(attention), abs(fed)], least=0.001)
    most, which = ((attention, "attention"), (fed, "the feed-forward network"))[top.index]
    template = "Follow dimension {number} down: it comes in as {start} and goes out as {end}. "
    if top.leads:
        template += "The larger of the two additions, {most}, is that of {which}."
    else:
        template += "Attention adds {attention}, the feed-forward network {fed}: about as much."
    return say(
        template,
        number=dimension,
        start=readings.signed(float(value["input"]), 3),
        end=readings.signed(float(value["output"]), 3),
        most=readings.signed(most, 3),
        which=which,
        attention=readings.signed(attention, 3),
        fed=readings.signed(fed, 3),
    ).because(top)


def look_shares(table: pd.DataFrame, piece: str) -> Sentence:
    """What to look for in the layers' shares: where attention adds most, and where the feed-forward network does."""
    attention, fed = (readings.best(table[name], least=0.01) for name in ("attention", "feed-forward"))
    known = {
        "token": Piece(piece),
        "layer": int(table["layer"].iloc[attention.index]),
        "attention": readings.share(attention.value),
        "other": int(table["layer"].iloc[fed.index]),
        "fed": readings.share(fed.value),
    }
    if attention.many == 1:
        return say("There is one layer: attention adds {attention} to {token}, the feed-forward network {fed}.", **known)
    if attention.leads:
        template = "Look at layer {layer}: there attention adds most to {token}, {attention} of its length. "
    else:
        template = "No layer stands out in what attention adds to {token}: {attention} of its length in layer {layer}. "
    if fed.leads:
        template += "The feed-forward network adds most in layer {other}, {fed}."
    else:
        template += "The feed-forward network adds {fed} in layer {other}, and about as much elsewhere."
    return say(template, **known).because(attention, fed)


def at_size(step: LayerStep) -> int:
    """H, the hidden size."""
    return step.input.shape[1]


def _normed(x: np.ndarray, norm: NormWeights, dimension: int) -> str:
    n = layer_norm(x, norm)
    return (
        f"({x[dimension]:.3f} - mean {n.mean:.3f}) / spread {n.spread:.3f} "
        f"x scale {n.scale[dimension]:.3f} + shift {n.shift[dimension]:.3f}"
    )


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
