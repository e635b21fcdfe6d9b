"""Every bundled model loads, and gives the scores that its card states."""

from pathlib import Path

import pytest
import torch
from gensim.test.utils import datapath

from bert_explain import models
from bert_explain.training import bert, cards, cloze, corpus, evaluate, gpt, loop, pieces

from .conftest import BUNDLED, ROOT

ASSETS = ROOT / "assets"
FOLDERS = [ASSETS / "models" / "mini-bert", ASSETS / "models" / "mini-gpt", ASSETS / "models" / "mini-elmo"]
FOLDERS += [ASSETS / "vectors" / "word2vec"]
# A part of the held-out text is read here, the whole of it by the command: what a part may differ by.
NEAR = 0.04


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_card_states_the_scores_of_the_file(folder):
    scores = cards.read(folder)
    assert scores
    assert cards.table(scores) in (folder / "README.md").read_text(encoding="utf-8")


def test_all_of_assets_stays_small():
    assert sum(file.stat().st_size for file in ASSETS.rglob("*") if file.is_file()) <= 140e6


def test_everyday_sentences(mini_bert):
    stated, found = cards.read(BUNDLED), cloze.scores(mini_bert)
    assert found == pytest.approx({name: stated[name] for name in found}, abs=1e-4)


@pytest.fixture(scope="module")
def held_out(shared_dir):
    torch.set_num_threads(1)
    found = evaluate.first(corpus.for_validation(corpus.documents(shared_dir / "corpus"), corpus.PRINT))
    return found, pieces.cut(found, BUNDLED / "tokenizer.json", weight=corpus.measured_weight)


def test_the_encoder_scores_as_its_card_says(held_out):
    stated = cards.read(BUNDLED)
    heads = bert.Heads(bert.start(BUNDLED))
    found = loop.measured(heads, lambda module: bert.measure(module, held_out[1], count=120))
    assert found["masked_top1"] == pytest.approx(stated["masked_top1"], abs=NEAR)
    assert found["next_sentence"] == pytest.approx(stated["next_sentence"], abs=NEAR)


def test_the_decoder_scores_as_its_card_says(held_out):
    folder = FOLDERS[1]
    decoder = gpt.NextWord(gpt.opened(folder))
    found = loop.measured(decoder, lambda module: gpt.measure(module, held_out[1], count=48))
    assert found["perplexity"] == pytest.approx(cards.read(folder)["perplexity"], rel=0.1)


def test_elmo_scores_as_its_card_says(held_out):
    from bert_explain.training import elmo

    stated, found = cards.read(FOLDERS[2]), elmo.evaluate(held_out[0], FOLDERS[2], 300)
    for name in ("forward_perplexity", "backward_perplexity"):
        assert found[name] == pytest.approx(stated[name], rel=0.15)


def test_word_vectors_score_as_their_card_says(tmp_path):
    vectors, stated = models.load_vectors("word2vec"), cards.read(FOLDERS[3])
    _, spearman, _ = vectors.keyed.evaluate_word_pairs(datapath("wordsim353.tsv"))
    assert spearman[0] == pytest.approx(stated["wordsim353"], abs=0.002)
    lines = Path(datapath("questions-words.txt")).read_text(encoding="utf-8").splitlines()
    some = [line for n, line in enumerate(lines) if line.startswith(":") or n % 15 == 0]
    (tmp_path / "some.txt").write_text("\n".join(some) + "\n", encoding="utf-8")
    share, _ = vectors.keyed.evaluate_word_analogies(tmp_path / "some.txt", restrict_vocab=vectors.size)
    assert share == pytest.approx(stated["analogies"], abs=NEAR)
