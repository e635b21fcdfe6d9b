"""Vectors of words in many texts at once: the forward pass of `trace.run`, texts of one length side by side.

Texts with the same number of tokens go through together, so nothing is padded and nothing has to be masked: each text's
numbers are those of a run by itself (a test compares them). A word's vector is the mean of its pieces' vectors.

Shapes: N texts, B texts of one batch, T tokens, L layers, A heads, H hidden size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from bert_explain.core.errors import Missing
from bert_explain.core.tokens import Token
from bert_explain.models.characters import BEGIN, END
from bert_explain.models.elmo import Elmo
from bert_explain.models.encoder import Encoder

TOKENS = 1024  # tokens of a batch, about: more is not faster on one core, and other readers wait longer
Span = tuple[int, int]  # characters: first, one past the last
Progress = Callable[[int, int], None]  # (done, of)


def by_length(lengths: Sequence[int], tokens: int = TOKENS) -> Iterator[np.ndarray]:
    """Indices of texts of one length, at most about `tokens` tokens together, the shortest texts first."""
    counts = np.asarray(lengths, dtype=int)
    for length in np.unique(counts):
        same = np.flatnonzero(counts == length)
        size = max(1, tokens // max(int(length), 1))
        for first in range(0, len(same), size):
            yield same[first : first + size]


def hidden_states(
    model: Encoder,
    ids: Tensor,
    layers: int | None = None,
    heads: Tensor | None = None,
    seen: Tensor | None = None,
    segments: Tensor | None = None,
) -> list[Tensor]:
    """[(B, T, H)] after the embeddings and after each layer, L + 1 of them, for ids (B, T); a decoder looks back only.

    layers : stop after that many.
    heads : (B, L, A), what each head's output is multiplied by: 0 switches it off.
    seen : the attention mask of an encoder, bool (B, T): False where nobody may look.
    segments : (B, T), 0 for sentence A, 1 for B; all 0 by default.
    """
    count, length = ids.shape
    segments = torch.zeros_like(ids) if segments is None else segments
    positions = torch.arange(length).expand(count, length)
    return walk(model, model.enter(ids, segments, positions), layers, heads, seen)


def walk(
    model: Encoder, x: Tensor, layers: int | None = None, heads: Tensor | None = None, seen: Tensor | None = None
) -> list[Tensor]:
    """As `hidden_states`, from what goes into layer 1, x (B, T, H). Gradients flow where they are enabled."""
    looks = None if seen is None else seen[:, None, None]  # (B, 1, 1, T): the same for every head and every row
    count, length = x.shape[:2]
    states = [x]
    for layer in range(model.n_layers if layers is None else layers):
        m = model.layers[layer]
        q, k, v = (
            part(x).view(count, length, model.n_heads, model.head_size).transpose(1, 2)  # (B, A, T, d)
            for part in (m.query, m.key, m.value)
        )
        mixed = scaled_dot_product_attention(q, k, v, looks, is_causal=getattr(model, "causal", False))
        if heads is not None:
            mixed = mixed * heads[:, layer, :, None, None]
        joined = mixed.transpose(1, 2).reshape(count, length, model.hidden_size)
        x = model.finish(layer, x, joined)["output"]
        states.append(x)
    return states


@torch.inference_mode()
def padded(model: Encoder, text: str, pads: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A text's last vectors (T, H): alone; with `pads` [PAD] behind it that nobody may look at; and with these in sight.

    Raises Missing where the model has no [PAD].
    """
    tok, room = model.tokenizer, model.max_tokens - 2
    if tok.pad_token_id is None:
        raise Missing(f"{model.title} has no [PAD]: it reads one text at a time.")
    own = [tok.cls_token_id, *model.wordpiece.encode(text, add_special_tokens=False).ids[:room], tok.sep_token_id]
    pads = min(pads, model.max_tokens - len(own))
    ids = torch.tensor([[*own, *[tok.pad_token_id] * pads]])
    seen = torch.arange(ids.shape[1])[None] < len(own)
    alone = hidden_states(model, ids[:, : len(own)])[-1]
    hidden, shown = (hidden_states(model, ids, seen=mask)[-1] for mask in (seen, None))
    return alone[0].numpy(), hidden[0, : len(own)].numpy(), shown[0, : len(own)].numpy()


