"""Tables of word vectors: every format, damaged files, numbers equal to gensim's."""

import gzip
import os
import pickle
import struct
from dataclasses import replace

import numpy as np
import pytest
from gensim.models import KeyedVectors, Word2Vec

from bert_explain.analysis import vectors as av
from bert_explain.errors import BadModel
from bert_explain.models import load_vectors, vectors
from bert_explain.models.vector_files import read_given
from bert_explain.models.vector_table import read_folder
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
        ("a.bin.gz", gzip.compress(BIN[:-1], mtime=0), "cut short: it says 2 words, and word 2 is not whole"),
        ("a.bin.gz", gzip.compress(BIN, mtime=0)[:-9], "cannot be unpacked to its end"),
        ("a.bin", b"9" * 12 + b" 300\nthe ", "too small to hold them"),
        ("a.bin", b"2 2\nna\xefve " + bytes(8) + b"the " + bytes(8), "word 1 is not in UTF-8"),
        ("a.txt", b"9" * 5000 + b" 3\nthe 1 2 3\n", "begins with a number of 5,000 digits"),
        ("a.bin", b"9" * 500 + b" 3\nthe ", "begins with a number of 500 digits"),
        ("a.txt", b"1 999999999999\nthe 1 2 3\n", "line 2: 3 numbers instead of 999,999,999,999"),
        ("a.txt", b"\xff\xfe" + GOOD.decode().encode("utf-16-le"), "UTF-16"),
        ("a.txt", b"PK\x03\x04rest", "zip archive"),
        ("a.bin", b"no header here\n", "binary format"),
        ("a.bin", (793712314).to_bytes(4, "little") + b"\n", "fastText"),
        ("a.kv", b"nothing of gensim's", "not a whole file"),
        ("a.kv", pickle.dumps({"a": 1}), "no word vectors"),
        ("a.kv", pickle.dumps({"index_to_key": ["a"]}), "no word vectors"),
        ("a.txt.gz", b"not gzipped", "is not a file of word vectors"),
        ("a.docx", b"x", "word vectors are read from"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_a_sentence(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadModel, match=said):
        read_given(tmp_path / name, quiet)
    kept = tmp_path / "cache" / "bert_explain" / "vectors"
    assert not kept.exists() or not list(kept.iterdir())  # nothing half made is left


def c_writer(words: list[bytes], array, binary: bool, cut: int = 98) -> bytes:
    """What word2vec.c writes: words cut after so many bytes, a blank after each number of a text, a line end after each row."""
    rows = [f"{len(words)} {array.shape[1]}\n".encode()]
    for word, row in zip(words, array, strict=True):
        numbers = row.astype("<f4").tobytes() if binary else b"".join(b"%f " % x for x in row)
        rows.append(word[:cut] + b" " + numbers + b"\n")
    return b"".join(rows)


def glove_writer(words: list[bytes], array) -> bytes:
    """What GloVe writes: no header."""
    return b"".join(b"%s %s\n" % (w, b" ".join(b"%f" % x for x in row)) for w, row in zip(words, array, strict=True))


UTF8 = [word.encode() for word in WORDS]
WRITERS = {
    "word2vec.c, text": ("a.txt", c_writer(UTF8, ARRAY, binary=False)),
    "word2vec.c, binary": ("a.bin", c_writer(UTF8, ARRAY, binary=True)),
    "GloVe, text": ("a.txt", glove_writer(UTF8, ARRAY)),
    "fastText, text": ("a.vec", c_writer(UTF8, ARRAY, binary=False)),
    "a byte-order mark, a header": ("a.txt", b"\xef\xbb\xbf" + c_writer(UTF8, ARRAY, binary=False)),
    "a byte-order mark, no header": ("a.txt", b"\xef\xbb\xbf" + glove_writer(UTF8, ARRAY)),
    "Windows' line ends": ("a.txt", glove_writer(UTF8, ARRAY).replace(b"\n", b"\r\n")),
    "tabs": ("a.txt", glove_writer(UTF8, ARRAY).replace(b" ", b"\t")),
    "binary, called text": ("a.txt", c_writer(UTF8, ARRAY, binary=True)),
    "text, called binary": ("a.bin", c_writer(UTF8, ARRAY, binary=False)),
    "gzipped, not called so": ("a.txt", gzip.compress(glove_writer(UTF8, ARRAY), mtime=0)),
    "called gzipped, unpacked by the browser": ("a.txt.gz", glove_writer(UTF8, ARRAY)),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_every_writer_is_read(tmp_path, writer):
    name, content = WRITERS[writer]
    (tmp_path / name).write_bytes(content)
    for _ in range(2):  # the second time from the cache
        table = read_given(tmp_path / name, quiet)
        assert (table.words, table.repaired) == (WORDS, 0)
        np.testing.assert_allclose(table.array, ARRAY, atol=1e-6)


LONG = "東" * 40  # 120 bytes: word2vec.c keeps 98, and ends inside the 33rd character


@pytest.mark.parametrize("name", ["a.bin", "a.txt"])
def test_a_word_cut_inside_a_character_gets_its_name_back_and_is_counted(tmp_path, name):
    (tmp_path / name).write_bytes(c_writer([b"the", LONG.encode(), b"bank"], ARRAY[:3], binary=name == "a.bin"))
    for _ in range(2):
        table = read_given(tmp_path / name, quiet)
        assert (table.words, table.repaired) == (["the", "東" * 32, "bank"], 1)
        np.testing.assert_allclose(table.array, ARRAY[:3], atol=1e-6)
    assert av.repaired(from_table("t", "T", table)).startswith("One word of the file had been cut inside a character.")
    assert "2,000 words" in av.repaired(from_table("t", "T", replace(table, repaired=2000)))


class Opcodes:
    """Pickles of protocol 2 as gensim 3 and older wrote them, opcode by opcode: their classes are in no gensim of today.

    python2 : names and the bytes of arrays are Python 2's strings; else as Python 3 writes them for Python 2 to read.
    """

    def __init__(self, python2: bool):
        self.python2 = python2

    def file(self, value: bytes) -> bytes:
        return b"\x80\x02" + value + b"."

    def name(self, text: str) -> bytes:
        return self.string(text.encode()) if self.python2 else self.word(text)

    def string(self, raw: bytes) -> bytes:
        if self.python2:
            return b"T" + struct.pack("<i", len(raw)) + raw
        return b"c_codecs\nencode\n" + self.word(raw.decode("latin-1")) + self.word("latin1") + b"\x86R"

    def word(self, text: str) -> bytes:
        return b"X" + struct.pack("<i", len(text.encode())) + text.encode()

    def number(self, value: int) -> bytes:
        return b"J" + struct.pack("<i", value)

    def listed(self, values: list[bytes]) -> bytes:
        return b"](" + b"".join(values) + b"e"

    def mapping(self, pairs: list[tuple[bytes, bytes]]) -> bytes:
        return b"}(" + b"".join(key + value for key, value in pairs) + b"u"

    def thing(self, kind: str, **state: bytes) -> bytes:
        """An object of gensim's: its class, made without arguments, then its fields."""
        module, _, name = f"gensim.models.{kind}".rpartition(".")
        fields = self.mapping([(self.name(key.replace("numpys", "__numpys")), value) for key, value in state.items()])
        return f"c{module}\n{name}\n".encode() + b")\x81" + fields + b"b"

    def array(self, array) -> bytes:
        kind = b"cnumpy\ndtype\n" + self.name("f4") + self.number(0) + self.number(1) + b"\x87R"
        kind += b"(" + self.number(3) + self.name("<") + b"NNN" + self.number(-1) * 2 + self.number(0) + b"tb"
        made = (
            b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n" + self.number(0) + b"\x85" + self.string(b"b") + b"\x87R"
        )
        shape = b"".join(map(self.number, array.shape)) + b"\x86"
        return made + b"(" + self.number(1) + shape + kind + b"\x89" + self.string(array.astype("<f4").tobytes()) + b"tb"

    def vocabulary(self) -> bytes:
        """Older gensims' `vocab`: an object a word."""
        return self.mapping(
            [
                (self.word(w), self.thing("keyedvectors.Vocab", count=self.number(9), index=self.number(i)))
                for i, w in enumerate(WORDS)
            ]
        )

    def words(self, as_bytes: bool = False) -> bytes:
        return self.listed([self.string(w.encode()) if as_bytes else self.word(w) for w in WORDS])


def saved(generation: str, python2: bool, apart: bool) -> tuple[bytes, str]:
    """The file that a generation of gensim saved, and the name of the array beside it, after the file's own."""
    made = Opcodes(python2)
    modern = generation.startswith("3")
    array = "vectors" if modern else "syn0"
    held = {"numpys": made.listed([made.name(array)])} if apart else {array: made.array(ARRAY)}
    held |= {"index2word": made.words(as_bytes=python2 and generation == "0.13"), "vocab": made.vocabulary()}
    held |= {f"{array}_norm" if modern else f"{array}norm": b"N"}
    kind = "keyedvectors.Word2VecKeyedVectors" if modern else "keyedvectors.KeyedVectors"
    if generation == "0.13":
        return made.file(made.thing("word2vec.Word2Vec", **held)), array
    if generation.endswith("model"):
        random = b"cnumpy.random\n__RandomState_ctor\n)R"
        return made.file(made.thing("word2vec.Word2Vec", wv=made.thing(kind, **held), random=random)), f"wv.{array}"
    return made.file(made.thing(kind, **held)), array


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("python2", [False, True])
@pytest.mark.parametrize("generation", ["3", "3, a model", "1", "1, a model", "0.13"])
def test_every_generation_of_gensims_files_is_read(tmp_path, generation, python2, apart):
    content, array = saved(generation, python2, apart)
    (tmp_path / "a.model").write_bytes(content)
    if apart:
        with pytest.raises(BadModel, match=rf"in a\.model\.{array}\.npy, which is not beside it"):
            read_given(tmp_path / "a.model", quiet)
        np.save(tmp_path / f"a.model.{array}.npy", ARRAY)
    table = read_given(tmp_path / "a.model", quiet)
    assert table.words == WORDS
    np.testing.assert_array_equal(table.array, ARRAY)


def test_python_2_names_open_no_door(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for module, name in (("__builtin__", "eval"), ("__builtin__", "execfile"), ("os", "mkdir"), ("commands", "getoutput")):
        content = f"c{module}\n{name}\n".encode() + b"U\x04harm\x85R."
        (tmp_path / "a.kv").write_bytes(content)
        with pytest.raises(BadModel, match=r"which word vectors do not need: it is not opened"):
            read_given(tmp_path / "a.kv", quiet)
    assert not (tmp_path / "harm").exists()


def test_nothing_is_missed_beside_a_file_that_keeps_nothing_beside_it(tmp_path):
    made = Opcodes(python2=False)
    (tmp_path / "a.kv").write_bytes(made.file(made.thing("phrases.Phrases", index2word=made.words())))
    with pytest.raises(BadModel, match="words and no vectors") as told:
        read_given(tmp_path / "a.kv", quiet)
    assert "beside" not in str(told.value)


def test_gensims_packed_files_are_read_with_their_arrays(keyed, tmp_path):
    keyed.save(str(tmp_path / "a.kv.gz"), sep_limit=1)
    assert (tmp_path / "a.kv.gz.vectors.npz").exists()
    np.testing.assert_array_equal(read_given(tmp_path / "a.kv.gz", quiet).array, ARRAY)
    (tmp_path / "a.kv.gz.vectors.npz").write_bytes(b"PK")
    with pytest.raises(BadModel, match=r"vectors\.npz is not a whole NumPy file"):
        read_given(tmp_path / "a.kv.gz", quiet)


def test_a_cache_that_cannot_be_written_is_blamed_and_not_the_file(keyed, tmp_path, monkeypatch):
    (tmp_path / "no-folder").write_bytes(b"")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "no-folder"))
    with pytest.raises(BadModel, match="no keeping converted word vectors") as told:
        read_given(written(keyed, tmp_path, "a.txt"), quiet)
    assert "could not be read" not in str(told.value)


def test_a_folders_vocabulary_may_have_a_byte_order_mark_and_long_numbers(tmp_path):
    np.save(tmp_path / "vectors.npy", ARRAY[:2])
    (tmp_path / "vocab.txt").write_bytes(b"\xef\xbb\xbfthe 5\nbank 3\n")
    (tmp_path / "settings.json").write_bytes(b'\xef\xbb\xbf{"sample": 5e-05}')
    table = read_folder(tmp_path)
    assert (table.words, list(table.counts), table.sample) == (["the", "bank"], [5, 3], 5e-05)
    (tmp_path / "vocab.txt").write_bytes(b"the " + b"5" * 5000 + b"\nbank 3\n")
    assert read_folder(tmp_path).counts is None


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
    assert [found.row(w) for w in ("THE", "Bank", "BANK")] == [0, 1, 2]
    with pytest.raises(BadModel, match="“x” is not among the 3 words"):
        found.row("x")
    with pytest.raises(BadModel, match="“x” is not among the 3 words"):
        found.vector("x")


def read_of(words, array):
    from bert_explain.models.vector_table import Table

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
