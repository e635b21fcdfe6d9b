"""Pre-training from nothing: a tiny BERT that learns the masked words of one small text, in minutes.

The recipe is that of the large ones (Devlin et al. 2019, section 3.1): 15 % of the words are chosen, 80 % of these become
[MASK], 10 % a random piece, 10 % stay. The vocabulary is a WordPiece made of this very text. What comes of a text, a seed and
a number of steps is always the same: every step draws from a generator of its own, and a training that was stopped goes on
from where it stands.

L layers, A heads, H hidden size, V pieces, N sentences, T tokens.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from typing import TypeVar

import numpy as np
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from torch import Tensor, nn
from transformers import BertConfig
from transformers.models.bert.modeling_bert import BertForMaskedLM

from bert_explain.core.errors import ExplainError
from bert_explain.models.loaded import MODELS
from bert_explain.training import corpus, loop, optimisers, pairs
from bert_explain.training.pausing import PATIENCE, Pause, waited

LAYERS, HEADS, HIDDEN, INNER = 2, 4, 128, 512
LONGEST = 32  # tokens of a row, [CLS] and [SEP] among them; longer sentences are cut into several rows
BATCH = 32  # rows of a step
PIECES, LEAST_OFTEN, CHARACTERS = 2_000, 2, 400  # of the vocabulary, at most; what is seen less often is spelled; its alphabet
LARGEST = 400_000  # bytes of a text
LEAST_WORDS, LEAST_KINDS = 100, 10  # words of a text, and different ones
HELD_BACK, MOST_HELD, HELD_FROM = 0.1, 300, 40  # of the rows, at most so many; below so many rows nothing is held back
COMMON = 20  # pieces of which a text has most
PLACES = 10  # fixed places that are looked at
LOOKS = (0, 20, 50, 100)  # steps after which it is looked at, and every EVERY from there on
EVERY = 100
LOOKED = 200  # rows that are measured at a look
TOP = 5  # guesses that are kept of a place
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
PAD, UNKNOWN, CLS, SEP, MASK = range(len(SPECIAL))
PLAN = loop.Plan(rate=2e-3, warmup=0.05, decay=0.01, optimiser="muon", clip=1.0)

Progress = Callable[..., None]
Part = TypeVar("Part")


class BadText(ExplainError):
    """A text that there is nothing to learn from; the sentence says why."""


class Paused(ExplainError):
    """A training that was paused for too long; it goes on from where it stands when it is asked for again."""


@dataclass(frozen=True)
class Vocabulary:
    """The pieces of a text, by their number."""

    pieces: tuple[str, ...]

    @cached_property
    def number(self) -> dict[str, int]:
        """The number of a piece."""
        return {piece: i for i, piece in enumerate(self.pieces)}

    @cached_property
    def wordpiece(self) -> Tokenizer:
        """Cuts text into these pieces. It knows no special token: "[MASK]" in a text is a bracket, a word and a bracket."""
        return _plain(dict(self.number))

    def words(self, text: str) -> list[str]:
        """The words and marks of a text, in lower case, without accents."""
        return _words(self.wordpiece, text)

    def ids(self, text: str) -> list[int]:
        """The numbers of a text's pieces."""
        return list(self.wordpiece.encode(text, add_special_tokens=False).ids)

    def with_words(self, words: Sequence[str]) -> Vocabulary:
        """The same pieces and, behind them, each of these words that is not one of them."""
        return Vocabulary((*self.pieces, *(w for w in dict.fromkeys(words) if w not in self.number)))


@dataclass(frozen=True)
class Place:
    """A hole: a row of the text with one piece to be guessed."""

    ids: tuple[int, ...]  # the row's pieces, what is to be guessed among them
    at: int  # which of them
    read: bool  # whether this row is learned from; False: it was held back

    @property
    def right(self) -> int:
        """The piece that stands there."""
        return self.ids[self.at]


