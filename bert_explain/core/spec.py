"""ModelSpec: what there is to know of a model without its weights. A plain value that goes where a trace goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal


@dataclass(frozen=True, slots=True)
class Special:
    """One special token: its row in the token table, and its text."""

    id: int
    text: str


@dataclass(frozen=True, slots=True)
class Specials:
    """A model's special tokens by what they are for; None where its vocabulary has none. `ids`: all of them."""

    start: Special  # [CLS]
    end: Special  # [SEP]
    mask: Special | None = None
    unknown: Special | None = None
    padding: Special | None = None
    ids: frozenset[int] = frozenset()

    def __iter__(self) -> Iterator[Special]:
        """Those that there are."""
        named = (self.start, self.end, self.mask, self.unknown, self.padding)
        return iter([special for special in named if special is not None])


@dataclass(frozen=True, slots=True)
class TaskHead:
    """A head that was trained for a task of its own: what it gives, and how that is read. C outputs.

    kind : "sequence", labels for the text as a whole, one or two sentences; "pair", the same where it is known that it was
        trained on two; "token", a label for each token; "span", a start and an end for each token.
    labels : (C,) the outputs' names as config.json has them: a stranger's text, to be escaped; empty for a span.
    reads : "softmax", one label is right; "sigmoid", each is right or not by itself; "value", numbers: a regression.
    stated : whether config.json says how it is read; if not, it is read as transformers reads it then.
    here : it was trained on this server, on one of the data sets of `kernel.tasks` or on a reader's table.
    """

    kind: Literal["sequence", "pair", "token", "span"]
    labels: tuple[str, ...] = ()
    reads: Literal["softmax", "sigmoid", "value"] = "softmax"
    architecture: str = ""
    stated: bool = True
    here: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The labels as they are shown: cut where they are long, and each another one."""
        cut = [" ".join(label.split()) for label in self.labels]
        cut = [label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…" for label in cut]
        return tuple(
            label if label and cut.count(label) == 1 else f"{label or 'no name'} (output {i})" for i, label in enumerate(cut, 1)
        )

    @property
    def named(self) -> bool:
        """False where the labels have no names of their own: transformers calls them LABEL_0, LABEL_1 then."""
        return any(label != f"LABEL_{i}" for i, label in enumerate(self.labels))

    @property
    def gives(self) -> str:
        """What it gives, as the end of a sentence that begins with its name."""
        if self.kind == "span":
            return "points at the place in a passage (sentence B) where the answer to a question (sentence A) begins, and ends"
        count, some = len(self.labels), _some(self.names)
        if self.reads == "value":
            return "gives the text a number" if count == 1 else f"gives the text {count} numbers ({some})"
        if self.kind == "token":
            return f"gives each token a label of its own, one of {count} ({some})"
        if self.reads == "sigmoid":
            one = "the one label" if count == 1 else f"each of {count} labels"
            return f"says of {one} ({some}) whether it holds of the text"
        whom = "the pair of sentences" if self.kind == "pair" else "the text"
        return f"gives {whom} one of {count} labels ({some})"


LONGEST_LABEL = 40  # characters of a label that are shown
_SOME = 4  # labels that a sentence names


def _some(names: tuple[str, ...]) -> str:
    more = len(names) - _SOME
    return ", ".join(names[:_SOME]) + (f" and {more} more" if more > 0 else "")


@dataclass(frozen=True)
class ModelSpec:
    """A model of the BERT family, described: name, sizes, parts, special tokens, how it writes its pieces.

    `fingerprint` belongs to the weights: two models with the same one give the same numbers. L layers, A heads, H hidden
    size, F feed-forward size, V rows of the token table, d = H / A.
    """

    name: str
    title: str
    n_layers: int  # L
    n_heads: int  # A
    hidden_size: int  # H
    feed_forward_size: int  # F
    vocab_size: int  # V
    max_tokens: int  # rows of the position table
    fingerprint: str
    special: Specials = field(repr=False)
    family: str = "bert"  # how it reads: "bert", "distilbert", "electra", "roberta", "gpt"
    has_segments: bool = True
    has_mlm: bool = True
    has_nsp: bool = True
    has_pooler: bool = True
    has_replaced: bool = False  # tells which tokens were replaced, as ELECTRA's discriminator does
    embedding_size: int = 0  # E, numbers of a row of the tables; 0 means H
    pieces: str = "wordpiece"  # how words are cut: "wordpiece" or "byte-level"
    between: int = 1  # end tokens between two sentences
    causal: bool = False  # True: no token looks to its right
    continuing: str = "##"  # in front of a piece that continues a word
    lower_case: bool = True  # capitals are read as small letters
    capitals: int = 0  # pieces with capitals that are never read, because all is read in small letters
    longest_word: int = 100  # characters; a longer word becomes the unknown token
    task: TaskHead | None = None  # a head for a task of its own
    unread: tuple[str, ...] = ()  # one sentence for each head that stands in its folder and is not shown here

    @property
    def head_size(self) -> int:
        """d, the numbers of one head."""
        return self.hidden_size // self.n_heads

    @property
    def row_size(self) -> int:
        """E, the numbers of a row of the embedding tables."""
        return self.embedding_size or self.hidden_size

    @property
    def mask_id(self) -> int | None:
        """The row of [MASK]; None where the vocabulary has none."""
        return None if self.special.mask is None else self.special.mask.id

    @property
    def unknown_id(self) -> int | None:
        """The row of [UNK]; None where the vocabulary has none."""
        return None if self.special.unknown is None else self.special.unknown.id

    @property
    def has_task(self) -> bool:
        """True where a head for a task of its own stands on it."""
        return self.task is not None

    @property
    def has_wordpiece(self) -> bool:
        """True where words are cut by WordPiece."""
        return self.pieces == "wordpiece"

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader has to know: its head for a task, heads that are not shown, a way of reading that is not BERT's."""
        return (*self.head_remarks, *self._of_its_tokens)

    @property
    def head_remarks(self) -> tuple[str, ...]:
        """What stands on it for a task, and what stands in its folder and is not shown."""
        task = () if self.task is None else (f"{self.title} has a task head: it {self.task.gives}. See the page Any task model.",)
        return (*task, *self.unread)

    @property
    def _of_its_tokens(self) -> tuple[str, ...]:
        """Pieces that can never be read, and a way of writing that is not BERT's."""
        if self.capitals:
            return (
                f"{self.title} reads capitals as small letters, and yet {self.capitals:,} pieces of its vocabulary have "
                'capitals: none of these is ever read. If it was trained with capitals, write "do_lower_case": false into its '
                "tokenizer_config.json.",
            )
        if self.pieces != "byte-level":
            return ()
        mask = f", {self.special.mask.text} for [MASK]" if self.special.mask else ""
        return (
            f"{self.title} reads bytes, joined to pieces: “Ġ” in a piece is the space before a word, and a letter beyond a to z "
            f"is written as its bytes. It writes {self.special.start.text} for [CLS], {self.special.end.text} for [SEP]{mask}.",
        )

    @property
    def lacks(self) -> tuple[str, ...]:
        """One sentence for each part that BERT has and this model has not. A decoder is not measured by BERT's parts."""
        if self.family == "gpt":
            return ()
        start = self.special.start.text
        said = {
            "segments": "has no segment embeddings: it does not tell sentence A from sentence B",
            "mlm": "has no masked-word head: it cannot predict words",
            "nsp": "has no next-sentence head: it cannot say whether B follows A",
            "pooler": f"has no pooler: its {start} vector is read as it is",
        }
        if self.has_replaced:
            said["mlm"] += ". It tells which words were replaced: see the page Outputs"
        if self.family == "roberta":
            said["pooler"] = f"is read without a pooler: its {start} vector is taken as it is"
        return tuple(f"{self.title} {text}." for part, text in said.items() if not getattr(self, f"has_{part}"))

    @property
    def reads_as(self) -> ModelSpec:
        """The same without its names: two models for which this is equal give the same numbers and have the same parts."""
        return replace(self, name="", title="")

    def trace_bytes(self, tokens: int) -> int:
        """How many bytes a trace of so many tokens holds, known before it is computed; float32."""
        # hidden; token, segment, position, total, normalised
        rows = tokens * ((self.n_layers + 1) * self.hidden_size + 5 * self.row_size)
        looks = self.n_layers * self.n_heads * tokens * tokens
        return 4 * (rows + looks + 3 * self.hidden_size)
