"""The marked relations: as the card says, and each from a word to a word of the right kind."""

import pytest

from bert_explain.errors import Missing
from bert_explain.kernel import relations
from bert_explain.kernel.relations import Relation, Sentence
from bert_explain.kernel.tasks import FOLDER
from bert_explain.training import task_cards

DETERMINERS = {"a", "an", "the", "this", "that", "these", "those", "every", "each", "no", "some", "another"}  # always marked
POSSESSIVES = {"my", "your", "his", "her", "its", "our", "their"}
RARE = {"both", "all", "which"}  # determiners that are something else, too
FRONTED = {"that", "what"}  # objects that stand before their verb, as a noun behind "which"


def test_there_are_150_sentences_in_two_halves():
    found = relations.load()
    assert len(found) == len({sentence.text for sentence in found}) == 150
    assert sum(sentence.half == "choose" for sentence in found) == 75


def test_the_card_says_what_is_measured():
    card = (FOLDER / "relations" / "README.md").read_text(encoding="utf-8")
    assert task_cards.with_numbers(card, task_cards.relation_numbers(relations.load())) == card


@pytest.mark.parametrize("sentence", relations.load(), ids=lambda sentence: sentence.text)
def test_relations_join_words_of_the_right_kind(sentence):
    lower = [word.lower() for word in sentence.words]
    dependents = [relation.dependent for relation in sentence.relations]
    assert len(set(dependents)) == len(dependents), "a word has two heads"
    assert tuple(sentence.text[start:end] for start, end in sentence.spans) == sentence.words
    for relation in sentence.relations:
        said, after = lower[relation.dependent], [*lower, ""][relation.dependent + 1]
        between = lower[min(relation.dependent, relation.head) + 1 : max(relation.dependent, relation.head)]
        first = relation.dependent < relation.head
        if relation.name == "det":
            assert said in DETERMINERS | RARE
            assert first
            assert not set(between) & {*DETERMINERS, *POSSESSIVES, "'s"}, "the noun of another determiner"
        elif relation.name == "poss":
            assert said in POSSESSIVES or after == "'s"
            assert first
        else:
            assert first == (relation.name == "dobj" and (said in FRONTED or "which" in lower[:1]))
    marked = {lower[place] for place in dependents}
    assert set(lower) & (DETERMINERS | POSSESSIVES) <= marked, "a determiner or possessor is not marked"
    assert {lower[i - 1] for i, word in enumerate(lower) if word == "'s"} <= marked


@pytest.mark.parametrize("name", relations.RELATIONS)
def test_no_fixed_offset_finds_most_heads(name):
    """Else no attention head could show that it does more than count words."""
    offset, share, size = relations.best_offset(name, relations.load())
    assert size >= 40
    assert share < 0.55, offset


def test_the_best_offset_is_chosen_on_one_half_and_scored_on_the_other():
    def made(half, *offsets):
        return [Sentence("a b c d e f", (Relation("det", 1, 1 + offset),), half) for offset in offsets]

    rows = (*made("choose", 1, 1, 2), *made("score", 2, 2, 2, 1))
    assert relations.best_offset("det", rows) == (1, 0.25, 4)
    tie = (*made("choose", 2, 1), *made("score", 1))
    assert relations.best_offset("det", tie) == (1, 1.0, 1)
    with pytest.raises(ValueError, match="at least one poss"):
        relations.best_offset("poss", rows)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("choose\tdet:0>9\tThe dog.", "line 2: det:0>9 does not go from one of 3 words"),
        ("choose\tdet:1>1\tThe dog.", "does not go from"),
        ("choose\tnsubj:0>1\tThe dog.", "nsubj is none of the relations"),
        ("third\tdet:0>1\tThe dog.", "third is none of the halves"),
        ("choose", "line 2: it has not as many columns as the head"),
    ],
)
def test_a_wrong_row_is_said_with_its_line(tmp_path, row, said):
    path = tmp_path / "sentences.tsv"
    path.write_text(f"half\trelations\ttext\n{row}\n")
    with pytest.raises(ValueError, match=said):
        relations.load(path)


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(Missing, match=r"sentences\.tsv is not in"):
        relations.load(tmp_path / "sentences.tsv")