@dataclass(frozen=True, eq=False)
class Lesson:
    """A text made ready: its vocabulary, and the rows that are learned from and held back."""

    name: str  # the same for the same text
    sentences: tuple[str, ...]  # of which the rows are
    vocabulary: Vocabulary
    rows: tuple[tuple[int, ...], ...]  # pieces, at most LONGEST - 2 each
    of: tuple[int, ...]  # the sentence of each row
    held: frozenset[int]  # rows that are not learned from
    places: tuple[Place, ...]

    @cached_property
    def learned(self) -> tuple[int, ...]:
        """The rows that are learned from."""
        return tuple(i for i in range(len(self.rows)) if i not in self.held)

    @cached_property
    def sentences_learned(self) -> tuple[int, ...]:
        """The sentences of which at least one row is learned from."""
        return tuple(dict.fromkeys(self.of[i] for i in self.learned))

    @cached_property
    def counts(self) -> Counter[int]:
        """How often each piece stands in what is learned from."""
        return Counter(piece for i in self.learned for piece in self.rows[i])

    @cached_property
    def common(self) -> tuple[int, ...]:
        """The pieces that stand there most often, the most frequent first."""
        ranked = sorted(self.counts.items(), key=lambda one: (-one[1], one[0]))
        return tuple(piece for piece, _ in ranked[:COMMON])

    @property
    def measured(self) -> list[int]:
        """The rows that a look measures: of those held back, or of all where none is."""
        return sorted(self.held or self.learned)[:LOOKED]

    def sentences_with(self, piece: int) -> list[int]:
        """Which sentences that are learned from hold a piece."""
        return list(dict.fromkeys(self.of[i] for i in self.learned if piece in self.rows[i]))

    def with_added(self, sentence: str, copies: int) -> Lesson:
        """The same text and, behind it, a sentence so many times; its words are pieces of their own. Nothing else changes."""
        vocabulary = self.vocabulary.with_words([w for w in self.vocabulary.words(sentence) if len(w) <= 100])
        rows = cut(vocabulary.ids(sentence)) * copies
        more = len(self.sentences)
        return Lesson(
            f"{self.name}+{_digest(sentence)}x{copies}",
            (*self.sentences, sentence),
            vocabulary,
            (*self.rows, *rows),
            (*self.of, *[more] * len(rows)),
            self.held,
            self.places,
        )


def sentences_of(text: str) -> tuple[str, ...]:
    """A text cut at its lines and at the ends of its sentences."""
    return tuple(" ".join(one.split()) for line in text.splitlines() for one in corpus.sentences(line) if one.strip())


def cut(parts: Sequence[Part]) -> list[tuple[Part, ...]]:
    """A sentence's pieces as rows, as long as a row may be; the last one is what is left."""
    return [tuple(parts[start : start + LONGEST - 2]) for start in range(0, len(parts), LONGEST - 2)]


@lru_cache(maxsize=8)
def lesson(text: str) -> Lesson:
    """A text made ready to be learned. Raises BadText where there is nothing to learn from."""
    if len(text.encode("utf-8", "replace")) > LARGEST:
        raise BadText(f"This text has {len(text.encode('utf-8', 'replace')):,} bytes; up to {LARGEST:,} are read.")
    text = text.encode("utf-8", "replace").decode()
    found = sentences_of(text)
    plain = _plain({"[UNK]": 0})
    words = Counter(word for sentence in found for word in _words(plain, sentence))
    total = sum(words.values())
    if not total:
        raise BadText("There is no word in this text yet.")
    if len(words) == 1:
        raise BadText("This text has one word only: nothing is left to be guessed.")
    if total < LEAST_WORDS:
        raise BadText(
            f"This text has {total:,} words and marks; {LEAST_WORDS} are the least to learn from, and thousands are better."
        )
    if len(words) < LEAST_KINDS:
        raise BadText(f"This text has {len(words)} different words and marks; {LEAST_KINDS} are the least to learn from.")
    vocabulary = Vocabulary(_pieces(words))
    rows, of = [], []
    for number, sentence in enumerate(found):
        found_rows = cut(vocabulary.ids(sentence))
        rows += found_rows
        of += [number] * len(found_rows)
    known = {piece for row in rows for piece in row} - {UNKNOWN}
    if len(known) < LEAST_KINDS:
        raise BadText(
            "Nearly every word of this text is too long for a piece or has rare signs: too little is left to learn from."
        )
    held = _held(rows)
    counted = Counter(piece for i, row in enumerate(rows) if i not in held for piece in row)
    return Lesson(_digest(text), found, vocabulary, tuple(rows), tuple(of), held, _places(vocabulary, rows, held, counted))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]


