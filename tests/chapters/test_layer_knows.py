"""What a layer knows: what is said of probes and heads, on numbers made up for it and on odd texts."""

import numpy as np
import pytest

from bert_explain import chapters
from bert_explain.analysis import probed
from bert_explain.analysis.relation_heads import Looked
from bert_explain.chapters.layer_knows import figures, numbers
from bert_explain.chapters.layer_knows.chapter import CHAPTER, WORDS
from bert_explain.figures.theme import LIGHT
from bert_explain.kernel import relations
from bert_explain.kernel.probes import Probed
from bert_explain.models.batches import word_vectors
from tests.chapters.asking import ODD
from tests.tiny import tiny_bert, tiny_electra, tiny_roberta


def made_up(right, control=0.3, commonest=0.5, sentences=100, words=6, seed=0):
    """A probe's outcome with these shares right at each layer."""
    rng = np.random.default_rng(seed)
    count = sentences * words
    draw = rng.random(count)  # one draw for all layers: better layers are right where the others are, and elsewhere too
    rows = np.stack([draw < share for share in right])
    lots = np.stack([rng.random(count) < share for share in np.broadcast_to(control, len(right))])
    groups = np.repeat(np.arange(sentences), words)
    return numbers.layers_of(Probed(rows, lots, rng.random(count) < commonest, groups, rng.random(count) < 0.7, ("A", "B")))


def test_one_layer_stands_out_only_where_the_draws_say_so():
    clear = made_up([0.6, 0.7, 0.9])
    assert clear.standing.alone
    assert "after layer 2: " in numbers.verdict(clear, "x").plain()
    assert "No other layer" in numbers.verdict(clear, "x").plain()
    near = made_up([0.6, 0.9, 0.9])
    assert near.standing.level == (1, 2)
    assert "Layers 1 and 2 cannot be told apart" in numbers.verdict(near, "x").plain()


def test_a_probe_that_beats_no_list_of_words_is_not_called_knowing():
    low = made_up([0.3, 0.31], commonest=0.9)
    assert "fewer than the" in numbers.verdict(low, "x").plain()
    equal = made_up([0.5, 0.5], commonest=0.4)
    assert "cannot be said that a layer knows x" in numbers.verdict(equal, "x").plain()


@pytest.mark.parametrize(
    ("layers", "name"),
    [
        ((0,), "The input"),
        ((3,), "Layer 3"),
        ((0, 1), "The input and layer 1"),
        ((2, 3), "Layers 2 and 3"),
        ((1, 3, 4, 5), "Layers 1 and 3 to 5"),
        ((0, 2, 3, 4, 6), "The input and layers 2 to 4 and 6"),
    ],
)
def test_layers_are_called_by_their_names(layers, name):
    assert numbers.named(layers) == name


def test_selectivity_is_the_difference_and_its_course_is_told():
    rises = made_up([0.9, 0.9, 0.9], control=np.array([0.8, 0.5, 0.2]))
    table = rises.table
    assert table["selectivity"].to_numpy() == pytest.approx((table["right"] - table["lot"]).to_numpy())
    assert " it rises from " in numbers.selective(rises).plain()
    assert " it falls from " in numbers.selective(made_up([0.9, 0.9], control=np.array([0.2, 0.8]))).plain()
    assert "does not change by more than" in numbers.selective(made_up([0.9, 0.9])).plain()
    figure = figures.probe_chart(table, LIGHT, ("right", "lot"))
    assert [trace.name for trace in figure.data] == ["right, on new sentences", "labels drawn by lot", "a list of words"]


def test_the_counts_of_heads_are_those_that_the_intervals_carry():
    halves = np.array(["choose", "score"] * 40)
    names = np.repeat(["det", "dobj", "pobj", "poss"], 20)
    right = np.zeros((1, 1, 80), dtype=bool)
    right[..., :20] = True
    found = numbers.heads_of(Looked(right, names, np.tile([1, 1, 2, 2], 20), np.arange(80), halves))
    assert {name: best.beats for name, best in found.best.items()} == {"det": True, "dobj": False, "pobj": False, "poss": False}
    assert found.best["poss"].behind
    table = numbers.heads_table(found)
    assert table["beats"].tolist() == ["yes", *["no, the rule is better"] * 3]
    assert "would not turn" in numbers.head_said(found.best["det"]).plain()
    figures.heads_chart(table, LIGHT)


