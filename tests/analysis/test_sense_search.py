"""WordNet's table, the search over it, and the index on disk."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from bert_explain.analysis import sense_index, sense_search, senses
from bert_explain.analysis.occurrences import Occurrence, PieceReader
from bert_explain.chapters.same_word import sense_looks
from bert_explain.content import wordnet
from bert_explain.errors import Missing
from bert_explain.training import senses as measuring
from bert_explain.training import wordnet as building
from tests.tiny import tiny_bert


@pytest.fixture(scope="module")
def net():
    return wordnet.load()


# the table


def test_every_row_has_its_word_where_it_says(net):
    table = net.sentences
    assert len(table) == wordnet.counts()["sentences"] == 47_676
    assert (table["start"] < table["end"]).all()
    assert (table["end"] <= table["text"].str.len()).all()
    assert set(table["sense"]) == set(net.senses.index)
    exact = [
        t[a:b].lower() == w.lower() for t, a, b, w in zip(*(table[c] for c in ("text", "start", "end", "word")), strict=True)
    ]
    assert 0.7 < np.mean(exact) < 1  # the rest are other forms of it


def test_the_rows_of_a_word_are_all_its_rows(net):
    rows = net.rows["bank"]
    assert set(net.sentences["word"].iloc[list(rows)]) == {"bank"}
    assert len(rows) == (net.sentences["word"] == "bank").sum() == 13
    assert sum(map(len, net.rows.values())) == len(net.sentences)


def test_forms_lead_to_words(net):
    assert sense_search.entries(net, "Ran") == ("run",)
    assert sense_search.entries(net, "left")[0] in ("leave", "left")
    assert "bank" in sense_search.entries(net, "banks")
    assert sense_search.entries(net, "xyzzy") == ()


def test_a_table_that_is_not_there_says_how_to_make_it(tmp_path):
    with pytest.raises(Missing, match="training wordnet"):
        wordnet.load(tmp_path)
    assert wordnet.scores(tmp_path) == {}


GLOSS = 'sloping land; "they pulled the canoe up on the bank"; "he sat on the `bank`"; "bank"; "no such word"'


def test_the_program_that_builds_it(tmp_path):
    (tmp_path / "data.noun").write_text(f"  1 licence\n00000017 17 n 02 bank 0 side(p) 1 000 | {GLOSS}  \n", "latin-1")
    (tmp_path / "data.verb").write_text('00000020 30 v 01 give_up 0 000 | stop; "she gave up smoking"  \n', "latin-1")
    for name in ("data.adj", "data.adv"):
        (tmp_path / name).write_text("", "latin-1")
    (tmp_path / "verb.exc").write_text("gave give\n", "latin-1")
    (tmp_path / "index.sense").write_text("bank%1:17:01:: 00000017 1 25\ngive_up%2:30:00:: 00000020 3 0\n", "latin-1")
    counts = building.build(tmp_path, tmp_path / "out")
    assert counts["examples"] == 5
    assert counts["left out: the word is not in it"] == counts["left out: fewer than two words"] == 1
    made = wordnet.load(tmp_path / "out")
    assert made.sentences["text"].tolist()[1] == "he sat on the 'bank'"
    assert made.sentences.iloc[2].tolist() == ["she gave up smoking", "give up", 4, 11, "v00000020", 3]
    assert made.senses.loc["n00000017", "words"] == "bank, side"
    assert json.loads((tmp_path / "out" / "counts.json").read_text())["senses"] == 2


# the search


def test_the_nearest_by_hand():
    vectors = np.array([[1, 0], [0, 1], [2, 0], [np.nan, np.nan], [1, 1]])
    found = sense_search.rank(np.array([1.0, 0]), vectors, [10, 11, 12, 13, 14], 3)
    assert found["row"].tolist() == [10, 12, 14]
    assert found["rank"].tolist() == [1, 1, 3]
    assert sense_search.equally_near(found) == 2


def test_hits_carry_word_meaning_and_definition(net):
    letters = sense_search.letters(net, "bank")
    assert list(letters.values()) == list("ABCDEFGHIJK"[: len(letters)])
    hits = sense_search.hits(net, sense_search.ranked(list(net.rows["bank"])[:3], [0.9, 0.8, 0.8]), letters)
    assert hits["meaning"].tolist()[:2] == ["A", "A"]
    assert hits["definition"].iloc[0].startswith("sloping land")
    assert hits["rank"].tolist() == [1, 2, 2]


def test_letters_go_on_after_z(net):
    most = max(net.rows, key=lambda w: net.sentences["sense"].iloc[list(net.rows[w])].nunique())
    letters = list(sense_search.letters(net, most).values())
    assert letters[25:28] == ["Z", "AA", "AB"]


def test_the_river_finds_the_river(net, mini_bert):
    read = PieceReader("bert", "BERT", mini_bert)
    here = Occurrence("She walked to the bank of the river.", 18, 22)
    rows = net.rows["bank"]
    vectors = read.vectors(sense_search.occurrences(net, rows))[-1]
    found = sense_search.rank(read.vectors([here])[-1][0], vectors, rows, 5)
    hits = sense_search.hits(net, found, sense_search.letters(net, "bank"))
    assert hits["definition"].iloc[0].startswith("sloping land")
    same = sense_search.ranked(list(rows), np.ones(len(rows)))
    look = sense_search.look(hits, sense_search.hits(net, same, {}), ("BERT", "GloVe"), "bank").plain()
    assert "first 13 are equally near" in look
    assert hits["sentence"].iloc[0] in look


# the index


@pytest.fixture
def small(net, tmp_path, monkeypatch):
    """The first 60 sentences as a table of their own, a tiny model, a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    part = net.sentences.iloc[list(net.rows["bank"]) + list(net.rows["light"])[:47]]
    return wordnet.WordNet(part.reset_index(drop=True), net.senses), PieceReader("bert", "BERT", tiny_bert())


