"""The page on word vectors, as Streamlit runs it: every step, numbers beside gensim's, links, bad input."""

import json
import re
import threading
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from bert_explain.analysis import skipgram
from bert_explain.analysis import vectors as av
from bert_explain.chapters.vectors import analogies, one_vector
from bert_explain.chapters.vectors import draw_train as vectors_train
from bert_explain.content.vectors import analogies as examples
from bert_explain.engines.jobs import JOBS
from bert_explain.models import load_vectors
from bert_explain.query import Query
from bert_explain.trace import run
from bert_explain.ui import working
from tests.whole import explore, finished

APP = str(Path(__file__).resolve().parents[2] / "app.py")
TITLES = {
    "Neighbours": ["Which words are near?"],
    "Arithmetic": ["The sum in Word2Vec: 100 numbers a word", "The sum in GloVe 6B: 50 numbers a word"],
    "Two words": ["Two words, number by number"],
    "A map": ["20 words on a map"],
    "One vector": [
        "Each word of sentence A is looked up, by itself",
        "The same word in A and in B",
        "One vector for all its meanings",
    ],
    "Train your own": ["What is learned at one place"],
}
WILD = ["", "🙂", "x" * 100, "<img src=x onerror=alert(1)>", "**bold**", "\u202eabc", "a\x00b"]


def opened(step: str = "", **params: str) -> AppTest:
    """The page, opened cold at an address."""
    at = explore(AppTest.from_file(APP, default_timeout=180))
    for name, value in (({"see": step} if step else {}) | params).items():
        at.query_params[name] = value
    at.switch_page("pages/9_Word_vectors.py")
    at.run()
    assert not at.exception
    return at


def html(at: AppTest, kind: str = "look") -> str:
    return " ".join(e.proto.body for e in at.get("html") if f'class="{kind}' in e.proto.body)


def button(at: AppTest, label: str):
    return next(b for b in at.button if b.label == label)


def field(at: AppTest, label: str):
    return next(t for t in at.text_input if t.label == label)


@pytest.mark.slow
@pytest.mark.parametrize("step", TITLES)
def test_each_step_opens_by_its_address(step):
    at = opened(step)
    assert at.title[0].value == "Word vectors"
    assert [s.value for s in at.subheader] == TITLES[step]
    assert 'class="look"' in html(at)


def test_it_begins_with_the_telling_word_of_the_sentence():
    at = opened()
    vectors = load_vectors("word2vec")
    near = av.neighbours(vectors, "bank", 10)
    assert av.look_neighbours(vectors, "bank", near).html() in html(at)
    assert near["word"].tolist() == [w for w, _ in vectors.keyed.most_similar("bank", topn=10)]
    assert "see" not in at.query_params
    assert any(f"{vectors.size:,} words, 100 numbers each" in c.value for c in at.caption)


def test_another_table_another_word_and_the_link_reopens_them():
    at = opened(table="glove", word="Doctor", nearest="4")
    glove = load_vectors("glove")
    assert av.look_neighbours(glove, "Doctor", av.neighbours(glove, "doctor", 4)).html() in html(at)
    field(at, "Any word").set_value("river").run()
    assert av.look_neighbours(glove, "river", av.neighbours(glove, "river", 4)).html() in html(at)
    assert at.query_params["word"] in ("river", ["river"])


def test_a_missing_word_gets_suggestions_that_can_be_taken():
    at = opened(table="glove", word="riverbankk")
    assert "has no vector" in html(at)
    button(at, "riverbank").click().run()
    assert not at.exception
    assert "points most nearly the same way as" in html(at)


@pytest.mark.slow
@pytest.mark.parametrize("example", [e.text for e in examples()])
def test_the_examples_are_computed_for_both_tables(example):
    at = opened("Arithmetic", sum=example)
    hoped = next(e.hoped for e in examples() if e.text == example)
    for name in ("word2vec", "glove"):
        vectors = load_vectors(name)
        added = analogies.add(vectors, analogies.parse(example))
        table = analogies.ranking(vectors, added, 8)
        assert analogies.look(table, hoped).html() in html(at)
        signs = {sign: [t.word for t in added.terms if t.sign == sign] for sign in (1, -1)}
        theirs = vectors.keyed.most_similar(signs[1], signs[-1], topn=8)
        assert table.loc[~table["given"], "word"].tolist() == [w for w, _ in theirs]


def test_the_page_says_what_is_left_out_and_shows_it_when_asked():
    at = opened("Arithmetic")
    assert any("left out of this ranking" in c.value for c in at.caption)
    at.toggle[0].set_value(True).run()
    assert any("are in this ranking" in c.value for c in at.caption)
    assert at.query_params["given"] in ("1", ["1"])


