"""Training Word2Vec: slices, a stop and a start again, the time, another text, the program as it is run."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from bert_explain.models.vector_table import read_folder
from bert_explain.models.vectors import from_table
from bert_explain.training import __main__ as program
from bert_explain.training import cards, corpus, word2vec, word2vec_text, word_tests
from bert_explain.training.corpus import BadText, Document
from bert_explain.training.word2vec import Recipe

ANIMALS = "The dog eats meat. The cat eats fish. A dog drinks water. A cat drinks milk."
ROYALS = "The king wears a crown. The queen wears a crown. A king rules. A queen rules."
TINY = Recipe(vector_size=8, window=2, negative=3, sample=0, min_count=2, epochs=3)
OPTIONS = ["--vector-size", "8", "--sample", "0", "--min-count", "2", "--epochs", "3"]


def texts(source: str = "lessons") -> list[Document]:
    return [Document(source, n, (ANIMALS, ROYALS)) for n in range(30)]


def saved(work) -> dict:
    """The state of the one checkpoint that is there."""
    (folder,) = work.glob("checkpoint*")
    return json.loads((folder / word2vec.STATE).read_text(encoding="utf-8"))["progress"]


@pytest.fixture
def calls(monkeypatch):
    """What gensim was asked to train on: (sentences, learning rate) of each slice."""
    made, real = [], word2vec.Word2Vec.train

    def watched(self, sentences, **settings):
        made.append((sentences, settings["start_alpha"]))
        return real(self, sentences, **settings)

    monkeypatch.setattr(word2vec.Word2Vec, "train", watched)
    return made


def test_slices_put_together_are_the_text(tmp_path):
    path = tmp_path / "words.txt"
    lines = [f"word{n} été {n}" for n in range(10)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    at, found = 0, []
    while not found or at:
        sentences, at = word2vec_text.next_slice(path, at, 7)
        found.append([" ".join(words) for words in sentences])
    assert [line for part in found for line in part] == lines
    assert [len(part) for part in found] == [3, 3, 3, 1]


def test_every_pass_reads_the_whole_text_at_a_falling_rate(tmp_path, calls):
    word2vec.train(texts(), tmp_path / "out", work=tmp_path / "work", recipe=TINY)
    (path,) = (tmp_path / "work").glob("words-*.txt")
    whole = path.read_text(encoding="utf-8").splitlines()
    assert [" ".join(words) for sentences, _ in calls for words in sentences] == whole * TINY.epochs
    rates = [rate for _, rate in calls]
    assert len(rates) >= word2vec.SLICES * 2 // 3 * TINY.epochs  # a slice ends with a line, so there may be fewer
    assert rates[0] == word2vec.ALPHA[0]
    assert word2vec.ALPHA[1] < rates[-1] < word2vec.ALPHA[1] + 2 * word2vec.ALPHA[0] / len(rates)
    np.testing.assert_allclose(rates, np.linspace(rates[0], rates[-1], len(rates)), atol=0.05 * rates[0])


def test_a_run_killed_between_slices_goes_on_where_it_was(tmp_path, monkeypatch, calls):
    monkeypatch.setattr(word2vec, "SAVE_EVERY", -1.0)  # after each slice
    whole = word2vec.train(texts(), tmp_path / "whole", work=tmp_path / "a", recipe=TINY)
    read, total = [sentences for sentences, _ in calls], saved(tmp_path / "a")["words"]
    calls.clear()
    real, stop = word2vec._learn, 30  # in the middle of the second pass

    def killed(*given):
        if len(calls) == stop:
            raise KeyboardInterrupt
        real(*given)

    monkeypatch.setattr(word2vec, "_learn", killed)
    with pytest.raises(KeyboardInterrupt):
        word2vec.train(texts(), tmp_path / "out", work=tmp_path / "b", recipe=TINY)
    assert not (tmp_path / "out").exists()
    state = saved(tmp_path / "b")
    assert state["words"] == sum(len(words) for sentences in read[:stop] for words in sentences)
    assert total / 3 < state["words"] < 2 * total / 3
    assert state["at"] > 0
    (tmp_path / "b" / "checkpoint.part").mkdir()  # what a kill while saving leaves behind
    monkeypatch.setattr(word2vec, "_learn", real)
    word2vec.train(texts(), tmp_path / "out", work=tmp_path / "b", recipe=TINY)
    assert [sentences for sentences, _ in calls] == read  # the rest was read, and nothing twice
    assert saved(tmp_path / "b")["words"] == total
    np.testing.assert_array_equal(np.load(tmp_path / "out" / "vectors.npy"), np.load(whole / "vectors.npy"))
    calls.clear()
    word2vec.train(texts(), tmp_path / "again", work=tmp_path / "b", recipe=TINY)
    assert calls == []  # what is done is done; the table is written again
    np.testing.assert_array_equal(np.load(tmp_path / "again" / "vectors.npy"), np.load(whole / "vectors.npy"))


def test_a_short_time_ends_within_a_slice_and_with_a_low_rate(tmp_path, monkeypatch, calls):
    class Clock:
        now = 0.0

        def __call__(self):
            Clock.now += 1.0  # one look after each slice
            return Clock.now

    monkeypatch.setattr(word2vec, "time", SimpleNamespace(monotonic=Clock()))
    word2vec.train(texts(), tmp_path / "out", work=tmp_path / "work", minutes=10 / 60, recipe=TINY)
    assert len(calls) == 10  # of 60 or so
    rates = [rate for _, rate in calls]
    assert rates == pytest.approx([0.025 - (0.025 - 0.0001) * n / 10 for n in range(10)])
    assert saved(tmp_path / "work")["seconds"] == 10
    word2vec.train(texts(), tmp_path / "out", work=tmp_path / "work", minutes=15 / 60, recipe=TINY)
    assert len(calls) == 15  # the time of the first run counts


def test_the_loss_falls_and_is_kept(tmp_path, monkeypatch):
    losses, real = [], word2vec._line
    monkeypatch.setattr(word2vec, "_line", lambda progress: losses.append(progress.loss) or real(progress))
    recipe = Recipe(vector_size=8, window=2, negative=3, sample=0, min_count=2, epochs=40)
    word2vec.train(texts(), tmp_path / "out", work=tmp_path / "work", recipe=recipe)
    at_random = np.log(2) * (1 + 3)  # for each neighbour: one true pair and three drawn ones
    assert at_random < losses[0] < at_random * 2 * recipe.window
    assert losses[-1] < 0.9 * losses[0]
    assert saved(tmp_path / "work")["loss"] == losses[-1]


def test_the_score_is_measured_after_each_pass_where_the_words_are_known(tmp_path, monkeypatch, calls, capsys):
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("# two\ndog\tcat\t9\nking\tqueen\t8\ndog\tking\t1\n", encoding="utf-8")
    monkeypatch.setattr(word_tests, "datapath", lambda name: str(pairs))
    asked, real = [], word_tests.related
    monkeypatch.setattr(word_tests, "related", lambda keyed: asked.append(len(calls)) or real(keyed))
    word2vec.train(texts(), tmp_path / "out", work=tmp_path / "work", recipe=TINY)
    each = len(calls) // TINY.epochs
    assert asked == [each, 2 * each, 3 * each, 3 * each]
    found = from_table("w", "W", read_folder(tmp_path / "out"))
    assert saved(tmp_path / "work")["wordsim"] == pytest.approx(real(found.keyed))
    assert "wordsim353" in capsys.readouterr().err


def test_a_vocabulary_that_knows_few_of_the_pairs_has_no_score(tmp_path, capsys):
    word2vec.train(texts(), tmp_path / "out", work=tmp_path / "work", recipe=TINY)
    assert saved(tmp_path / "work")["wordsim"] is None
    shown = capsys.readouterr().err
    assert "wordsim353" not in shown
    assert "M words" in shown
    assert "loss" in shown


def test_another_text_or_recipe_does_not_go_on_from_this_checkpoint(tmp_path):
    work, out = tmp_path / "work", tmp_path / "out"
    word2vec.train(texts(), out, work=work, recipe=TINY)
    before = (out / "vectors.npy").read_bytes()
    changed = texts()
    changed[3] = Document("lessons", 3, (ANIMALS, ROYALS.replace("crown", "hat")))
    for documents, recipe in ((texts("stories"), TINY), (changed, TINY), (texts(), Recipe(**{**vars(TINY), "window": 3}))):
        with pytest.raises(BadText, match=r"another text or recipe: give --work another folder"):
            word2vec.train(documents, out, work=work, recipe=recipe)
    assert (out / "vectors.npy").read_bytes() == before


def test_words_left_by_another_text_are_not_trained_on(tmp_path, monkeypatch):
    def killed(*given):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(word2vec, "_learn", killed)  # the file of words is there, a checkpoint is not
        with pytest.raises(KeyboardInterrupt):
            word2vec.train(texts(), tmp_path / "out", work=tmp_path, recipe=TINY)
    other = [Document("lessons", n, ("A bird sings. A bird flies.",)) for n in range(30)]
    word2vec.train(other, tmp_path / "out", work=tmp_path, recipe=TINY)
    assert set(read_folder(tmp_path / "out").words) == {"a", "bird", "sings", "flies"}


@pytest.mark.parametrize(
    ("documents", "said"),
    [
        ([], "no document"),
        ([Document("lessons", 7, (ANIMALS,))], "no document"),  # it is held out
        ([Document("lessons", 0, ("Never twice.",))], "nothing to learn"),
        ([Document("lessons", 0, ("… !",))], "nothing to learn"),
    ],
)
def test_text_without_words_to_learn_is_said_in_a_sentence(tmp_path, documents, said):
    with pytest.raises(BadText, match=said):
        word2vec.train(documents, tmp_path / "out", work=tmp_path / "work", recipe=Recipe())


def test_words_begin_with_the_vectors_that_they_have(tmp_path):
    first = word2vec.train(texts(), tmp_path / "first", work=tmp_path / "a", recipe=TINY)
    (tmp_path / "words.txt").write_text("king king queen queen emperor emperor\n", encoding="utf-8")
    model = word2vec._fresh(tmp_path / "words.txt", TINY)
    own = model.wv["emperor"].copy()
    assert word2vec._begin(model, first) == 2
    table = read_folder(first)
    for word in ("king", "queen"):
        np.testing.assert_allclose(model.wv[word], table.array[list(table.words).index(word)], rtol=1e-4)
    np.testing.assert_array_equal(model.wv["emperor"], own)
    context = np.load(first / "context.npy")[list(table.words).index("king")]
    np.testing.assert_allclose(model.syn1neg[model.wv.key_to_index["king"]], context, rtol=1e-4, atol=1e-7)
    word2vec._begin(model, first, 0.0)
    np.testing.assert_allclose(model.wv["king"], table.array[list(table.words).index("king")], rtol=1e-4)
    model.wv.vectors[:] = 0
    word2vec._begin(model, first, 0.25)
    np.testing.assert_allclose(model.wv["king"], table.array[list(table.words).index("king")] / 4, rtol=1e-3)
    again = word2vec.train(texts(), tmp_path / "again", work=tmp_path / "b", recipe=TINY, weights=first)
    runs = cards.history(again)["runs"]
    assert [run["began_with"] for run in runs] == ["nothing", "first's vectors"]
    assert cards.history(again)["began_with"] == "nothing"
    with pytest.raises(BadText, match="8 numbers a word, not 9"):
        word2vec.train(texts(), tmp_path / "c", work=tmp_path / "d", recipe=replace(TINY, vector_size=9), weights=first)


def test_rare_words_are_learned_and_not_exported(tmp_path):
    whole = read_folder(word2vec.train(texts(), tmp_path / "all", work=tmp_path / "a", recipe=TINY))
    few = read_folder(word2vec.train(texts(), tmp_path / "few", work=tmp_path / "a", recipe=TINY, least=60))
    lines = (tmp_path / "all" / "vocab.txt").read_text(encoding="utf-8").splitlines()
    often = [line.split()[0] for line in lines if int(line.split()[1]) >= 60]
    assert 0 < len(often) < len(whole.words)
    assert list(few.words) == often
    np.testing.assert_array_equal(few.array, whole.array[: len(often)])


def test_the_program(text_folder, tmp_path, capsys):
    arguments = ["--text", text_folder, "--out", tmp_path / "out", "--work", tmp_path / "work", "--minutes", "5", *OPTIONS]
    assert program.main(["word2vec", *map(str, arguments)]) == 0
    table = read_folder(tmp_path / "out")
    assert {"dog", "purrs", "garden"} <= set(table.words)
    assert table.array.shape == (len(table.words), 8)
    words = sum(len(word2vec_text.word_list(p)) for d in corpus.for_training(corpus.documents(text_folder)) for p in d.paragraphs)
    assert saved(tmp_path / "work")["words"] == 3 * words  # three passes
    assert "100%" in capsys.readouterr().err
    for other, said in (("3", "give --work another folder"), ("0", "--window must be 1 or more")):
        with pytest.raises(SystemExit):
            program.main(["word2vec", *map(str, arguments), "--window", other])
        assert said in capsys.readouterr().err
