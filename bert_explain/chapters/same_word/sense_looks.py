"""What to look for in the pictures of the page "Same word", said from the numbers of this list and this table.

Which model is best is asked in one way (`leader`, `leader_of_scores`), by every card: a model that reads no sentence is never
the best, and where no model does enough, or none by a margin, no name is named.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bert_explain.analysis.occurrences import STATIC, Occurrence
from bert_explain.analysis.senses import cosines
from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.kernel import readings
from bert_explain.kernel.readings import Leader, listed, many, share

FEW = 10  # questions below which a score is not worth comparing
SILHOUETTE_EFFECT, SILHOUETTE_MARGIN, LEAST_LABELLED = 0.1, 0.05, 6  # sentences with a label
SCORE_EFFECT, SCORE_MARGIN = 0.03, 0.01  # above guessing
SAME = 0.005  # cosines that differ by less are told as equal: two digits are shown


# who is best
def leader(found: pd.DataFrame, labelled: int) -> tuple[Leader, pd.DataFrame]:
    """Which model's meanings separate best, each at its best layer: the answer, and the rows it is of. `found`: silhouettes."""
    rows = _tops(found)
    values, least = rows["value"].to_numpy(), LEAST_LABELLED
    return readings.leader(values, effect=SILHOUETTE_EFFECT, margin=SILHOUETTE_MARGIN, cases=labelled, least_cases=least), rows


def leader_of_scores(found: pd.DataFrame) -> tuple[Leader, pd.DataFrame]:
    """The same for scores against guessing, as `senses.scores` gives them."""
    rows = _tops(found)
    chance, queries = (float(found[name].max()) if len(found) else 0.0 for name in ("chance", "queries"))
    # Of few questions the share swings: two of their standard errors, where these are more than the margin.
    margin = max(SCORE_MARGIN, 2 * np.sqrt(0.25 / max(queries, 1)) if queries < 1000 else 0.0)
    values, effect = rows["value"].to_numpy(), max(SCORE_EFFECT, margin)
    return readings.leader(values, nothing=chance, effect=effect, margin=margin, cases=int(queries), least_cases=FEW), rows


def _tops(found: pd.DataFrame) -> pd.DataFrame:
    """The best layer of each model that reads sentences."""
    there = found[~found["key"].isin(STATIC)].dropna(subset=["value"])
    return there.loc[there.groupby("key", sort=False)["value"].idxmax()].reset_index(drop=True)


def _static(found: pd.DataFrame) -> pd.Series | None:
    """The row of the better one of the models that read no sentence."""
    there = found[found["key"].isin(STATIC)].dropna(subset=["value"])
    return None if there.empty else there.loc[there["value"].idxmax()]


# the pictures of the list
def squares(
    read: dict[str, np.ndarray], titles: dict[str, str], labels: Sequence[str], word: str, found: pd.DataFrame, forms: int = 1
) -> Sentence:
    """What the squares show: of models that read no sentence, and of the one in which the labels stand out, if there is one.

    read : key -> (N, D), after the layer that is shown. found : the silhouettes of all layers. forms : how many different
    forms of the word stand in the list.
    """
    flat = [key for key in read if key in STATIC and not np.isnan(read[key]).all()]
    alone, told = "", {}
    if flat:
        each = "one vector for {word}" if forms == 1 else "one vector for each of its {forms} forms"
        alone = "{flat} " + ("has " if len(flat) == 1 else "have ") + each + ", whatever the sentence. "
        told = {"flat": listed([titles[key] for key in flat]), "word": Piece(word), "forms": forms}
    who, rows = leader(found, sum(bool(label) for label in labels))
    if who.best is None:
        return say(
            alone + "Give the sentences labels, two different ones and one of them twice, to see whether a model agrees.", **told
        )
    if who.kind == "few":
        return say(alone + "So few labels cannot tell whether a model agrees with them.", **told)
    if who.kind == "none":
        return say(alone + "None of the models that read the sentence tells these labels apart.", **told)
    key = rows["key"][who.best.index if who.kind == "one" else who.level[0]]
    same, other = within(read[key], labels)
    if np.isnan(same - other):
        return say(alone + "Cosines by label need two sentences with one label, and another label.", **told)
    apart = ""
    if abs(same - other) < SAME:
        apart = " In this layer that is no difference."
    elif same < other:
        apart = " In this layer those with different labels are the more alike."
    return say(
        alone + "Look at {model}: for {word}, two sentences with the same label have a cosine of {same:.2f} on average, "
        "two with different labels {other:.2f}." + apart,
        **(told | {"model": titles[key], "word": Piece(word), "same": same, "other": other}),
    )