def _plain(vocabulary: dict[str, int]) -> Tokenizer:
    found = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    found.normalizer = normalizers.BertNormalizer()
    found.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return found


def _words(tokenizer: Tokenizer, text: str) -> list[str]:
    return [w for w, _ in tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(text))]


def _pieces(words: Counter[str]) -> tuple[str, ...]:
    """A WordPiece vocabulary of these words (how often each stands there), the special tokens first, the rest by letters.

    Words with a sign that is none of the CHARACTERS most frequent ones are left out. The library breaks ties by the numbers
    of the pieces, and numbers the letters inside words as chance has it; told them in an order, it finds the same pieces in
    every process.
    """
    signs: Counter[str] = Counter()
    for word, times in words.items():
        for sign in word:
            signs[sign] += times
    ranked = sorted(signs, key=lambda sign: (-signs[sign], sign))
    alphabet = set(ranked[:CHARACTERS])
    letters = [*sorted(alphabet), *(f"##{sign}" for sign in sorted(alphabet))]
    trainer = trainers.WordPieceTrainer(
        vocab_size=PIECES + len(letters), min_frequency=LEAST_OFTEN, special_tokens=[*SPECIAL, *letters], show_progress=False
    )
    made = _plain({"[UNK]": 0})
    known = sorted((word, times) for word, times in words.items() if alphabet.issuperset(word))
    made.train_from_iterator((" ".join([word] * times) for word, times in known), trainer)
    inside = {f"##{sign}" for word, _ in known for sign in word[1:]}  # letters that only begin words need no second piece
    found = set(made.get_vocab()) - {piece for piece in letters if piece.startswith("##") and piece not in inside}
    return (*SPECIAL, *sorted(found - set(SPECIAL)))


def _held(rows: Sequence[tuple[int, ...]]) -> frozenset[int]:
    """Rows that are held back: a tenth, and with a row all that are equal to it, so that none of them is read."""
    if len(rows) < HELD_FROM:
        return frozenset()
    wanted = min(MOST_HELD, round(HELD_BACK * len(rows)))
    alike: dict[tuple[int, ...], list[int]] = {}
    for i, row in enumerate(rows):
        alike.setdefault(row, []).append(i)
    kinds = list(alike.values())
    held: set[int] = set()
    for k in np.random.default_rng(0).permutation(len(kinds)):
        if len(held) + len(kinds[k]) <= wanted:
            held |= set(kinds[k])
    return frozenset(held)