def test_the_index_is_kept_and_finds_what_a_full_search_finds(small):
    net, read = small
    assert sense_index.opened(read, 1, net) is None
    seen = []
    built = sense_index.build(read, 1, net, lambda done, of: seen.append((done, of)))
    assert seen[-1] == (60, 60)
    kept = sense_index.opened(read, 1, net)
    vectors = read.vectors(sense_search.occurrences(net, range(60)), 1)[0]
    exact = sense_search.rank(vectors[7], vectors, range(60), 60)
    for index in (built, kept):
        rows, cosines = sense_index.search(index, vectors[7], 5)
        assert cosines == pytest.approx(exact["cosine"].to_numpy()[:5], abs=5e-3)
        assert set(rows) <= set(exact["row"][exact["cosine"] > cosines.min() - 5e-3])


def test_a_build_that_was_broken_off_goes_on(small, monkeypatch):
    net, read = small
    monkeypatch.setattr(sense_index, "PART", 25)

    def stop(done, of):
        if done > 25:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sense_index.build(read, 1, net, stop)
    assert sense_index.opened(read, 1, net) is None
    seen = []
    sense_index.build(read, 1, net, lambda done, of: seen.append(done))
    assert min(seen) > 25
    assert len(sense_index.opened(read, 1, net)) == 60
    assert len(list(sense_index.path(read, 1, net).parent.iterdir())) == 1


def test_other_weights_layers_and_sentences_have_other_files(small):
    net, read = small
    other = PieceReader("bert", "BERT", tiny_bert(seed=1))
    less = wordnet.WordNet(net.sentences[:50], net.senses)
    files = {sense_index.path(*at) for at in ((read, 1, net), (read, 2, net), (other, 1, net), (read, 1, less))}
    assert len(files) == 4


def test_a_file_that_is_cut_short_is_built_again(small):
    net, read = small
    sense_index.build(read, 1, net, lambda *_: None)
    file = sense_index.path(read, 1, net)
    file.write_bytes(file.read_bytes()[:1000])
    assert sense_index.opened(read, 1, net) is None


def test_a_folder_that_cannot_be_written_to_costs_nothing_but_the_file(small, tmp_path):
    net, read = small
    (tmp_path / "cache").write_text("a file, not a folder")
    assert len(sense_index.build(read, 1, net, lambda *_: None)) == 60
    assert sense_index.opened(read, 1, net) is None


# the score