def word_vectors(
    model: Encoder,
    texts: Sequence[str],
    spans: Sequence[Span],
    layer: int | None = None,
    progress: Progress | None = None,
) -> np.ndarray:
    """(L + 1, N, H) float32: for each text the mean vector of the pieces that touch its span; layer 0 is the input.

    layer : that one only, (1, N, H), and the layers above it are not computed.
    A word that lies beyond the model's last position, or that leaves no piece, gets NaN.
    """
    return words_vectors(model, texts, [[span] for span in spans], layer, progress)


@torch.inference_mode()
def words_vectors(
    model: Encoder,
    texts: Sequence[str],
    spans: Sequence[Sequence[Span]],
    layer: int | None = None,
    progress: Progress | None = None,
) -> np.ndarray:
    """(L + 1, W, H) float32: as `word_vectors`, for several words of each text; W words, text after text in their order."""
    tok = model.tokenizer
    read = model.wordpiece.encode_batch(list(texts), add_special_tokens=False)
    room = model.max_tokens - 2
    ids = [[tok.cls_token_id, *e.ids[:room], tok.sep_token_id] for e in read]
    pieces = [
        [[1 + i for i, (a, b) in enumerate(e.offsets[:room]) if a < end and b > start] for start, end in words]
        for e, words in zip(read, spans, strict=True)
    ]
    first = np.concatenate([[0], np.cumsum([len(words) for words in pieces])]).astype(int)  # of each text, in the result
    count = model.n_layers + 1 if layer is None else 1
    found = np.full((count, int(first[-1]), model.hidden_size), np.nan, dtype=np.float32)
    done = 0
    for batch in by_length([len(row) for row in ids]):
        states = hidden_states(model, torch.tensor([ids[i] for i in batch]), layer)
        kept = states if layer is None else states[-1:]
        most = max(len(pieces[i]) for i in batch)
        share = torch.zeros(len(batch), most, len(ids[batch[0]]))  # (B, S, T): 1 / pieces at a word's pieces, else 0
        places, rows, columns = [], [], []  # in the result, and in the batch, of the words that left a piece
        for row, i in enumerate(batch):
            for column, word in enumerate(pieces[i]):
                if word:
                    share[row, column, word] = 1 / len(word)
                    places.append(first[i] + column)
                    rows.append(row)
                    columns.append(column)
        for at, state in enumerate(kept):
            means = torch.bmm(share, state).numpy()  # (B, S, T) x (B, T, H) -> (B, S, H)
            found[at, places] = means[rows, columns]
        done += len(batch)
        if progress:
            progress(done, len(ids))
    return found


POOLINGS = ("cls", "mean", "max")  # one vector of a text: of the token that stands for it, the mean, the maximum
SUMMED = 4  # the last layers that are added up


@torch.inference_mode()
def text_vectors(
    model: Encoder, texts: Sequence[Sequence[Token]], progress: Progress | None = None, tokens: int = TOKENS
) -> np.ndarray:
    """(3, L + 3, N, H) float32: one vector of each text, for each of POOLINGS and each way to take a token's vector.

    Ways: after the embeddings, after each of the L layers, the last SUMMED layers added up, all L layers added up (both
    before pooling). "cls" is the first token; in a decoder the last one, as the first has seen nothing. "mean" and "max", in
    each of the H numbers, go over the tokens of the text itself, or over the special ones too where there are no others.
    texts : of each text its tokens, as `lay_out` gives them.
    """
    found = np.empty((len(POOLINGS), model.n_layers + 3, len(texts), model.hidden_size), dtype=np.float32)
    place = -1 if getattr(model, "causal", False) else 0
    done = 0
    for batch in by_length([len(row) for row in texts], tokens):
        own = torch.tensor([_own(texts[i]) for i in batch])  # (B, T)
        share = own / own.sum(dim=1, keepdim=True)
        for way, state in enumerate(_ways(_states(model, [texts[i] for i in batch]))):
            found[0, way, batch] = state[:, place].numpy()
            found[1, way, batch] = torch.einsum("bt,bth->bh", share, state).numpy()
            found[2, way, batch] = state.masked_fill(own[..., None] == 0, float("-inf")).amax(dim=1).numpy()
        done += len(batch)
        if progress:
            progress(done, len(texts))
    return found


