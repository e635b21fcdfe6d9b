"""How many trained numbers a Transformer has, counted from its sizes part by part, beside what its weights hold.

L layers, A heads, H hidden size, F feed-forward size, V vocabulary, P positions, S segments, N decoder layers.
Sources: Vaswani et al. 2017, sections 3.1 to 3.5 and table 3; Radford et al. 2018, section 4.1; Devlin et al. 2019,
section 3. Their sizes stand in SIZES; nothing else about these models is known to this file.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import pandas as pd

from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.kernel.readings import many
from bert_explain.kernel.readings import share as in_percent
from bert_explain.models.encoder import Encoder
from bert_explain.models.parameters import PARTS, parameter_counts, sizes
from bert_explain.trace import Trace

GROUP = {
    "token table": "embeddings",
    "position table": "embeddings",
    "segment table": "embeddings",
    "widening": "embeddings",
    "attention": "attention",
    "feed-forward": "feed-forward",
    "LayerNorm": "LayerNorm",
    "pooler": "pooler",
    "masked-word head": "heads",
    "next-sentence head": "heads",
    "replaced-word head": "heads",
}
GROUPS = tuple(dict.fromkeys(GROUP.values()))
BYTES = 4  # of one number in float32


@dataclass(frozen=True)
class Sizes:
    """What decides how many numbers a model has. The defaults are BERT's habits."""

    layers: int
    heads: int
    hidden: int
    feed_forward: int
    vocabulary: int
    positions: int = 512  # 0: positions are computed (sines), not learned
    segments: int = 2
    decoder_layers: int = 0  # each with a second attention, over what the encoder made
    attention_bias: bool = True
    embedding_norm: bool = True
    pooler: bool = True
    mlm: bool = True
    nsp: bool = True
    embedding: int = 0  # E, numbers of a row of the tables; 0: as many as the hidden size
    replaced: bool = False  # a head that tells replaced words, as ELECTRA's discriminator has


_plain = partial(Sizes, segments=0, embedding_norm=False, pooler=False, mlm=False, nsp=False)
# The paper writes attention without biases, the feed-forward part with.
_paper = partial(_plain, positions=0, attention_bias=False, decoder_layers=6)

SIZES = {
    "BERT-base": Sizes(12, 12, 768, 3072, 30522),
    "BERT-large": Sizes(24, 16, 1024, 4096, 30522),
    "GPT-1": _plain(12, 12, 768, 3072, 40478),
    "Transformer base": _paper(6, 8, 512, 2048, 37000),
    "Transformer big": _paper(6, 16, 1024, 4096, 37000),
}


def of(model: Encoder) -> Sizes:
    """The loaded model's sizes."""
    return Sizes(**sizes(model))


def count(s: Sizes) -> pd.DataFrame:
    """One row a part that the model has: part, group, formula, with its numbers, parameters.

    Biases and LayerNorm's two rows (scale and shift) are in it. The matrix that turns a vector back into logits is the
    token table used again: it adds nothing.
    """
    h, f = f"{s.hidden:,}", f"{s.feed_forward:,}"
    size = s.embedding or s.hidden
    e, letter = f"{size:,}", "H" if size == s.hidden else "E"
    attentions, layers = s.layers + 2 * s.decoder_layers, s.layers + s.decoder_layers
    norms = 2 * s.layers + 3 * s.decoder_layers + s.embedding_norm
    how = {True: ("(H·H + H)", f"({h}·{h} + {h})"), False: ("H·H", f"{h}·{h}")}[s.attention_bias]
    many = ("(L + 2N)", "(L + N)", "(2L + 3N)") if s.decoder_layers else ("L", "L", "(2L + 1)" if s.embedding_norm else "2L")
    rows = {
        "token table": (f"V·{letter}", f"{s.vocabulary:,}·{e}", s.vocabulary * size),
        "position table": (f"P·{letter}", f"{s.positions:,}·{e}", s.positions * size),
        "segment table": (f"S·{letter}", f"{s.segments}·{e}", s.segments * size),
        "widening": ("E·H + H", f"{e}·{h} + {h}", (size != s.hidden) * (size * s.hidden + s.hidden)),
        "attention": (
            f"{many[0]} · 4·{how[0]}",
            f"{attentions} · 4·{how[1]}",
            attentions * 4 * (s.hidden**2 + s.attention_bias * s.hidden),
        ),
        "feed-forward": (
            f"{many[1]} · (H·F + F + F·H + H)",
            f"{layers} · ({h}·{f} + {f} + {f}·{h} + {h})",
            layers * (2 * s.hidden * s.feed_forward + s.feed_forward + s.hidden),
        ),
        "LayerNorm": (
            (f"{many[2]} · 2·H", f"{norms} · 2·{h}", norms * 2 * s.hidden)
            if size == s.hidden or not s.embedding_norm
            else ("2L · 2·H + 2·E", f"{norms - 1} · 2·{h} + 2·{e}", (norms - 1) * 2 * s.hidden + 2 * size)
        ),
        "pooler": ("H·H + H", f"{h}·{h} + {h}", s.pooler * (s.hidden**2 + s.hidden)),
        "masked-word head": (
            f"H·{letter} + {letter} + 2·{letter} + V",
            f"{h}·{e} + {e} + 2·{e} + {s.vocabulary:,}",
            s.mlm * (s.hidden * size + 3 * size + s.vocabulary),
        ),
        "next-sentence head": ("2·H + 2", f"2·{h} + 2", s.nsp * (2 * s.hidden + 2)),
        "replaced-word head": ("H·H + H + H + 1", f"{h}·{h} + {h} + {h} + 1", s.replaced * (s.hidden**2 + 2 * s.hidden + 1)),
    }
    found = [(part, GROUP[part], *row) for part, row in rows.items() if row[2]]
    return pd.DataFrame(found, columns=["part", "group", "formula", "with numbers", "parameters"])


