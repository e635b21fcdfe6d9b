"""How training hides words, what that costs the model, and how a whole sentence is scored with masks.

The recipe is that of Devlin et al. 2019, section 3.1 and appendix A.1: 15 % of the tokens are chosen; of these
80 % are replaced by [MASK], 10 % by a random piece, 10 % stay as they are. The loss is the cross-entropy of the true
pieces at the chosen positions, in nats. Sentence scores: pseudo-log-likelihood, Salazar et al. 2020, section 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields, replace

import numpy as np
import pandas as pd
from scipy.special import log_softmax

from bert_explain.analysis.masked_words import Reads, piece_text, rank_of
from bert_explain.analysis.masking import can_be_masked, true_id, word_of
from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.errors import BadQuery, Missing
from bert_explain.kernel import readings
from bert_explain.kernel.folding import fold
from bert_explain.kernel.readings import percent, signed
from bert_explain.query import Query
from bert_explain.trace import Token, Trace

CHOSEN = 0.15
FATES = {"mask": 0.8, "random": 0.1, "unchanged": 0.1}
LETTERS = {"mask": "M", "random": "R", "unchanged": "U"}
MOST_SCORED = 64  # runs of the model for one sentence score


# the 80/10/10 recipe
def draw(source: Reads, tokens: Sequence[Token], seed: int) -> pd.DataFrame:
    """One draw of the recipe, a row for each chosen token: position, true, true_id, fate, letter, read, read_id.

    Chosen without replacement from the tokens that are not special (nor a typed [MASK], which has no true
    piece); how many is fixed, as in BERT's own data generator: max(1, round(0.15 T)) for T tokens with [CLS] and
    every [SEP], though these are never chosen. (Its cap at 20 is left out.) The fate of each is an
    independent draw; the random piece is any of the vocabulary, special ones included, as there. The same seed
    gives the same draw. Raises Missing where there is no mask token.
    """
    mask = source.spec.mask_id
    if mask is None:
        raise Missing(f"{source.spec.title} has no mask token, so nothing can be hidden.")
    able = [t for t in tokens if can_be_masked(t)]
    count = min(len(able), max(1, round(CHOSEN * len(tokens))))
    rng = np.random.default_rng(seed)
    at: list[int] = np.sort(rng.choice(len(able), size=count, replace=False)).tolist() if count else []
    names = np.array(list(FATES))
    fates = names[np.searchsorted(np.cumsum(list(FATES.values()))[:-1], rng.random(count), side="right")]
    random_ids = rng.integers(0, min(source.wordpiece.get_vocab_size(), source.spec.vocab_size), count)
    rows = []
    for place, fate, random_id in zip(at, fates, random_ids, strict=True):
        token = able[place]
        becomes = {"mask": mask, "random": int(random_id), "unchanged": token.original_id}
        read = becomes[fate]
        true = (token.position, token.original, token.original_id)
        rows.append((*true, str(fate), LETTERS[fate], piece_text(source, read), read))
    return pd.DataFrame(rows, columns=["position", "true", "true_id", "fate", "letter", "read", "read_id"])


def noised(query: Query, drawn: pd.DataFrame) -> Query:
    """The query in which the drawn tokens read what the recipe gave them; the reader's own masks are lifted."""
    masked = drawn.loc[drawn["fate"] == "mask", "position"]
    random = drawn.loc[drawn["fate"] == "random", ["position", "read_id"]]
    return query.but(masked=[int(p) for p in masked], replaced=[(int(p), int(i)) for p, i in random.to_numpy()])


def shares(drawn: pd.DataFrame, tokens: Sequence[Token]) -> pd.DataFrame:
    """What was really drawn beside the recipe: what, count, of, share, recipe. Shares of nothing are NaN."""
    counts = drawn["fate"].value_counts()
    rows = [("chosen", len(drawn), len(tokens), CHOSEN)]
    rows += [(f"{LETTERS[f]} {said}", int(counts.get(f, 0)), len(drawn), FATES[f]) for f, said in _SAID.items()]
    table = pd.DataFrame(rows, columns=["what", "count", "of", "recipe"])
    table.insert(3, "share", np.where(table["of"] > 0, table["count"] / table["of"].clip(lower=1), np.nan))
    return table