@pytest.mark.slow
@pytest.mark.parametrize("text", ["king queen", "+ -", "a + b + c + d + e + f + g"])
def test_a_sum_that_is_none_is_answered(text):
    at = opened("Arithmetic")
    field(at, "Your own: words with + and − between them").set_value(text).run()
    assert not at.exception
    assert "spaces around" in html(at, "notice") or "At most 6" in html(at, "notice")


def test_after_its_question_any_sum_can_be_chosen():
    """Also the one that the page opens with: it cannot be told from no choice by what it says."""
    at = opened("Arithmetic", a="He opened both doors.", b="The garden was quiet.")
    for label in ("Guess first", "Ask it of another sentence", "just show me"):
        for button in [b for b in at.button if b.label == label]:
            button.click().run()
    assert not at.exception
    own = "Your own: words with + and − between them"
    asked = field(at, own).value
    assert asked != "king - man + woman"
    next(b for b in at.button if b.label == "king − man + woman").click().run()
    assert not at.exception
    assert field(at, own).value == "king - man + woman"
    at.text_input[0].set_value("We sat in the house.").run()
    assert field(at, own).value == "king - man + woman"  # it was chosen: an edit leaves it


def test_words_together_and_words_missing():
    at = opened("Arithmetic", sum="king-man+womann")
    assert "womann" in html(at)
    assert "has no vector" in html(at)
    at = opened("Arithmetic", sum="king-man+woman")
    assert "The nearest word that was not given is" in html(at)


@pytest.mark.slow
@pytest.mark.parametrize("word", WILD)
def test_wild_words_are_only_words(word):
    at = opened("Two words")
    field(at, "One word").set_value(word).run()
    assert not at.exception
    assert "<img" not in html(at)
    assert field(at, "Another word").value == "queen"
    at = opened("Arithmetic")
    field(at, "Your own: words with + and − between them").set_value(f"king + {word}").run()
    assert not at.exception
    assert "<img" not in html(at) + html(at, "notice")


def test_the_map_of_a_list_with_missing_words_and_too_few():
    at = opened("A map", table="glove")
    at.text_area[0].set_value("dog, cat; river\nbank <b>x</b> qqqzzz Dog").run()
    assert not at.exception
    assert at.subheader[0].value == "4 words on a map"
    at.text_area[0].set_value("dog cat").run()
    assert not at.exception
    assert any("at least three words" in t.value for t in at.text)


def test_the_map_holds_at_most_so_many_words():
    words = " ".join(load_vectors("glove").words[1000:1300])
    at = opened("A map", table="glove")
    at.text_area[0].set_value(words).run()
    assert not at.exception
    assert at.subheader[0].value == "200 words on a map"
    assert any("The first 200 of 300 words are drawn." in c.value for c in at.caption)


def test_t_sne_takes_a_seed_and_three_axes():
    at = opened("A map", table="glove", method="t-SNE", axes="3-D", tsne="5")
    spec = json.loads(at.get("plotly_chart")[0].proto.spec)
    assert spec["data"][-1]["type"] == "scatter3d"
    assert next(n for n in at.number_input if n.label == "Seed").value == 5


def test_one_vector_for_both_sentences(mini_bert):
    a, b = "She walked to the bank of the river.", "He put the money in the bank."
    at = opened("One vector", a=a, b=b)
    tables = [load_vectors("word2vec"), load_vectors("glove")]
    pair = av.shared(tables[0], a, b)[0]
    table = one_vector.table(run(mini_bert, Query(a, b)), tables, *pair)
    assert table["cosine"].tolist()[:2] == pytest.approx([1, 1])
    assert one_vector.look("bank", table).html() in html(at)


@pytest.mark.slow
@pytest.mark.parametrize(("a", "b"), [("", ""), ("🙂 ...", "!!!"), ("One word.", "")])
def test_without_a_shared_word_an_example_is_offered(a, b):
    for step in ("One vector", "Neighbours"):
        at = opened(step, a=a, b=b)
    at = opened("One vector", a=a, b=b)
    next(b for b in at.button if b.key == "vectors-example").click().run()
    assert not at.exception
    assert "is the same in A and in B" in html(at)


def test_a_training_is_asked_for_and_its_passes_can_be_walked():
    at = opened("Train your own", passes="10")
    next(b for b in at.button if b.key == "train").click().run()
    assert not at.exception
    assert [s.value for s in at.subheader] == ["The vectors while they learn", "What is learned at one place"]
    assert "After 10 passes" in html(at)
    at.select_slider[0].set_value(0).run()
    assert "Nothing is learned yet" in html(at)
    points = json.loads(at.get("plotly_chart")[0].proto.spec)["data"][1]
    assert points["type"] == "scatter"
    again = opened("Train your own", passes="10", trained=one(at.query_params["trained"]), after="5")
    assert "After 5 passes" in html(again)


