"""The marked parts of speech: as the card says, and words of the closed classes where they belong."""

from collections import Counter

import pytest

from bert_explain.errors import Missing
from bert_explain.kernel import parts_of_speech, relations
from bert_explain.kernel.tasks import FOLDER

CLOSED = {
    "DET": {"a", "an", "the", "every", "this", "these", "those", "no", "some", "another", "all", "which", "such", "that"},
    "PART": {"'s", "not", "to"},
    "CCONJ": {"and", "or", "but", "nor", "neither"},
    "AUX": {
        "are",
        "can",
        "did",
        "do",
        "had",
        "has",
        "have",
        "is",
        "may",
        "might",
        "must",
        "should",
        "was",
        "were",
        "will",
        "would",
    },
}


def test_the_relations_sentences_come_first_and_every_sentence_once():
    found = parts_of_speech.load()
    assert [s.text for s in found[:150]] == [s.text for s in relations.load()]
    assert len({s.text for s in found}) == len(found) == 283


def test_the_card_says_how_many():
    card = (FOLDER / "parts-of-speech" / "README.md").read_text(encoding="utf-8")
    pairs = [(t, w.lower()) for s in parts_of_speech.load() for w, t in zip(s.words, s.tags, strict=True)]
    counts = Counter(tag for tag, _ in pairs)
    assert f"| words and marks | {len(pairs)} |" in card
    assert f"| without marks | {len(pairs) - counts['PUNCT']} |" in card
    assert f"| different words | {len({w for t, w in pairs if t != 'PUNCT'})} |" in card
    rows = [line.strip("| ").split(" | ") for line in card.splitlines() if line.startswith("| NOUN") or ", " in line[:12]]
    told = {}
    for row in rows:
        if len(row) == 2 and row[1][0].isdigit():
            told |= dict(zip(row[0].split(", "), map(int, row[1].split(", ")), strict=True))
    assert told == dict(counts)


def test_tags_of_closed_classes_are_on_their_words_only():
    for sentence in parts_of_speech.load():
        for word, tag in zip(sentence.words, sentence.tags, strict=True):
            assert (tag == "PUNCT") == (not word[-1].isalnum()), (sentence.text, word)
            if tag in CLOSED:
                assert word.lower() in CLOSED[tag], (sentence.text, word, tag)
            if word.lower() in ("the", "a", "an", "and", "'s"):
                assert tag in ("DET", "CCONJ", "PART"), (sentence.text, word, tag)


def test_marked_determiners_and_possessors_are_tagged_as_such():
    for sentence, tagged in zip(relations.load(), parts_of_speech.load()[:150], strict=True):
        for relation in sentence.relations:
            tag = tagged.tags[relation.dependent]
            wanted = {"det": ("DET",), "poss": ("PRON", "NOUN", "PROPN")}.get(relation.name, ("NOUN", "PRON", "PROPN"))
            assert tag in wanted, (sentence.text, relation)
            if relation.name == "pobj":
                assert tagged.tags[relation.head] == "ADP", (sentence.text, relation)


@pytest.mark.parametrize("row", ["NOUN VERB\tA dog.", "NOUN VERB ODD\tDogs bark.", "\tDogs bark."])
def test_a_wrong_row_is_named(tmp_path, row):
    file = tmp_path / "sentences.tsv"
    file.write_text(f"tags\ttext\n{row}\n")
    with pytest.raises(ValueError, match="line 2"):
        parts_of_speech.load(file)
    with pytest.raises(Missing):
        parts_of_speech.load(tmp_path / "none.tsv")