_SAID = {"mask": "[MASK]", "random": "random", "unchanged": "unchanged"}


def losses(trace: Trace, drawn: pd.DataFrame) -> pd.DataFrame:
    """`drawn` with what the model makes of it; `trace` is the run of `noised(query, drawn)`.

    New columns: probability and rank of the true piece, loss = -ln probability in nats, guess, guess_probability.
    Raises Missing without a masked-word head.
    """
    if drawn.empty:
        return drawn.assign(probability=[], rank=[], loss=[], guess=[], guess_probability=[])
    found = score_all(trace, drawn["position"].tolist())
    table = pd.DataFrame([(s.probability, s.rank, s.loss, s.guess, s.guess_probability) for s in found])
    table.columns = ["probability", "rank", "loss", "guess", "guess_probability"]
    return pd.concat([drawn.reset_index(drop=True), table], axis=1)


def look_recipe(table: pd.DataFrame, source: Reads) -> Sentence:
    """The mean loss of a table from `losses`, beside the loss of knowing nothing, ln V."""
    if table.empty:
        return say("There is no token to choose: write a sentence above.")
    top = readings.best(table["loss"], least=0.01)
    worst = table.iloc[top.index]
    known = {
        "mean": float(table["loss"].mean()),
        "none": float(np.log(source.spec.vocab_size)),
        "n": len(table),
        "size": source.spec.vocab_size,
        "worst": Piece(worst["true"]),
        "most": float(worst["loss"]),
    }
    if len(table) == 1:
        return say(
            "Look at the marked token: the loss for {worst} is {most:.2f} nats. "
            "Guessing blindly among {size:,} pieces costs {none:.2f}.",
            **known,
        )
    costs = "{worst} costs most, {most:.2f}" if top.leads else "{worst} costs {most:.2f}, and another about as much"
    return say(
        "Look at the {n} marked tokens: their mean loss is {mean:.2f} nats; " + costs + ". "
        "Guessing blindly among {size:,} pieces costs {none:.2f}.",
        **known,
    ).because(top)


# scoring every token
@dataclass(frozen=True, slots=True)
class Score:
    """What the model gives the true piece at one position, and what it would have said itself."""

    position: int
    true: str
    probability: float
    log_probability: float  # natural logarithm
    rank: int
    guess: str
    guess_probability: float

    @property
    def loss(self) -> float:
        """Cross-entropy in nats."""
        return -self.log_probability


def score(trace: Trace, position: int) -> Score:
    """The true piece at one position. Raises BadQuery where the text itself says [MASK], Missing without a head."""
    return score_all(trace, [position])[0]


def score_all(trace: Trace, positions: Sequence[int]) -> list[Score]:
    """`score` at several positions of one trace, with one call of the head."""
    truths = []
    for position in positions:
        truth = true_id(trace, position)
        if truth is None:
            raise BadQuery(f"There is no true word at position {position}: the text says [MASK] itself.")
        truths.append(truth)
    all_logs = log_softmax(trace.mlm_logits(positions).astype(np.float64), axis=1)  # (P, V)
    found = []
    for position, truth, logs in zip(positions, truths, all_logs, strict=True):
        true, guess = float(logs[truth]), int(logs.argmax())
        texts = trace.tokens[position].original, piece_text(trace, guess)
        found.append(
            Score(
                position=position,
                true=texts[0],
                probability=float(np.exp(true)),
                log_probability=true,
                rank=rank_of(logs, truth),
                guess=texts[1],
                guess_probability=float(np.exp(logs[guess])),
            )
        )
    return found


def scored(tokens: Sequence[Token], most: int = MOST_SCORED) -> tuple[tuple[int, ...], int]:
    """Positions of the tokens that a sentence score covers, at most `most` from both ends, and how many are left out."""
    able = [t.position for t in tokens if can_be_masked(t)]
    found = fold(len(able), most)
    return tuple(able[i] for i in found.places), found.left_out


def one_hidden(query: Query, tokens: Sequence[Token], position: int, rest_of_word: bool = False) -> Query:
    """The query in which only this token is hidden (the reader's own masks are lifted).

    rest_of_word : hide the later pieces of its word too, which would give it away (Kauf & Ivanova 2023).
    """
    later = [p for p in word_of(tokens, position) if p > position] if rest_of_word else []
    return query.but(masked=(position, *later), replaced=())


