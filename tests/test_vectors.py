"""Tables of word vectors: every format, damaged files, numbers equal to gensim's."""

import gzip
import os
import pickle

import numpy as np
import pytest
from gensim.models import KeyedVectors, Word2Vec

from bert_explain.errors import BadModel
from bert_explain.models import load_vectors, vectors
from bert_explain.models.vector_files import read_folder, read_given
from bert_explain.models.vectors import from_table, sources

WORDS = ["the", "bank", "river", "naïve", "東京", "money"]
ARRAY = np.random.default_rng(3).normal(size=(6, 5)).astype(np.float32)


def quiet(share: float, what: str) -> None:
    """No progress."""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def keyed() -> KeyedVectors:
    made = KeyedVectors(5)
    made.add_vectors(WORDS, ARRAY)
    return made


def written(keyed: KeyedVectors, folder, name: str):
    """The table as gensim itself writes it."""
    path = folder / name
    plain = str(folder / name.removesuffix(".gz"))
    if ".kv" in name:
        keyed.save(plain)
    else:
        keyed.save_word2vec_format(plain, binary=".bin" in name, write_header="glove" not in name)
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress((folder / name.removesuffix(".gz")).read_bytes()))
    return path


@pytest.mark.parametrize("name", ["a.txt", "glove.txt", "a.vec", "a.bin", "a.kv", "a.txt.gz", "a.bin.gz"])
def test_every_format_gives_what_gensim_wrote(keyed, tmp_path, name):
    path = written(keyed, tmp_path, name)
    for _ in range(2):  # the second time from the cache
        table = read_given(path, quiet)
        assert table.words == WORDS
        np.testing.assert_allclose(table.array, ARRAY, atol=1e-6)


def test_a_text_is_memory_mapped_and_a_changed_file_is_read_anew(keyed, tmp_path):
    path = written(keyed, tmp_path, "a.txt")
    assert isinstance(read_given(path, quiet).array, np.memmap)
    keyed.vectors[0] = 7
    written(keyed, tmp_path, "a.txt")
    os.utime(path, ns=(1, 1))
    assert read_given(path, quiet).array[0, 0] == 7


def test_progress_is_told(keyed, tmp_path):
    told = []
    read_given(written(keyed, tmp_path, "a.txt"), lambda share, what: told.append((share, what)))
    assert told == [(0.0, "Reading a.txt: 0 of 6 words")]


def test_large_arrays_beside_gensims_file_and_whole_models(keyed, tmp_path):
    keyed.save(str(tmp_path / "big.kv"), sep_limit=1)
    assert (tmp_path / "big.kv.vectors.npy").exists()
    table = read_given(tmp_path / "big.kv", quiet)
    assert isinstance(table.array, np.memmap)
    np.testing.assert_array_equal(table.array, ARRAY)
    (tmp_path / "big.kv.vectors.npy").unlink()
    with pytest.raises(BadModel, match="not beside it"):
        read_given(tmp_path / "big.kv", quiet)
    model = Word2Vec([["a", "b", "c"]] * 5, vector_size=4, min_count=1, workers=1, seed=1)
    model.save(str(tmp_path / "whole.model"))
    table = read_given(tmp_path / "whole.model", quiet)
    np.testing.assert_array_equal(table.array, model.wv.vectors)


class Harm:
    """What a pickle can do."""

    def __reduce__(self):
        return (os.mkdir, ("harm-was-done",))


def test_a_pickle_with_a_program_in_it_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.kv").write_bytes(pickle.dumps(Harm()))
    with pytest.raises(BadModel, match="mkdir"):
        read_given(tmp_path / "a.kv", quiet)
    assert not (tmp_path / "harm-was-done").exists()