def _places(
    vocabulary: Vocabulary, rows: Sequence[tuple[int, ...]], held: frozenset[int], counted: Counter[int]
) -> tuple[Place, ...]:
    """The fixed places: half in rows that are read and half in rows held back, if any; whole words that were read twice."""
    rare = {piece for piece, _ in counted.most_common(COMMON)}

    def good(row: tuple[int, ...], at: int, whole: bool) -> bool:
        piece = vocabulary.pieces[row[at]]
        follows = at + 1 < len(row) and vocabulary.pieces[row[at + 1]].startswith("##")
        word = piece.isalpha() and len(piece) > 1 and row[at] not in rare and not follows
        return row[at] != UNKNOWN and (not whole or (word and counted[row[at]] >= 2))

    found: list[Place] = []
    rng = np.random.default_rng(1)
    order = rng.permutation(len(rows)).tolist()
    groups = [[i for i in order if i not in held], [i for i in order if i in held]]
    for group, wanted in zip(groups, (PLACES // 2, PLACES // 2) if held else (PLACES, 0), strict=True):
        start = len(found)
        seen: set[tuple[int, int]] = set()
        for whole, again in ((True, False), (False, False), (False, True)):
            for i in group:
                if len(found) - start == wanted:
                    break
                row = rows[i]
                free = [at for at in range(len(row)) if good(row, at, whole) and (i, at) not in seen]
                if not free or len(row) < 3 or (not again and any(j == i for j, _ in seen)):
                    continue
                at = free[int(rng.integers(len(free)))]
                seen.add((i, at))
                found.append(Place(row, at, i not in held))
    return tuple(found)


@dataclass(frozen=True)
class Recipe:
    """What is trained. Two equal recipes give the same numbers."""

    text: str  # the lesson's name
    steps: int = 2_000
    seed: int = 0

    @property
    def name(self) -> str:
        return f"{self.text}-{self.steps}-{self.seed}"


@dataclass(frozen=True, eq=False)
class Look:
    """How it stands after some steps. Shares are of the places that are measured, 0 to 1."""

    step: int
    loss: float  # mean over them
    right: float  # its first guess is right
    common: float  # of those whose right piece is one of the COMMON most frequent ones: its first guess is right; NaN: none
    rare: float  # and of the others
    same: float  # its first guess is the text's most frequent piece
    most: tuple[int, float]  # the piece that is its first guess most often, and at which share
    before: np.ndarray  # (L, A): the attention that goes to the word before, mean over the words that have one
    behind: np.ndarray  # (L, A): and to the word behind
    guesses: tuple[Guess, ...]  # at each of the lesson's places


@dataclass(frozen=True)
class Guess:
    """What it guesses at a place."""

    pieces: tuple[int, ...]  # the TOP likeliest, the likeliest first
    chances: tuple[float, ...]
    right: float  # the probability of the right piece


@dataclass(frozen=True, eq=False)
class Trained:
    """A tiny BERT that was trained, and how it went."""

    recipe: Recipe
    lesson: Lesson
    losses: tuple[float, ...]  # one a step
    looks: tuple[Look, ...]
    seconds: float
    net: BertForMaskedLM = field(repr=False)

    @property
    def nbytes(self) -> int:
        """Bytes of its weights, about."""
        return sum(p.numel() * p.element_size() for p in self.net.parameters())


class Run:
    """A training, as far as it is. `go` goes on with it; who looks from another thread reads the lists, which only grow."""

    def __init__(self, lesson: Lesson, recipe: Recipe, of: Lesson | None = None) -> None:
        self.lesson, self.recipe = lesson, recipe
        self.losses: list[float] = []
        self.looks: list[Look] = []
        self.paused = Pause()  # may be held from another thread
        self.seconds = 0.0
        self._one = threading.Lock()  # a job that was stopped may not have heard of it yet
        self.net = begin(len((of or lesson).vocabulary.pieces), len(lesson.vocabulary.pieces), recipe.seed)
        self._optimiser = optimisers.KINDS[PLAN.optimiser](self.net, PLAN.rate, PLAN.decay)

    @property
    def nbytes(self) -> int:
        """Bytes of weights, gradients and what the optimiser remembers, about."""
        return 4 * sum(p.numel() * p.element_size() for p in self.net.parameters())

    @property
    def done(self) -> int:
        """Steps that were taken."""
        return len(self.losses)

    def go(self, progress: Progress = lambda *_: None) -> Trained:
        """Train to the end. What `progress` raises stops it after a whole step, and it can go on from there.

        Raises Paused where it was paused for longer than PATIENCE.
        """
        steps = self.recipe.steps
        while not self._one.acquire(timeout=0.1):
            progress(self.done / steps, "It is being trained for another page")
        try:
            self.paused.clear()  # whoever held it before has stopped
            progress(self.done / steps, "Begins")
            if not self.looks:
                self.looks.append(look(self.net, self.lesson, 0))
            while self.done < steps:
                self._wait(progress)
                started = time.perf_counter()
                loss = self._step(self.done)
                self.seconds += time.perf_counter() - started
                self.losses.append(loss)
                if is_looked_at(self.done, steps):
                    self.looks.append(look(self.net, self.lesson, self.done))
                progress(self.done / steps, f"Step {self.done:,} of {steps:,}, loss {loss:.2f}")
            self.net.eval()
            self.net.requires_grad_(False)
            return Trained(self.recipe, self.lesson, tuple(self.losses), tuple(self.looks), self.seconds, self.net)
        finally:
            self._one.release()

    def _step(self, step: int) -> float:
        """One step, from a generator of its own."""
        rng = np.random.default_rng((self.recipe.seed, step))
        learned = self.lesson.learned
        ids = padded([self.lesson.rows[learned[i]] for i in rng.integers(0, len(learned), BATCH)])
        read, labels = pairs.mask(ids, rng, numbers=numbers_of(self.lesson.vocabulary))
        for group in self._optimiser.param_groups:
            group["lr"] = loop.rate(PLAN, step / self.recipe.steps)
        self.net.train()
        wanted = torch.from_numpy(labels)
        asked = wanted != pairs.IGNORED
        hidden = self.net.bert(torch.from_numpy(read), attention_mask=torch.from_numpy(ids != PAD).long()).last_hidden_state
        loss = nn.functional.cross_entropy(self.net.cls(hidden[asked]), wanted[asked])
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), PLAN.clip)
        self._optimiser.step()
        return float(loss.detach())

    def _wait(self, progress: Progress) -> None:
        if not waited(
            self.paused, partial(progress, self.done / self.recipe.steps, f"Paused after step {self.done:,}"), PATIENCE
        ):
            raise Paused(
                f"It was paused for {PATIENCE / 60:.0f} minutes and was stopped after step {self.done:,}, for others wait too. "
                "It goes on from there."
            )