def score_table(scores: Sequence[Score]) -> pd.DataFrame:
    """One row for each token that was hidden in turn; the columns are the fields of `Score`."""
    columns = [f.name for f in fields(Score)]
    return pd.DataFrame([astuple(s) for s in scores], columns=columns)


def shown(trace: Trace) -> tuple[Token, ...]:
    """The tokens as they were written: a typed [MASK] stays one, the reader's masks and replacements are lifted."""
    mask = trace.spec.mask_id
    return tuple(
        replace(t, id=t.original_id, text=t.original, masked=t.original_id == mask and not t.special) for t in trace.tokens
    )


def shading(table: pd.DataFrame, size: int) -> np.ndarray:
    """(T,) the probability of each true token, by position; NaN where none was measured."""
    shade = np.full(size, np.nan)
    shade[table["position"].to_numpy(dtype=int)] = table["probability"]
    return shade


def say_before(count: int) -> Sentence:
    """What the button will do."""
    if not count:
        return say("There is no token to hide: write a sentence above.")
    if count == 1:
        return say("The one token that can be hidden is hidden, and the model guesses it: one run.")
    return say(
        "Which words of your text can be told from the others, and which cannot? Each of {count} tokens is hidden "
        "alone, and the model guesses it: {count} runs.",
        count=count,
    )


def look_scores(table: pd.DataFrame) -> Sentence:
    """The hardest and the easiest token of a table from `score_table`."""
    if table.empty:
        return say("There is no token to hide: write a sentence above.")
    # ln p: one is clearly harder than another from a factor of 1.25 in its probability on.
    logs = table["log_probability"]
    low, high = (readings.best(logs, least=float(np.log(1.25)), part=0, lowest=end) for end in (True, False))
    hard, easy = table.iloc[low.index], table.iloc[high.index]
    if len(table) == 1:
        return say(
            "Look at {hard}: hidden, it gets {low}.",
            hard=Piece(hard["true"]),
            low=percent(hard["probability"]),
        )
    pale, dark = readings.called(low, "palest"), readings.called(high, "darkest")
    right = hard["guess"] == hard["true"]
    return say(
        "Look at {hard}, {pale}: hidden, it gets {low}; the model expected {guess}. {easy}, {dark}, gets {high}.",
        pale=pale,
        dark=dark,
        hard=Piece(hard["true"]),
        low=percent(hard["probability"]),
        guess="just that" if right else Piece(hard["guess"]),
        easy=Piece(easy["true"]),
        high=percent(easy["probability"]),
    ).because(low, high)


def totals(table: pd.DataFrame) -> dict[str, float]:
    """Of a table from `score_table`: pll (sum of log probabilities, in nats), mean, pseudo_perplexity = exp(-mean),
    first (the share of tokens whose true piece ranks first)."""
    if table.empty:
        return {"pll": 0.0, "mean": float("nan"), "pseudo_perplexity": float("nan"), "first": float("nan")}
    mean = float(table["log_probability"].mean())
    return {
        "pll": float(table["log_probability"].sum()),
        "mean": mean,
        "pseudo_perplexity": float(np.exp(-mean)),
        "first": float((table["rank"] == 1).mean()),
    }


def say_totals(table: pd.DataFrame) -> Sentence:
    """The totals in words."""
    t = totals(table)
    if table.empty:
        return say("There is no token to hide: write a sentence above.")
    if len(table) == 1:
        return say(
            "One token: a log-likelihood of {pll} nats, a perplexity of {perplexity:,.1f}. The hidden piece came {first}.",
            pll=signed(t["pll"]),
            perplexity=t["pseudo_perplexity"],
            first="first" if t["first"] else "later than first",
        )
    return say(
        "The {n} together: a pseudo-log-likelihood of {pll} nats, {mean} a token, which is a pseudo-perplexity "
        "of {perplexity:,.1f}. The hidden piece came first {first} of {n} times.",
        n=len(table),
        pll=signed(t["pll"]),
        mean=signed(t["mean"]),
        perplexity=t["pseudo_perplexity"],
        first=int((table["rank"] == 1).sum()),
    )