def within(vectors: np.ndarray, labels: Sequence[str]) -> tuple[float, float]:
    """Mean cosine of two different occurrences with the same label, and with different ones; NaN where there are none."""
    names = np.array(labels, dtype=object)
    told = np.array([bool(n) for n in names])
    pairs = np.triu(np.outer(told, told), 1).astype(bool)
    table, same = cosines(vectors), names[:, None] == names[None]
    return _mean(table[pairs & same]), _mean(table[pairs & ~same])


def _mean(values: np.ndarray) -> float:
    there = values[~np.isnan(values)]
    return float(there.mean()) if there.size else float("nan")


def table(occurrences: Sequence[Occurrence], vectors: np.ndarray, near: pd.DataFrame, chosen: int) -> Sentence:
    """Who is nearest to the chosen sentence, and for how many the nearest has the same label."""
    if near.empty:
        return say("There is no vector for sentence {number} here: the model does not know the word.", number=chosen + 1)
    first = near.iloc[0]
    top = readings.best(near["cosine"], least=SAME, part=0.0)
    values = {"number": chosen + 1, "other": int(first["number"]), "value": first["cosine"], "tied": top.level}
    if top.many == 1:
        return say("The only other sentence with a vector is sentence {other}: a cosine of {value:.2f}.", **values)
    if not top.leads:
        all_ = "All {tied} other sentences" if top.level == top.many else "{tied} sentences"
        return say(all_ + " are about equally near to sentence {number}, with a cosine of {value:.2f}.", **values)
    begin = "The nearest to sentence {number} is sentence {other}, with a cosine of {value:.2f}"
    right, of = agreeing(vectors, [o.label for o in occurrences])
    if not of or not occurrences[chosen].label or not first["label"]:
        return say(begin + ".", **values).because(top)
    same = "it has the same label" if first["label"] == occurrences[chosen].label else "it has another label"
    return say(
        begin + "; {same}. For {right} of {of} sentences the nearest has the same label.", same=same, right=right, of=of, **values
    ).because(top)


def agreeing(vectors: np.ndarray, labels: Sequence[str]) -> tuple[int, int]:
    """For how many labelled occurrences the nearest labelled one has the same label, and of how many it can be asked. Where
    several are equally near, all of them must have it."""
    told = [i for i, label in enumerate(labels) if label and not np.isnan(vectors[i]).any()]
    names = np.array([labels[i] for i in told], dtype=object)
    if len(set(names)) < 2 or len(set(names)) == len(names):
        return 0, 0
    near = cosines(np.asarray(vectors)[told])
    np.fill_diagonal(near, -2)
    asked = [i for i in range(len(told)) if (names == names[i]).sum() > 1]
    return sum(bool((names[near[i] == near[i].max()] == names[i]).all()) for i in asked), len(asked)


def sense_map(part: float, count: int) -> Sentence:
    """How far the flat map can be trusted."""
    if part == 0:
        return say("All {count} sentences stand in one point: nothing tells their vectors apart.", count=count)
    trust = "trust its clusters" if part > 0.8 else "read it with care, and trust the table"
    said = "The plane holds {share} of what tells these sentences apart in this layer: {trust}."
    return say(said, share=share(part), trust=trust)