GOOD = b"2 3\nthe 1 2 3\nbank 4 5 6\n"
BIN = b"2 2\nthe " + np.ones(2, "<f4").tobytes() + b"bank " + np.ones(2, "<f4").tobytes()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", b"", "is empty"),
        ("a.txt", GOOD[:-11], "says 2 words and has 1"),
        ("a.txt", GOOD[:-3], "2 numbers instead of 3|cut short"),
        ("a.txt", b"the 1 2 3\nbank 4 5\n", "line 2"),
        ("a.txt", b"the 1 2 3\nbank 4 x 6\n", "not a number"),
        ("a.txt", b"the 1 2 3\nbank 4 nan 6\n", "not a number"),
        ("a.txt", "the 1 2\ncafé 3 4\n".encode("latin-1"), "not in UTF-8"),
        ("a.txt", b"hello\n", "not a file of word vectors"),
        ("a.txt", b"2 0\n", "not a file of word vectors"),
        ("a.bin", BIN[:-1], "cut short: it says 2 words"),
        ("a.bin", b"no header here\n", "binary format"),
        ("a.bin", (793712314).to_bytes(4, "little") + b"\n", "fastText"),
        ("a.kv", b"nothing of gensim's", "not a whole file"),
        ("a.kv", pickle.dumps({"a": 1}), "no word vectors"),
        ("a.txt.gz", b"not gzipped", "could not be read"),
        ("a.docx", b"x", "word vectors are read from"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_a_sentence(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadModel, match=said):
        read_given(tmp_path / name, quiet)
    kept = tmp_path / "cache" / "bert_explain" / "vectors"
    assert not kept.exists() or not list(kept.iterdir())  # nothing half made is left


def test_a_missing_file_and_a_folder_that_does_not_fit(tmp_path):
    with pytest.raises(BadModel, match="There is no file"):
        read_given(tmp_path / "none.txt", quiet)
    np.save(tmp_path / "vectors.npy", ARRAY)
    with pytest.raises(BadModel, match=r"vocab\.txt is missing"):
        read_folder(tmp_path)
    (tmp_path / "vocab.txt").write_text("the 5\nbank 3\n", encoding="utf-8")
    with pytest.raises(BadModel, match=r"2 words, vectors\.npy 6 rows"):
        read_folder(tmp_path)
    np.save(tmp_path / "vectors.npy", ARRAY[0])
    with pytest.raises(BadModel, match="not a table"):
        read_folder(tmp_path)
    (tmp_path / "vectors.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(BadModel, match="not a whole NumPy file"):
        read_folder(tmp_path)


def test_a_file_named_at_the_start_is_offered_and_loaded_once(keyed, tmp_path, monkeypatch):
    monkeypatch.setenv(vectors.ENV_VECTORS, str(written(keyed, tmp_path, "own.txt")))
    assert list(sources()) == ["word2vec", "glove", "own.txt"]
    found = load_vectors("own.txt")
    assert found is load_vectors("own.txt")
    assert (found.size, found.width) == (6, 5)
    with pytest.raises(BadModel, match="no word vectors called"):
        load_vectors(str(tmp_path / "own.txt"))  # a name, never a path


def test_words_are_found_as_written_or_in_lower_case(keyed):
    found = from_table("t", "T", read_of(["the", "Bank", "bank"], ARRAY[:3]))
    assert [found.index(w) for w in ("THE", "Bank", "BANK", "x", "")] == [0, 1, 2, None, None]
    with pytest.raises(BadModel, match="“x” is not among the 3 words"):
        found.vector("x")


def read_of(words, array):
    from bert_explain.models.vector_files import Table

    return Table(words, array)


def test_a_vector_of_zeros_is_near_to_nothing_and_arrays_are_read_only():
    array = ARRAY.copy()
    array[1] = 0
    found = from_table("t", "T", read_of(WORDS, array))
    assert dict(found.keyed.similar_by_vector(ARRAY[0], topn=6))["bank"] == 0
    with pytest.raises(ValueError, match="read-only"):
        found.keyed.vectors[0, 0] = 1


@pytest.mark.parametrize("name", ["word2vec", "glove"])
def test_the_bundled_tables_equal_gensims_own_reading_of_them(name, tmp_path):
    """The first words, written by gensim's writer and read by its reader, give the same neighbours and analogies."""
    ours = load_vectors(name)
    assert ours.size >= 20_000
    rows = 3000
    theirs = KeyedVectors(ours.width)
    theirs.add_vectors(list(ours.words[:rows]), np.array(ours.keyed.vectors[:rows]))
    theirs.save_word2vec_format(str(tmp_path / "a.bin"), binary=True)
    theirs = KeyedVectors.load_word2vec_format(str(tmp_path / "a.bin"), binary=True)
    for positive, negative in ((["king", "woman"], ["man"]), (["river"], [])):
        a = ours.keyed.most_similar(positive, negative, topn=10, restrict_vocab=rows)
        b = theirs.most_similar(positive, negative, topn=10)
        assert [w for w, _ in a] == [w for w, _ in b]
        np.testing.assert_allclose([c for _, c in a], [c for _, c in b], atol=1e-5)


def test_glove_stays_on_the_disk():
    assert isinstance(load_vectors("glove").keyed.vectors.base, np.memmap)
    assert load_vectors("glove").size == 400_000
