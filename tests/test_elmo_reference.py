"""The original's weights give the original's states: AllenNLP's own reference files (see ../shared/fixtures/README.md)."""

import json

import numpy as np
import pytest
import torch

from bert_explain.models import elmo


@pytest.fixture(scope="module")
def reference(shared_dir):
    """The fixture's folder and the model in it."""
    folder = shared_dir / "fixtures" / "elmo"
    if not folder.is_dir():
        pytest.skip("needs ../shared/fixtures/elmo, which is not here")
    pytest.importorskip("h5py")
    return folder, elmo.from_folder(folder, "fixture")


def _run(model, sentence, states):
    """Top layer in both directions without the sentence's marks, (2, T, P), and the states left behind."""
    words = ["<S>", *sentence.split(), "</S>"]
    with torch.inference_mode():
        ahead, back, states = model.module(model.encode(words)[:, None], states)
    return torch.stack([ahead[-1][1:-1, 0], back[-1][1:-1, 0]]).numpy(), states


@pytest.mark.parametrize("number", [0, 1, 2])
def test_all_ten_sentences_of_a_list_with_the_state_carried(reference, number):
    import h5py

    folder, model = reference
    sentences = json.loads((folder / "sentences.json").read_text())[number]
    states, worst = None, []
    with h5py.File(folder / f"lm_embeddings_{number}.hdf5") as expected:
        for k, sentence in enumerate(sentences):
            ours, states = _run(model, sentence, states)
            worst.append(np.abs(ours - expected[str(k)][...]).max())
    assert len(worst) == 10
    assert worst[0] < 1e-4, "sentence 0 begins with zeros"
    assert max(worst) < 1e-4


def test_the_original_comes_without_a_softmax(reference):
    _, model = reference
    assert not model.has_words
    with pytest.raises(elmo.Missing, match="predicts no words"):
        model.word_logits(torch.zeros(16))


def test_token_encodings_equal_the_reference(reference):
    """elmo_token_embeddings.hdf5: the character CNN's output for each word of vocab_test.txt."""
    import h5py

    folder, model = reference
    words = (folder / "vocab_test.txt").read_text().split("\n")[:458]
    with h5py.File(folder / "elmo_token_embeddings.hdf5") as expected:
        table = expected["embedding"][...]
    with torch.inference_mode():
        ours = model.encode(words).numpy()
    assert np.abs(ours - table[: len(words)]).max() < 1e-4