@torch.inference_mode()
def token_vectors(
    model: Encoder,
    texts: Sequence[Sequence[Token]],
    places: Sequence[Sequence[int | None]],
    progress: Progress | None = None,
    tokens: int = TOKENS,
) -> np.ndarray:
    """(L + 1, W, H) float32: the vectors at these positions of each text, text after text; layer 0 is the input.

    places : of each text the positions that are wanted; None, a word that was cut off, gives zeros. W is how many they are.
    """
    starts = np.cumsum([0, *(len(row) for row in places)])
    found = np.zeros((model.n_layers + 1, int(starts[-1]), model.hidden_size), dtype=np.float32)
    done = 0
    for batch in by_length([len(row) for row in texts], tokens):
        states = torch.stack(_states(model, [texts[i] for i in batch])).numpy()  # (L + 1, B, T, H)
        for column, i in enumerate(batch):
            there = [(k, place) for k, place in enumerate(places[i]) if place is not None]
            rows, at = [int(starts[i]) + k for k, _ in there], [place for _, place in there]
            found[:, rows] = states[:, column, at]
        done += len(batch)
        if progress:
            progress(done, len(texts))
    return found


def _states(model: Encoder, texts: Sequence[Sequence[Token]]) -> list[Tensor]:
    """`hidden_states` of texts of one length."""
    ids, segments = (torch.tensor([[getattr(t, name) for t in row] for row in texts]) for name in ("id", "segment"))
    return hidden_states(model, ids, segments=segments)


def _own(tokens: Sequence[Token]) -> list[float]:
    """1 for a token of the text, 0 for one that its layout adds; 1 for all where the text has none."""
    found = [float(t.sentence is not None) for t in tokens]
    return found if any(found) else [1.0] * len(found)


def _ways(states: list[Tensor]) -> Iterator[Tensor]:
    yield from states
    yield sum(states[1:][-SUMMED:], torch.zeros_like(states[0]))
    yield sum(states[1:], torch.zeros_like(states[0]))


@torch.inference_mode()
def without_heads(model: Encoder, ids: Sequence[int], position: int, on: np.ndarray) -> np.ndarray:
    """(N, H) float32: the last state of one token when some heads are off, in N ways; `on` (N, L, A) is 0 where one is off.

    ids : the whole of a single sentence as the encoder reads it, [CLS] and [SEP] too. The numbers are those of `trace.run`
    with `heads_off` (a test compares them).
    """
    row = torch.tensor(ids)
    found = np.empty((len(on), model.hidden_size), dtype=np.float32)
    size = max(1, TOKENS // max(len(ids), 1))
    for first in range(0, len(on), size):
        part = torch.from_numpy(np.ascontiguousarray(on[first : first + size], dtype=np.float32))
        found[first : first + size] = hidden_states(model, row.expand(len(part), -1), heads=part)[-1][:, position].numpy()
    return found


@torch.inference_mode()
def elmo_vectors(
    model: Elmo, rows: Sequence[Sequence[str]], places: Sequence[Sequence[int]], progress: Progress | None = None
) -> np.ndarray:
    """(L + 1, N, 2 P) float32 in ELMo's layers: for each row of words the mean of the vectors at its places.

    Layer 0 is the token encoding twice, the others forward and backward side by side (Peters et al. 2018, eq. 1).
    A row without a place gets NaN.
    """
    found = np.full((model.n_layers + 1, len(rows), model.size), np.nan, dtype=np.float32)
    done = 0
    for batch in by_length([len(row) for row in rows]):
        length = len(rows[batch[0]]) + 2
        token = model.encode([word for i in batch for word in (BEGIN, *rows[i], END)])
        token = token.view(len(batch), length, model.projection).transpose(0, 1)  # (T, B, P)
        ahead, back, _ = model.module(token)
        layers = [torch.cat([token, token], -1), *(torch.cat(both, -1) for both in zip(ahead, back, strict=True))]
        states = torch.stack(layers).numpy()  # (L + 1, T, B, 2 P)
        for column, i in enumerate(batch):
            if places[i]:
                found[:, i] = states[:, [place + 1 for place in places[i]], column].mean(axis=1)
        done += len(batch)
        if progress:
            progress(done, len(rows))
    return found