def story(found: pd.DataFrame, labelled: int, forms: int = 1) -> Sentence:
    """Where the meanings separate, from which start, and what a model without the sentence makes of it.

    found : silhouettes. labelled : how many sentences have a label. forms : how many different forms the word has there.
    """
    who, rows = leader(found, labelled)
    static = _static(found)
    if who.best is None and static is None:
        return say(
            "A silhouette needs at least two different labels, and one of them twice. Write labels before a bar: "
            "label | sentence."
        )
    if who.kind == "few":
        return say(
            "{labelled} with a label {are} too few to say which model tells the meanings apart.",
            labelled=many(labelled, "sentence"),
            are="is" if labelled == 1 else "are",
        )
    values, rest = {}, ""
    if static is not None:
        values = {"static": static["model"], "flat": static["value"], "forms": forms}
        rest = " {static} has one vector for the word: {flat:.2f}."
        if forms > 1:
            rest = " {static} knows the word's {forms} forms and no sentence: {flat:.2f}."
    if who.best is None or who.kind == "none":
        return say("None of the models that read the sentence tells these labels apart." + rest, **values)
    if static is not None and static["value"] > who.best.value - SILHOUETTE_MARGIN:
        return say("Here the word's form gives the label away: {static}, which sees nothing else, reaches {flat:.2f}.", **values)
    if who.kind == "level":
        names = [f"{rows['model'][i]} ({rows['value'][i]:.2f})" for i in who.level]
        return say("Several models separate the labels about equally well: {names}." + rest, names=listed(names), **values)
    best = rows.iloc[who.index]
    start = found[found["key"] == best["key"]].iloc[0]
    values |= {"model": best["model"], "value": best["value"], "layer": int(best["layer"]), "start": start["value"]}
    begin = "{model} separates the labels best: {value:.2f} after layer {layer}, from {start:.2f} at its input."
    if best["layer"] == start["layer"]:
        begin = "{model} separates the labels best, with {value:.2f}, already at its input."
    if who.best.many == 1:
        begin = begin.replace(" best", "", 1)
    return say(begin + rest, **values).because(who.best)


# scores
def headline(found: pd.DataFrame, words: int, read_by: Sequence[str] = ()) -> Sentence:
    """The score of the best model, of guessing and of one vector a word. `found`: as `senses.scores` gives it.

    read_by : the models in whose training text these sentences stood; it is said beside the score.
    """
    who, rows = leader_of_scores(found)
    static = _static(found)
    queries, chance = int(found["queries"].max()), float(found["chance"].max())
    values = {"queries": queries, "words": many(words, "word"), "chance": share(chance)}
    begin = "{queries:,} questions about {words}: which other sentence with the same word is nearest? "
    rest = "guessing gets {chance}"
    known = ""
    if read_by:
        known = f" {{readers}} read these sentences while {'they' if len(read_by) > 1 else 'it'} learned."
        values["readers"] = listed(read_by)
    if static is not None:
        rest += ", {static}, with one vector a word, {flat}"
        values |= {"static": static["model"], "flat": share(static["value"])}
    if who.kind == "few":
        return say(begin + "So few questions cannot tell models apart; " + rest + "." + known, **values)
    if who.kind == "none":
        return say(begin + "No model here does clearly better than guessing; " + rest + "." + known, **values)
    if who.kind == "level":
        names = [f"{rows['model'][i]} ({share(rows['value'][i])})" for i in who.level]
        level = "It has the same meaning about equally often for {names}; "
        return say(begin + level + rest + "." + known, names=listed(names), **values)
    assert who.best is not None  # one leads
    best = rows.iloc[who.best.index]
    return say(
        begin + "For {model}, after layer {layer}, it has the same meaning in {value} of the cases; " + rest + "." + known,
        model=best["model"],
        layer=int(best["layer"]),
        value=share(best["value"]),
        **values,
    ).because(who.best)


def measured(found: pd.DataFrame, word: str, sentences: int) -> Sentence:
    """The same score for one word, measured just now."""
    there = found.dropna(subset=["value"])
    known = {"word": Piece(word), "sentences": many(sentences, "sentence")}
    if there.empty:
        return say(
            "{word} has {sentences} in WordNet, but no question can be asked of them: a meaning with two sentences and another "
            "meaning are needed.",
            **known,
        )
    who, rows = leader_of_scores(found)
    known |= {"queries": many(int(there["queries"].max()), "question"), "chance": share(float(there["chance"].max()))}
    begin = "{word} has {sentences} in WordNet, which make {queries}; guessing gets {chance}. "
    if who.kind == "few":
        return say(begin + "So few questions cannot tell models apart: choose a word with more sentences.", **known)
    if who.kind == "none" or who.best is None:
        return say(begin + "No model here does clearly better.", **known)
    if who.kind == "level":
        names = [f"{rows['model'][i]} ({share(rows['value'][i])})" for i in who.level]
        return say(begin + "About equally good on so many: {names}.", names=listed(names), **known)
    best = rows.iloc[who.index]
    return say(
        begin + "{model} is best, with {value} after layer {layer}.",
        model=best["model"],
        value=share(best["value"]),
        layer=int(best["layer"]),
        **known,
    ).because(who.best)