def begin(size: int, whole: int, seed: int) -> BertForMaskedLM:
    """A BERT that has learned nothing: every weight drawn by the seed, spread 0.02, biases 0. V = `whole` pieces.

    The first `size` pieces and all other weights are the same whatever comes behind them.
    """
    config = BertConfig(
        vocab_size=whole,
        hidden_size=HIDDEN,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=INNER,
        max_position_embeddings=LONGEST,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        pad_token_id=PAD,
        attn_implementation="eager",  # type: ignore[call-arg]  # taken by every configuration, and not in its signature
    )
    net = BertForMaskedLM(config)
    draw, more = torch.Generator().manual_seed(seed), torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        for name, weight in net.named_parameters():
            if weight.dim() < 2:
                continue
            rows = size if name.endswith("word_embeddings.weight") else len(weight)
            weight[:rows] = 0.02 * torch.randn(rows, weight.shape[1], generator=draw)
            weight[rows:] = 0.02 * torch.randn(len(weight) - rows, weight.shape[1], generator=more)
    return net


def numbers_of(vocabulary: Vocabulary) -> pairs.Numbers:
    """Which numbers of it are special."""
    return pairs.Numbers(PAD, CLS, SEP, MASK, len(SPECIAL), len(vocabulary.pieces))


def is_looked_at(step: int, steps: int) -> bool:
    """Whether it is looked at after this step."""
    return step in LOOKS or step % EVERY == 0 or step == steps


def padded(rows: Sequence[Sequence[int]]) -> np.ndarray:
    """Rows "[CLS] ... [SEP]", padded to the longest. Shape: (N, T)."""
    ids = np.full((len(rows), max(map(len, rows)) + 2), PAD, dtype=np.int64)
    for line, row in zip(ids, rows, strict=True):
        line[: len(row) + 2] = [CLS, *row, SEP]
    return ids