def test_the_command_measures_what_can_be_loaded(net, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(measuring, "reader", lambda key: only_bert(key))
    measuring.main(["--words", "3", "--out", str(tmp_path / "scores.json")])
    found = json.loads((tmp_path / "scores.json").read_text())
    assert list(found["models"]) == ["bert"]
    assert len(found["models"]["bert"]["word"]) == 3
    assert 0 < found["word"]["chance"] < 1
    assert found["word"]["queries"] >= found["kind"]["queries"] > 0
    assert "GloVe is left out" in capsys.readouterr().out
    other = {**found["models"]["bert"], "title": "GloVe"}
    before = {**found, "models": {"glove": other, "bert": other}}
    assert measuring.joined(before, found)["models"] == {"glove": other, "bert": found["models"]["bert"]}
    assert measuring.joined({**before, "table": "x"}, found) == found


def only_bert(key):
    if key != "bert":
        raise Missing("It is not here.")
    return PieceReader("bert", "BERT", tiny_bert())


def test_the_shipped_scores_belong_to_the_shipped_table(net):
    scores = wordnet.scores()
    assert scores["table"] == net.fingerprint
    assert scores["word"]["queries"] > 10_000
    assert all(len(m["word"]) == len(m["kind"]) == len(m["layers"]) for m in scores["models"].values())


def test_only_words_that_can_be_asked_about_are_read(net):
    rows = measuring.asked(net)
    words = net.sentences.iloc[rows].groupby("word")
    assert (words["sense"].nunique() > 1).all()
    assert (words.size() > words["sense"].nunique()).all()
    assert 0 < len(measuring.asked(net, 5)) < len(rows)


# what is said


def test_looks_say_what_the_numbers_say():
    labels = list("aabb")
    apart = {"bert": np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1]]), "glove": np.ones((4, 2))}
    titles = {"bert": "BERT", "glove": "GloVe"}

    def squares(read, labels):
        found = senses.silhouettes({key: v[None] for key, v in read.items()}, titles, labels)
        return sense_looks.squares(read, titles, labels, "bank", found).plain()

    six = {"bert": np.array([[1, 0], [1, 0.1], [1, 0.2], [0, 1], [0.1, 1], [0.2, 1]]), "glove": np.ones((6, 2))}
    look = squares(six, list("aaabbb"))
    assert look.startswith("GloVe has one vector for bank, whatever the sentence. Look at BERT")
    assert "So few labels" in squares(apart, labels)
    assert "0.99 on average" in look
    assert sense_looks.agreeing(apart["bert"], labels) == (4, 4)
    assert sense_looks.agreeing(apart["bert"], [""] * 4) == (0, 0)
    assert "Give the sentences labels" in squares(apart, [""] * 4)
    assert "None of the models" in squares({"bert": np.ones((6, 2)), "glove": np.ones((6, 2))}, list("aaabbb"))
    # a model whose vectors happen to be equal is not one that reads no sentence
    assert squares({"bert": np.ones((6, 2))}, list("aaabbb")).startswith("None")


def scored(**values: float):
    rows = [(key, key.title(), 0, value, 0.3, 500) for key, value in values.items()]
    return pd.DataFrame(rows, columns=["key", "model", "layer", "value", "chance", "queries"])


@pytest.mark.parametrize(
    ("values", "said", "leads"),
    [
        ({"bert": 0.0, "elmo": -0.1, "word2vec": 0.0}, "None of the models that read the sentence", False),
        ({"bert": 0.3, "elmo": 0.29, "word2vec": 0.0}, "Several models separate the labels about equally well", False),
        ({"bert": 0.3, "elmo": 0.1, "word2vec": 0.0}, "Bert separates the labels best, with 0.30", True),
        ({"bert": 0.3, "elmo": 0.1, "word2vec": 0.5}, "the word's form gives the label away", False),
        ({"word2vec": 0.9}, "None of the models that read the sentence", False),
    ],
)
def test_nobody_separates_labels_best_where_nobody_does(values, said, leads):
    look = sense_looks.story(scored(**values), 8, 2)
    assert said in look.plain()
    assert bool(look.evidence) == leads
    few = sense_looks.story(scored(**values), 4, 2).plain()
    assert "too few" in few or "word2vec" not in values or len(values) == 1


@pytest.mark.parametrize(
    ("values", "queries", "said"),
    [
        ({"bert": 0.5, "elmo": 0.45, "word2vec": 0.31}, 4, "So few questions"),
        ({"bert": 0.5, "elmo": 0.45, "word2vec": 0.31}, 30, "About equally good|clearly better"),
        ({"bert": 0.5, "elmo": 0.45, "word2vec": 0.31}, 5000, "Bert is best, with 50 %"),
        ({"bert": 0.301, "word2vec": 0.9}, 5000, "No model here does clearly better"),
    ],
)
def test_scores_over_few_questions_name_nobody(values, queries, said):
    found = scored(**values).assign(queries=queries)
    assert re.search(said, sense_looks.measured(found, "bank", 9).plain())
    headline = sense_looks.headline(found, 1).plain()
    assert ("For Bert" in headline) == ("is best" in said)


def test_a_nearest_of_equals_agrees_only_where_all_do():
    assert sense_looks.agreeing(np.ones((4, 2)), list("aabb")) == (0, 4)
    assert sense_looks.agreeing(np.array([[1, 0], [1, 0], [0, 1], [0, 1]]), list("aabb")) == (4, 4)
