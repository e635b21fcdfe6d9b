"""What the models read while they learn: pairs, masks, runs of text."""

import numpy as np
import pytest

from bert_explain.training import bert, corpus, pairs, pieces
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


def test_a_source_is_drawn_as_often_as_its_weight_says():
    modern = corpus.Document("news", 0, ("One two three.", "Four five six."))
    novel = corpus.Document("classics", 0, ("One two three.", "Four five six."))
    cut = pieces.cut([modern, novel], BUNDLED / "tokenizer.json")
    drawn = pairs._documents(cut, 4000, np.random.default_rng(0))
    assert (drawn == 0).mean() == pytest.approx(2.0 / 2.12, abs=0.015)
    cut = pieces.cut([modern, novel], BUNDLED / "tokenizer.json", weight=corpus.measured_weight)
    drawn = pairs._documents(cut, 4000, np.random.default_rng(0))
    assert (drawn == 0).mean() == pytest.approx(0.75, abs=0.03)


def sentences_of(ids):
    """A row of ids cut at its [SEP]s, the first [CLS] left out."""
    first, last = np.flatnonzero(ids == SEP)
    return tuple(ids[1:first]), tuple(ids[first + 1 : last])


@pytest.fixture(scope="module")
def two_sources():
    """Two sources of 30 documents of 30 sentences; the words of the one never stand in the other."""
    rng = np.random.default_rng(3)
    words = {"news": ["tax", "vote", "court", "police", "city"], "recipes": ["salt", "oven", "butter", "flour", "egg"]}
    made = [
        corpus.Document(
            source, number, tuple(f"{of + 30 * number + n} {' '.join(rng.choice(own, rng.integers(2, 12)))}." for n in range(30))
        )
        for of, (source, own) in zip((100, 5000), words.items(), strict=True)
        for number in range(30)
    ]
    return pieces.cut(made, BUNDLED / "tokenizer.json")


def test_single_pairs_are_two_whole_sentences_of_one_source(two_sources):
    cut = two_sources
    starts = [cut.sentence(s) for s in range(len(cut.starts) - 1)]
    number = {tuple(s): n for n, s in enumerate(starts)}
    of = np.searchsorted(cut.first, np.arange(len(starts)), side="right") - 1  # a sentence's document
    batch = pairs.pairs(cut, 600, 32, np.random.default_rng(0), single=1.0)
    assert batch["follows"].mean() == pytest.approx(0.5, abs=0.07)
    for row, label in zip(unmasked(batch), batch["follows"], strict=True):
        a, b = (number[s] for s in sentences_of(row))
        assert cut.source[of[a]] == cut.source[of[b]]
        if label == 0:
            assert b == a + 1
            assert of[a] == of[b]
        else:
            assert of[a] != of[b]


def test_no_length_tells_which_single_pair_is_true(two_sources):
    batch = pairs.pairs(two_sources, 6000, 32, np.random.default_rng(1), single=1.0)
    sizes = batch["segments"].sum(1)
    true, false = (sizes[batch["follows"] == label] for label in (0, 1))
    assert true.mean() == pytest.approx(false.mean(), rel=0.03)
    assert true.std() == pytest.approx(false.std(), rel=0.08)
    assert np.quantile(true, [0.1, 0.9]) == pytest.approx(np.quantile(false, [0.1, 0.9]), abs=1)


def test_a_source_of_one_document_gives_no_single_pairs_rather_than_true_ones_only():
    made = [corpus.Document("own", 0, ("One two. Three four. Five six.",))]
    cut = pieces.cut(made, BUNDLED / "tokenizer.json")
    assert pairs._single(cut, 0, 29, np.random.default_rng(0)) is None
    assert pairs.pairs(cut, 20, 32, np.random.default_rng(0), single=1.0)["follows"].mean() < 1


def test_two_fifths_of_the_pairs_are_two_single_sentences():
    """By what is asked for; among sentences that fit, as here, nothing is lost."""
    made = {length: share / length for length, share in pairs.LENGTHS}
    assert sum(pairs.SINGLE.get(length, 0) * count for length, count in made.items()) / sum(made.values()) >= 0.4


@pytest.fixture(scope="module")
def mixed():
    """Documents of sentences that follow one another, and as many pieces of sentences that stand alone."""
    told = [corpus.Document("news", n, ("The tax rose. The court met. The city slept.",)) for n in range(40)]
    said = [corpus.Document("talk-sentences", n, (f"Hello you. I am {n}.",)) for n in range(120)]
    return pieces.cut([*told, *said], BUNDLED / "tokenizer.json")


def test_sentences_that_stand_alone_are_never_part_of_a_pair(mixed):
    batches = pairs.Batches(mixed, "bert", 512)
    lone = 0
    for step in range(60):
        batch = batches[step]
        ids = unmasked(batch)
        hello = (ids == mixed.sentence(120)[0]).any(1)  # "hello"
        if (batch["follows"] == IGNORED).all():
            lone += 1
            assert hello.all()
            assert ((ids == SEP).sum(1) == 1).all()
            assert (batch["segments"] == 0).all()
            assert ((batch["labels"] != IGNORED).sum(1) >= 1).all()
        else:
            assert not hello.any()
            assert set(batch["follows"].tolist()) <= {0, 1}
    share = 40 * 12 * 2.0
    alone = mixed.lengths()[40:].sum()
    assert lone / 60 == pytest.approx(alone / (alone + share), abs=0.2)


def test_a_batch_without_next_sentences_teaches_words_alone(mixed):
    import torch

    class Says(torch.nn.Module):
        def forward(self, batch):
            asked = batch["labels"] != IGNORED
            words = torch.zeros(int(asked.sum()), 30_522)
            return words, batch["labels"][asked], torch.zeros(len(batch["ids"]), 2)

    ids = pairs.sentences(mixed, 8, (1, 14), np.random.default_rng(0))
    batch = {n: torch.as_tensor(v) for n, v in pairs.masked_sentences(ids, np.random.default_rng(0)).items()}
    assert float(bert.loss(Says(), batch)[0]) == pytest.approx(np.log(30_522), rel=1e-5)
    batch["follows"][:4] = 1
    assert float(bert.loss(Says(), batch)[0]) == pytest.approx(np.log(30_522) + np.log(2), rel=1e-5)


def test_some_short_texts_for_the_decoder_are_one_whole_sentence(two_sources):
    whole = {tuple(two_sources.sentence(s)) for s in range(len(two_sources.starts) - 1)}
    shares = []
    for single in (0.5, 0.0):
        ids = pairs.runs(two_sources, 1000, 32, np.random.default_rng(0), single)["ids"]
        lone = [tuple(row[1 : np.flatnonzero(row == SEP)[0]]) for row in ids if (row == SEP).sum() == 1]
        shares.append(sum(text in whole for text in lone) / 1000)
    assert shares[0] == pytest.approx(pairs.SHORT / 2, abs=0.05)  # half of the texts run on
    assert shares[1] < 0.04  # a document's last sentence