def total(s: Sizes) -> int:
    """All trained numbers of a model of these sizes."""
    return int(count(s)["parameters"].sum())


def by_group(models: dict[str, Sizes]) -> pd.DataFrame:
    """One row a model and group: model, group, parameters, share of the model."""
    rows = []
    for name, s in models.items():
        sums = count(s).groupby("group")["parameters"].sum().reindex(GROUPS, fill_value=0)
        rows += [(name, group, int(n), n / sums.sum()) for group, n in sums.items()]
    return pd.DataFrame(rows, columns=["model", "group", "parameters", "share"])


def checked(model: Encoder) -> pd.DataFrame:
    """The formula beside the loaded weights: part, formula, with numbers, from the formula, from the weights, equal."""
    table = count(of(model)).set_index("part").reindex(PARTS)
    weights = pd.Series(parameter_counts(model))
    table["from the formula"] = table.pop("parameters").fillna(0).astype(int)
    table["from the weights"] = weights
    table = table[(table["from the formula"] > 0) | (table["from the weights"] > 0)].drop(columns="group")
    table["equal"] = table["from the formula"] == table["from the weights"]
    return table.reset_index(names="part")


def problem(s: Sizes) -> str:
    """What would stop such a model from being built; '' when nothing would."""
    if s.hidden % s.heads:
        near = [n for n in range(1, s.hidden + 1) if s.hidden % n == 0]
        best = min(near, key=lambda n: abs(n - s.heads))
        return (
            f"{s.heads} heads cannot share {s.hidden:,} numbers evenly: each head takes a slice of H / A of them. "
            f"{many(best, 'head')} could. The count below is the same: heads cut the matrices up and add no numbers."
        )
    return ""


# what to look for
def look_sizes(name: str, s: Sizes) -> Sentence:
    """Which part of a model holds most of its numbers."""
    table = by_group({name: s}).set_index("group")
    share = table["share"]
    most = share.idxmax()
    other = "attention" if most != "attention" else share.drop("attention").idxmax()
    return say(
        "Look at {name}: of its {total:,} numbers, {share} are in {most} and {less} in {other}.",
        name=name,
        total=int(table["parameters"].sum()),
        share=in_percent(share[most]),
        most=_part(most),
        less=in_percent(share[other]),
        other=_part(other),
    )


def _part(group: str) -> str:
    return {"embeddings": "the embedding tables", "feed-forward": "the feed-forward networks"}.get(group, f"the {group}")


def look_own(s: Sizes) -> Sentence:
    """What the sizes in the editor come to, and what one more layer and a double width would cost."""
    now = total(s)
    return say(
        "These sizes make {now:,} numbers, {bytes} of memory. One more layer adds {layer:,}. Twice the hidden and "
        "feed-forward size makes it {times:.1f} times as large.",
        now=now,
        bytes=memory(now),
        layer=total(replace(s, layers=s.layers + 1)) - now,
        times=total(replace(s, hidden=2 * s.hidden, feed_forward=2 * s.feed_forward)) / now,
    )


def look_checked(title: str, table: pd.DataFrame) -> Sentence:
    """Whether the formula gives what the weights hold."""
    said = {"title": Piece(title), "weights": int(table["from the weights"].sum()), "parts": len(table)}
    if table["equal"].all():
        whole = "The weights of {title} hold {weights:,} numbers. The formula gives the same, in each of its {parts} parts."
        return say(whole, **said)
    wrong = ", ".join(table.loc[~table["equal"], "part"])
    return say("The weights of {title} hold {weights:,} numbers; the formula differs from them in: {wrong}.", **said, wrong=wrong)


def memory(numbers: int) -> str:
    """The room that so many float32 numbers take."""
    size: float = numbers * BYTES
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":
            return f"{size:,.0f} {unit}"
        size /= 1000
    raise AssertionError


def here(box: str, trace: Trace) -> Sentence | None:
    """What a box of the picture does to this very text, in shapes; None where the loaded model has no such box."""
    m, tokens = trace.spec, len(trace.tokens)
    sizes_ = {
        "n": many(tokens, "token"),
        "each": "your one token" if tokens == 1 else f"each of your {tokens} tokens",
        "count": tokens,
        "weights": "weight" if tokens == 1 else "weights",
        "places": "the first" if tokens == 1 else f"the first {tokens}",
        "e": m.row_size,
        "h": m.hidden_size,
        "a": m.n_heads,
        "d": m.head_size,
        "l": m.n_layers,
        "f": m.feed_forward_size,
        "v": m.vocab_size,
        "name": Piece(m.title),
    }
    said = {
        "input": "Your text is {n} for {name}.",
        "embedding": "{name} looks your {n} up in a table of {v:,} rows: {e} numbers each.",
        "positions": "{name} has learned a row for each place, and adds one to each token; your text takes {places}.",
        "attention": "In {name}: {l} layers with {a} heads each. A head gives {each} {count} {weights}, and mixes "
        "{d} numbers of each.",
        "norm": "In {name} {each} leaves this box with {h} numbers of mean 0 and variance 1, then scaled and shifted.",
        "feed_forward": "In {name}: {h} numbers of a token become {f:,} and then {h} again, for {each} alone.",
        "linear": "The masked-word head of {name} gives a logit to each of {v:,} pieces.",
        "softmax": "For a hidden word of your text {name} turns {v:,} logits into {v:,} probabilities.",
    }
    kind = {"self_attention": "attention", "norm_1": "norm", "norm_2": "norm"}.get(box, box)
    if kind not in said or (kind in ("linear", "softmax") and not m.has_mlm):
        return None
    return say(said[kind], **sizes_)