@pytest.mark.parametrize(
    ("offset", "said"), [(1, "the next word"), (-1, "the word before"), (-2, "2 words before"), (3, "3 words on")]
)
def test_a_rule_is_written_out(offset, said):
    assert numbers.rule(offset) == said


# what is probed
@pytest.mark.parametrize("name", probed.PROBES)
def test_examples_point_at_their_words(name):
    marked = probed.PROBES[name]()
    forms = [text[a:b].lower() for text, spans in zip(marked.texts, marked.spans, strict=True) for a, b in spans]
    assert len(marked.words) == len(marked.forms) == len(marked.labels) == len(marked.groups)
    assert len(set(marked.labels)) >= 2
    assert set(marked.groups) == set(range(max(marked.groups) + 1))
    if name != "sense":  # there the word type is the dictionary's, not the form in the text
        assert [forms[at] for at in marked.words[:, 0]] == list(marked.forms)


def test_linked_and_unlinked_words_are_equally_far_apart():
    marked = probed.direction()
    far = marked.words[:, 1] - marked.words[:, 0]
    linked = np.array(marked.labels) != probed.UNLINKED
    assert (far > 0).all()
    assert far[linked].mean() == pytest.approx(far[~linked].mean(), abs=0.05)
    assert linked.mean() == pytest.approx(0.5, abs=0.02)


def test_vectors_of_several_words_are_those_of_one_at_a_time(mini_bert):
    marked = probed.direction()
    texts, spans = marked.texts[:4], marked.spans[:4]
    few = probed.Marked(texts, spans, marked.words[:6], marked.forms[:6], marked.labels[:6], marked.groups[:6])
    both, there = probed.vectors(mini_bert, few)
    assert there.all()
    flat = [(text, span) for text, of in zip(texts, spans, strict=True) for span in of]
    for column in (0, 1):
        alone = word_vectors(mini_bert, *zip(*(flat[at] for at in few.words[:, column]), strict=True))
        width = mini_bert.hidden_size
        assert both[..., column * width : (column + 1) * width] == pytest.approx(alone, abs=1e-4)


# other models, and a reader's own words
@pytest.mark.parametrize("make", [lambda: tiny_bert("bare"), tiny_electra, tiny_roberta], ids=["bare", "electra", "roberta"])
def test_every_encoder_tags_odd_texts(make):
    model = make()
    found = numbers.taggers(model)
    for a, b in ODD:
        table, left_out = numbers.tagged(model, found, [a, b])
        told = numbers.changed(table).plain()
        assert told.endswith(".")
        assert "nan" not in told
        assert len(table) <= numbers.MOST_WORDS
        assert left_out == (540 if a.startswith("word ") else 0)


def test_the_bundled_model_tells_a_fish_from_fishing(mini_bert):
    found = numbers.taggers(mini_bert)
    table, _ = numbers.tagged(mini_bert, found, ["They hunt in the woods.", "The hunt was short."])
    assert table["word"].tolist() == ["They", "hunt", "in", "the", "woods", "The", "hunt", "was", "short"]
    assert table["layer 3"].tolist() == ["PRON", "VERB", "ADP", "DET", "NOUN", "DET", "NOUN", "AUX", "ADJ"]


def test_every_probe_has_its_words_and_the_page_its_steps():
    assert set(WORDS) == set(probed.PROBES)
    assert all({"title", "what", "note"} <= set(words) for words in WORDS.values())
    assert [step.id for step in CHAPTER.every] == ["speech", "lot", "heads", "probes", "own", "marked"]
    assert chapters.load("layer_knows") is CHAPTER
    assert set(numbers.NAMES) == set(relations.RELATIONS)
    counts = numbers.counted()
    assert counts["words"].sum() == 2491
