"""The decoder's trace, and writing with it. `run_decoder(model, text)` is one forward pass; `generate` goes on from it, one
token at a time, with the keys and values of the tokens before it kept.

T tokens, H hidden size, L layers, A heads, V vocabulary. Arrays float32, read-only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch

from bert_explain.core.errors import BadQuery
from bert_explain.core.query import Query
from bert_explain.core.tokens import lay_out, text_of
from bert_explain.core.trace import DecoderTrace, Trace
from bert_explain.engines.local import run
from bert_explain.models.decoder import Decoder, Past
from bert_explain.sampling import Choice, Settings, choose


def run_decoder(model: Decoder, text: str, text_b: str = "", replaced: tuple[tuple[int, int], ...] = ()) -> DecoderTrace:
    """One forward pass over [CLS] A [SEP], or [CLS] A [SEP] B [SEP]. More than 512 tokens are cut as for BERT.

    replaced : pairs (position, vocabulary id) of tokens that are exchanged. Thread-safe.
    Raises BadQuery for what is no text, and for positions or ids that do not exist.
    """
    found = run(model, Query(text, text_b, replaced=replaced))
    return DecoderTrace(**{field.name: getattr(found, field.name) for field in fields(Trace)})


def start_ids(model: Decoder, text: str, text_b: str = "") -> tuple[int, ...]:
    """The ids that writing goes on from: the tokens of the text without the [SEP] that would end it.

    An empty text is [CLS] alone.
    """
    tokens, _ = lay_out(model.spec, model.wordpiece, Query(text, text_b))
    return tuple(t.id for t in tokens[:-1])


@dataclass(frozen=True, eq=False)
class Step:
    """One token written."""

    id: int
    text: str  # the piece; "##" in front continues a word
    probability: float  # that the model gave it, before temperature and cuts
    choice: Choice  # every candidate's probability before and after, and the draw


def generate(
    model: Decoder,
    ids: Sequence[int],
    *,
    steps: int,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    seed: int = 0,
) -> Iterator[Step]:
    """Write up to `steps` tokens after `ids`; ends early when the position table is full.

    The first token takes a pass over all `ids`, each later one a pass over a single token (`Past`). temperature 0 is greedy.
    A seed gives the same text every time. Raises BadQuery.
    """
    settings = Settings(temperature, top_k, top_p, seed)
    written, past = list(ids), Past()
    if not written:
        raise BadQuery("The decoder needs a token to start from, such as [CLS].")
    for step in range(steps):
        if len(written) >= model.max_tokens:
            return
        choice = choose(next_logits(model, written, past), settings, step)
        written.append(choice.id)
        text = text_of(model.wordpiece, choice.id)
        yield Step(choice.id, text, float(choice.before[choice.id]), choice)


@torch.inference_mode()
def next_logits(model: Decoder, ids: Sequence[int], past: Past | None = None) -> np.ndarray:
    """(V,) logits of the token after `ids`. Raises BadQuery for more ids than there are positions.

    past : what is kept of a run over the first of these ids; only the ids after them are read, and kept in it as well. Where it
    is of other ids, or the mask is lifted (then every state hangs on the tokens after it too), all are read anew.
    """
    if len(ids) > model.max_tokens:
        raise BadQuery(f"{model.title} reads {model.max_tokens} tokens at most, not {len(ids)}.")
    if past is None or not model.causal:
        past = Past()
    begin = len(past.ids)
    if begin >= len(ids) or past.ids != tuple(ids[:begin]):
        past.forget()
        begin = 0
    new = torch.tensor(ids[begin:])
    rows = model.rows(new, torch.zeros(len(new), dtype=torch.long), torch.arange(begin, len(ids)))
    x = model.embed.norm(sum(rows))  # (N, H)
    for layer in range(model.n_layers):
        x = model.finish(layer, x, model.attend_on(layer, x, past))["output"]
    past.ids = tuple(ids)
    return model.mlm_logits(x[-1:])[0].numpy()
