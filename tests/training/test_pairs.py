"""What the models read while they learn: pairs, masks, runs of text."""

import numpy as np
import pytest

from bert_explain.training import corpus, pairs, pieces
from bert_explain.training.pairs import CLS, IGNORED, MASK, PAD, SEP

from .conftest import BUNDLED


@pytest.fixture(scope="module")
def text(text_folder):
    return pieces.cut(corpus.documents(text_folder), BUNDLED / "tokenizer.json")


def test_cut_text_is_kept_and_read_again(text_folder, tmp_path):
    found = corpus.documents(text_folder)
    first = pieces.cut(found, BUNDLED / "tokenizer.json", tmp_path)
    again = pieces.cut(found, BUNDLED / "tokenizer.json", tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    np.testing.assert_array_equal(first.ids, again.ids)
    np.testing.assert_array_equal(first.starts, again.starts)
    other = pieces.cut(found[1:], BUNDLED / "tokenizer.json", tmp_path)
    assert len(other.ids) < len(first.ids)


def test_a_sentence_is_found_by_its_place(text, mini_bert):
    written = mini_bert.tokenizer.convert_ids_to_tokens(text.sentence(1).tolist())
    assert written == ["the", "dog", "bark", "##s", "in", "the", "garden", "."]


def unmasked(batch):
    return np.where(batch["labels"] != IGNORED, batch["labels"], batch["ids"])


@pytest.fixture(scope="module")
def novels():
    """40 documents of 40 sentences, 3 to 7 words each; no two sentences are alike, so no false pair stands in the text."""
    rng = np.random.default_rng(7)
    words = ["river", "house", "garden", "winter", "letter", "window", "horse", "evening", "brother", "street"]
    made = []
    for number in range(40):
        lines = [" ".join([str(number * 40 + n), *rng.choice(words, rng.integers(2, 7))]) for n in range(40)]
        made.append(corpus.Document("own", number, tuple(f"{line.capitalize()}." for line in lines)))
    return pieces.cut(made, BUNDLED / "tokenizer.json")


def test_labels_say_what_stands_in_the_text_so(novels):
    batch = pairs.pairs(novels, 400, 64, np.random.default_rng(0))
    whole = " ".join(map(str, novels.ids))
    for row, label in zip(unmasked(batch), batch["follows"], strict=True):
        first, last = np.flatnonzero(row == SEP)
        joined = " ".join(map(str, np.concatenate([row[1:first], row[first + 1 : last]])))
        assert (joined in whole) == (label == 0)
    assert 0.4 < batch["follows"].mean() < 0.6


@pytest.mark.parametrize("length", [24, 32, 64])
def test_neither_the_end_of_b_nor_a_length_tells_what_follows(novels, length):
    batch = pairs.pairs(novels, 4000, length, np.random.default_rng(2))
    ids, lengths = unmasked(batch), batch["attention"].sum(1)
    stop = ids[np.arange(len(ids)), lengths - 2] == novels.ids[novels.starts[1] - 1]  # "." before the last [SEP]
    told = {"the last piece": stop, "pieces in all": lengths, "pieces in B": batch["segments"].sum(1)}
    for name, seen in told.items():
        true, false = seen[batch["follows"] == 0], seen[batch["follows"] == 1]
        assert true.mean() == pytest.approx(false.mean(), rel=0.1), name


def test_one_document_that_can_be_drawn_is_enough():
    made = [corpus.Document("own", 0, ("One two. Three four. Five six.",)), corpus.Document("own", 1, ("Alone.",))]
    cut = pieces.cut(made, BUNDLED / "tokenizer.json")
    assert cut.documents == 1
    assert pairs.pairs(cut, 20, 16, np.random.default_rng(0))["ids"].shape == (20, 16)


def test_pairs_have_berts_form(text):
    batch = pairs.pairs(text, 300, 32, np.random.default_rng(0))
    ids = unmasked(batch)
    for row, segment, attention in zip(ids, batch["segments"], batch["attention"], strict=True):
        length = int(attention.sum())
        first, last = np.flatnonzero(row == SEP)
        assert row[0] == CLS
        assert last == length - 1
        assert first > 1
        assert last > first + 1
        assert (row[length:] == PAD).all()
        assert (segment[: first + 1] == 0).all()
        assert (segment[first + 1 : length] == 1).all()


def test_masks_are_15_percent_in_80_10_10():
    ids = np.full((400, 102), 2000)
    ids[:, 0], ids[:, -1] = CLS, SEP
    read, labels = pairs.mask(ids, np.random.default_rng(1))
    chosen = labels != IGNORED
    assert (chosen.sum(1) == 15).all()
    assert (labels[chosen] == 2000).all()
    assert (read[~chosen] == ids[~chosen]).all()
    assert not chosen[:, [0, -1]].any()
    fates = (read[chosen] == MASK).mean(), (read[chosen] == 2000).mean()
    assert fates[0] == pytest.approx(0.8, abs=0.02)
    assert fates[1] == pytest.approx(0.1, abs=0.02)


def test_a_short_row_still_has_a_masked_word():
    _, labels = pairs.mask(np.array([[CLS, 2000, SEP, 2001, SEP, PAD]]), np.random.default_rng(0))
    assert (labels != IGNORED).sum() == 1


def test_a_decoders_labels_are_the_next_ids(text):
    batch = pairs.runs(text, 50, 32, np.random.default_rng(0))
    known = batch["labels"] != IGNORED
    np.testing.assert_array_equal(batch["labels"][:, :-1][known[:, :-1]], batch["ids"][:, 1:][known[:, :-1]])
    assert (known.sum(1) == batch["attention"].sum(1) - 1).all()
    assert (batch["ids"][:, 0] == CLS).all()


def test_a_batch_depends_on_seed_step_and_rank_alone(text):
    made = pairs.Batches(text, "bert", 512, seed=3, rank=1)
    again = pairs.Batches(text, "bert", 512, seed=3, rank=1)
    for name, values in made[17].items():
        np.testing.assert_array_equal(values, again[17][name])
    others = [made[18], pairs.Batches(text, "bert", 512, 3, 0)[17], pairs.Batches(text, "bert", 512, 4, 1)[17]]
    assert all(not np.array_equal(made[17]["ids"], other["ids"]) for other in others)


def test_modern_text_is_drawn_three_times_as_often():
    modern = corpus.Document("news", 0, ("One two three.", "Four five six."))
    novel = corpus.Document("classics", 0, ("One two three.", "Four five six."))
    cut = pieces.cut([modern, novel], BUNDLED / "tokenizer.json")
    drawn = pairs._documents(cut, 4000, np.random.default_rng(0))
    assert (drawn == 0).mean() == pytest.approx(0.75, abs=0.03)