@torch.inference_mode()
def look(net: BertForMaskedLM, lesson: Lesson, step: int) -> Look:
    """How it stands: on the same rows, masks and places each time."""
    net.eval()
    ids = padded([lesson.rows[i] for i in lesson.measured])
    read, labels = pairs.mask(ids, np.random.default_rng(2), numbers=numbers_of(lesson.vocabulary))
    read = np.where(labels != pairs.IGNORED, MASK, read)  # measured: all that are asked are hidden
    out = net.bert(torch.from_numpy(read), attention_mask=torch.from_numpy(ids != PAD).long(), output_attentions=True)
    wanted = torch.from_numpy(labels)
    asked = wanted != pairs.IGNORED
    logits, right = net.cls(out.last_hidden_state[asked]), wanted[asked].numpy()
    first = logits.argmax(-1).numpy()
    good, often = first == right, np.isin(right, lesson.common)
    pieces, counts = np.unique(first, return_counts=True)
    word = (ids != PAD) & (ids != CLS) & (ids != SEP)
    return Look(
        step,
        float(nn.functional.cross_entropy(logits, wanted[asked])),
        float(good.mean()),
        float(good[often].mean()) if often.any() else float("nan"),
        float(good[~often].mean()) if (~often).any() else float("nan"),
        float((first == lesson.common[0]).mean()),
        (int(pieces[counts.argmax()]), float(counts.max() / len(first))),
        neighbours(out.attentions, word, -1),
        neighbours(out.attentions, word, 1),
        tuple(guesses(net, [(place.ids, place.at, place.right) for place in lesson.places])),
    )


def neighbours(attentions: Sequence[Tensor], word: np.ndarray, offset: int) -> np.ndarray:
    """(L, A): the attention that words give to the word `offset` from them (-1 or 1), mean over those that have one; 0: none.

    attentions : L of (N, A, T, T). word : (N, T), whether a token is a word.
    """
    both = word[:, 1:] & word[:, :-1]  # (N, T - 1): the token and its neighbour are words
    if not both.any():
        return np.zeros((len(attentions), attentions[0].shape[1]))
    found = [layer.diagonal(offset=offset, dim1=-2, dim2=-1).transpose(1, 2).numpy()[both].mean(axis=0) for layer in attentions]
    return np.stack(found)


@torch.inference_mode()
def guesses(net: BertForMaskedLM, holes: Sequence[tuple[Sequence[int], int, int]]) -> list[Guess]:
    """What it guesses at holes: (a row's pieces, which of them is hidden, the right piece's number or -1 for none)."""
    if not holes:
        return []
    net.eval()
    ids = padded([row for row, _, _ in holes])
    at = torch.tensor([place + 1 for _, place, _ in holes])
    ids[np.arange(len(ids)), at.numpy()] = MASK
    hidden = net.bert(torch.from_numpy(ids), attention_mask=torch.from_numpy(ids != PAD).long()).last_hidden_state
    chances = torch.softmax(net.cls(hidden[torch.arange(len(ids)), at]), dim=-1)
    top = chances.topk(min(TOP, chances.shape[1]), dim=-1)
    return [
        Guess(tuple(pieces.tolist()), tuple(p.tolist()), float(row[right]) if right >= 0 else 0.0)
        for pieces, p, row, (_, _, right) in zip(top.indices, top.values, chances, holes, strict=True)
    ]


def run_of(lesson: Lesson, recipe: Recipe, of: Lesson | None = None) -> Run:
    """The training of a recipe as far as it is, one for all who ask for it; new where there is none.

    of : the lesson that this one is and more, to begin with the same weights.
    """
    return MODELS.get(("pre-training", recipe), lambda: Run(lesson, recipe, of))


def begun(recipe: Recipe) -> Run | None:
    """The training of a recipe, where one was begun and is held still."""
    return MODELS.peek(("pre-training", recipe))


def train(lesson: Lesson, recipe: Recipe, progress: Progress = lambda *_: None, of: Lesson | None = None) -> Trained:
    """Train to the end, from where an earlier call was stopped; once for all who ask for the same recipe."""
    found = MODELS.peek(("pre-trained", recipe))
    if found is None:
        found = run_of(lesson, recipe, of).go(progress)
        MODELS.get(("pre-trained", recipe), lambda: found)
        MODELS.forget(("pre-training", recipe))
    return found
