"""The training text: how it is read, cut, and held out."""

import json
import lzma
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bert_explain.training import corpus
from bert_explain.training.corpus import BadText, Document


def test_documents_are_blocks_of_lines_in_plain_and_packed_files(tmp_path):
    (tmp_path / "news.txt").write_text("\nOne.\nTwo.\n\n\nThree.\n", encoding="utf-8")
    with lzma.open(tmp_path / "tales.txt.xz", "wt", encoding="utf-8") as file:
        file.write("Été.\n")
    assert corpus.documents(tmp_path) == [
        Document("news", 0, ("One.", "Two.")),
        Document("news", 1, ("Three.",)),
        Document("tales", 0, ("Été.",)),
    ]


def test_in_a_file_of_sentences_every_line_stands_alone(tmp_path):
    (tmp_path / "talk-sentences.txt").write_text("Hello. How are you?\n\nI am fine.\n", encoding="utf-8")
    found = corpus.documents(tmp_path)
    assert found == [
        Document("talk-sentences", 0, ("Hello. How are you?",)),
        Document("talk-sentences", 1, ("I am fine.",)),
    ]
    assert corpus.alone("talk-sentences")
    assert corpus.alone("wordnet")
    assert not corpus.alone("news")


def test_wordnet_definitions_become_documents_and_its_examples_are_not_read(tmp_path):
    (tmp_path / "wordnet").mkdir()
    line = (
        "09236472 17 n 02 bank 0 sandbar(p) 0 001 @ 09456949 n 0000 | sloping land beside water; "
        '"they pulled the canoe up on the bank"; "He sat there."  \n'
    )
    for part in ("noun", "verb", "adj", "adv"):
        text = "  1 This software ...\n" + (line if part == "noun" else "")
        (tmp_path / "wordnet" / f"data.{part}").write_text(text, encoding="utf-8")
    assert corpus.documents(tmp_path) == [Document("wordnet", 0, ("Bank means sloping land beside water.",))]


@pytest.mark.parametrize("where", ["nowhere", "."])
def test_a_folder_without_text_is_said(tmp_path, where):
    with pytest.raises(BadText, match="holds no|no folder"):  # noqa: RUF043
        corpus.documents(tmp_path / where)


def test_sentences_end_where_a_reader_would_end_them():
    text = 'Dr. Li left. She ran to the U.S. Senate. "Why?" he asked. J. Smith came on Monday! It cost 3.5 dollars.'
    assert corpus.sentences(text) == [
        "Dr. Li left.",
        "She ran to the U.S. Senate.",
        '"Why?" he asked.',
        "J. Smith came on Monday!",
        "It cost 3.5 dollars.",
    ]


@given(st.text(max_size=200))
def test_cutting_loses_nothing_but_space(text):
    assert "".join("".join(corpus.sentences(text)).split()) == "".join(text.split())


def test_words_are_words_numbers_and_marks():
    assert corpus.words("It's 3.5 cm, a well-known 1,000!") == ["It's", "3.5", "cm", ",", "a", "well-known", "1,000", "!"]


def test_no_document_is_both_learned_and_measured(text_folder):
    found = corpus.documents(text_folder)
    learned, measured = corpus.for_training(found), corpus.for_validation(found)
    assert [d.number for d in measured] == [7, 57, 107]
    assert not set(learned) & set(measured)
    assert len(learned) + len(measured) == len(found)


def test_the_two_halves_of_what_is_held_out_have_nothing_in_common(text_folder):
    found = corpus.documents(text_folder)
    halves = [corpus.for_validation(found, half) for half in (corpus.CHOICE, corpus.PRINT)]
    assert [[d.number for d in half] for half in halves] == [[7, 107], [57]]


def test_weights_that_are_no_whole_numbers_hold_on_average():
    found = [
        Document(source, n, ("One.",)) for source in ("classics", "captions-sentences", "facts-sentences") for n in range(5000)
    ]
    times = corpus.times(found, np.random.default_rng(0)).reshape(3, -1)
    assert times.mean(1) == pytest.approx([0.12, 1.2, 6.0], abs=0.02)
    assert [set(row) for row in times.tolist()] == [{0, 1}, {1, 2}, {6}]


def test_novels_are_about_a_tenth_of_what_is_read(shared_dir):
    """By letters; WordNet's definitions, which are not in this folder, make it less."""
    found = corpus.for_training(corpus.documents(shared_dir / "corpus"))
    read = Counter()
    for document in found:
        read[document.source] += corpus.weight(document.source) * sum(map(len, document.paragraphs))
    assert set(read) == set(corpus.WEIGHTS) - {corpus.DICTIONARY}
    assert 0.08 < read[corpus.NOVELS] / read.total() < 0.13


def test_the_split_is_written_down_and_keeps_versions_of_a_held_out_text_out(shared_dir):
    found = corpus.documents(shared_dir / "corpus")
    written = json.loads(corpus.SPLIT.read_text())["sources"]
    counted = {source: sum(d.source == source for d in found) for source in written}
    assert counted == {source: of["documents"] for source, of in written.items()}
    learned = corpus.for_training(found)
    held = corpus.for_validation(found)
    assert len(held) == sum(len(corpus._numbers(of)) for of in written.values())
    assert {d.source for d in held} == set(written)
    # The same article stands in the news in several levels of difficulty: none of them may be learned.
    coca = [d for d in found if d.source == "news" and "coca" in d.paragraphs[0] and "Bolivia" in " ".join(d.paragraphs)]
    assert any(corpus.held_out(d) for d in coca)
    assert not set(coca) & set(learned)