@pytest.mark.slow
def test_a_training_goes_on_beside_the_page_and_can_be_stopped(monkeypatch):
    """Its map is drawn as far as it is, what is edited meanwhile is answered, and a stopped training is offered again."""
    monkeypatch.setattr(working, "AT_ONCE", 0.1)
    monkeypatch.setattr(vectors_train, "SHOW_EVERY", 0.0)
    go, first = threading.Semaphore(3), skipgram.Learner.reach

    def slow(learner, passes):
        assert go.acquire(timeout=60)
        return first(learner, passes)

    monkeypatch.setattr(skipgram.Learner, "reach", slow)
    at = opened("Train your own", passes="200", start="4321")
    next(b for b in at.button if b.key == "train").click().run()
    assert not at.exception
    assert "The vectors while they learn" not in [s.value for s in at.subheader]
    assert len(at.get("plotly_chart")) == 1
    trained = at.query_params["trained"]
    at.text_input[0].set_value("An edit while it learns.").run()
    assert not at.exception
    assert at.query_params["trained"] == trained
    stop = next(b for b in at.button if b.label == "Stop learning")
    go.release(1)
    stop.click().run()
    go.release(1000)
    assert JOBS.wait(60)
    at.run()
    assert any(b.key == "train" for b in at.button)
    assert "trained" not in at.query_params
    monkeypatch.setattr(skipgram.Learner, "reach", first)
    next(b for b in at.button if b.key == "train").click().run()
    finished(at)
    assert "After 200 passes" in html(at)


def test_one_vector_shows_the_neighbours_of_a_word_that_tells_something():
    at = opened("One vector", a="She walked to the bank of the river.", b="The water was cold and clear.")
    assert re.search(r"Read the neighbours of .*?bank", html(at))
    empty = opened("One vector", a="", b="")
    assert not empty.exception
    assert "nothing to look up" in html(empty)
    assert "One vector for all its meanings" in [s.value for s in empty.subheader]


def test_one_vector_does_not_open_on_the():
    at = opened("One vector", a="She walked to the bank.", b="The water was cold.")
    assert "Your sentences share only words like" in " ".join(t.value for t in at.text)
    assert re.search(r"In a table of word vectors <b[^>]*>bank</b> is the same", html(at))
    own = opened("One vector", a="She walked to the bank.", b="The water was cold.", shared="0")
    assert re.search(r"In a table of word vectors <b[^>]*>the</b> is the same", html(own))


def one(value) -> str:
    return value if isinstance(value, str) else value[0]


@pytest.mark.parametrize("text", ["   ", "one", "a b", "🙂", "<b>x</b> <i>y</i> z", "word " * 20_000])
def test_any_text_can_be_given_to_train_on(text):
    at = opened("Train your own")
    at.text_area[0].set_value(text).run()
    assert not at.exception
    if len(set(text.split())) < 3 and text.strip():
        assert any("too little to learn from" in t.value for t in at.text)


def test_bad_links_are_dropped_with_a_notice():
    at = opened("Nothing", table="../../etc/passwd", nearest="99", method="UMAP", list="%%%")
    assert at.title[0].value == "Word vectors"
    assert "which is not possible here" in html(at, "notice")


def test_a_damaged_file_given_at_the_start_is_said(tmp_path, monkeypatch):
    path = tmp_path / "cut.vec"
    path.write_bytes(b"5 3\nthe 1 2 3\n")
    monkeypatch.setenv("BERT_EXPLAIN_VECTORS", str(path))
    at = opened("Neighbours", table="cut.vec")
    assert "says 5 words and has 1" in html(at, "notice")
    at = opened("Arithmetic")
    assert len(at.subheader) == 2


def test_a_file_given_at_the_start_is_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    rows = np.random.default_rng(0).normal(size=(30, 4)).round(4)
    path = tmp_path / "own.txt"
    path.write_text("\n".join(f"w{i} {' '.join(map(str, row))}" for i, row in enumerate(rows)))
    monkeypatch.setenv("BERT_EXPLAIN_VECTORS", str(path))
    at = opened("Neighbours", table="own.txt", word="w3")
    best = max((r for r in range(30) if r != 3), key=lambda r: rows[r] @ rows[3] / np.linalg.norm(rows[r]))
    assert f">w{best}<" in html(at)


def test_a_possessive_with_a_curly_apostrophe_has_the_vector_of_its_word():
    at = opened("One vector", a="The king’s horse ran.", b="The king's horse slept.")
    assert re.search(r"In a table of word vectors <b[^>]*>king’s</b> is the same in A and in B", html(at))
    at = opened("Neighbours", a="King’s!", b="")
    assert field(at, "Any word").value == "King"
    assert "points most nearly the same way as" in html(at)
