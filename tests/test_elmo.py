"""ELMo: characters, the LSTM with clips, the biLM, its folders, and the trace against the module itself."""

import json

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bert_explain.errors import BadModel, BadQuery, Missing
from bert_explain.models import characters, elmo
from bert_explain.models.bilm import BiLM
from bert_explain.models.lstm import lstm_layer, run_layer
from bert_explain.trace_elmo import MOST_WORDS, read_word, run_elmo, split
from tests.tiny_elmo import WORDS, options, save_tiny, tiny_elmo, tiny_module

SENTENCE = "She walked to the bank of the river."


# characters
def test_character_ids_are_the_originals():
    """bilm-tf, data.py: begin of word 258, bytes, end of word 259, padding 260; 50 in all."""
    ids = characters.character_ids("bé")
    assert ids.tolist() == [258, 98, 0xC3, 0xA9, 259] + [260] * 45
    assert characters.character_ids("<S>").tolist()[:4] == [258, 256, 259, 260]
    assert characters.character_ids("</S>").tolist()[:4] == [258, 257, 259, 260]


def test_a_long_word_is_cut_to_48_bytes():
    ids = characters.character_ids("x" * 200)
    assert len(ids) == 50
    assert ids[0] == 258
    assert ids[-1] == 259
    assert set(ids[1:-1].tolist()) == {ord("x")}


@settings(max_examples=30)
@given(st.lists(st.text(min_size=1, max_size=60), min_size=1, max_size=5))
@example(["0\U00029fd06\r"])
def test_cropping_the_padding_changes_nothing(words):
    module = tiny_module()
    ids = characters.batch(words)
    cut = characters.cropped(ids, module.options.widest)
    whole, short = (module.token(torch.from_numpy(x.astype(np.int64))) for x in (ids, cut))
    # other sums of the same numbers: rounding goes by the largest of them, also where the result is next to nothing
    assert float((whole - short).abs().max()) <= 2e-6 * max(1.0, float(whole.abs().max()))
    assert cut.shape[1] <= ids.shape[1]


# the LSTM
def test_written_out_steps_equal_torch_when_no_clip_bites():
    torch.manual_seed(0)
    layer, x = lstm_layer(6, 9, 4), torch.randn(7, 3, 6)
    state = torch.randn(3, 4), torch.randn(3, 9)
    plain, (h, c) = run_layer(layer, x, state)
    steps, (h2, c2) = run_layer(layer, x, state, cell_clip=1e9, proj_clip=1e9)
    for ours, theirs in ((steps, plain), (h2, h), (c2, c)):
        assert torch.allclose(ours, theirs, atol=1e-6)


def test_clips_hold_and_change_the_numbers():
    torch.manual_seed(0)
    layer, x = lstm_layer(6, 9, 4), 20 * torch.randn(30, 2, 6)
    free, _ = run_layer(layer, x)
    clipped, (_h, c) = run_layer(layer, x, cell_clip=0.5, proj_clip=0.05)
    assert float(clipped.detach().abs().max()) <= 0.05 + 1e-7
    assert float(c.detach().abs().max()) <= 0.5 + 1e-7
    assert float((free - clipped).detach().abs().max()) > 0.01


def test_the_forget_gate_begins_open():
    layer = lstm_layer(6, 9, 4)
    bias = layer.bias_ih_l0 + layer.bias_hh_l0
    assert bias[9:18].tolist() == [1.0] * 9
    assert float(bias.sum()) == 9.0


# the biLM
def test_a_state_carried_over_is_the_same_as_reading_on():
    """Two rows read with the state carried forward equal one row, in the forward direction."""
    module = tiny_module()
    x = torch.randn(8, 1, 5)
    whole, _, _ = module(x)
    first, _, left = module(x[:3])
    second, _, _ = module(x[3:], left)
    for layer in (0, 1):
        assert torch.allclose(torch.cat([first[layer], second[layer]]), whole[layer], atol=1e-6)


def test_the_second_layer_adds_what_it_reads():
    x = torch.randn(6, 1, 5)
    with_skip, _, _ = tiny_module()(x)
    without = BiLM(options(skip=False)).eval()
    without.load_state_dict(tiny_module().state_dict())
    bare, _, _ = without(x)
    assert torch.allclose(with_skip[1], bare[1] + bare[0], atol=1e-6)


def test_parameters_are_counted_by_hand():
    cnn = 261 * 4 + (4 * 4 + 4) + (2 * 4 * 6 + 6) + (3 * 4 * 8 + 8) + 2 * 2 * (18 * 18 + 18) + 18 * 5 + 5
    lstm = 2 * (4 * 12 * (5 + 5) + 2 * 4 * 12 + 12 * 5)
    assert tiny_module().parameters_by_part() == {
        "token encoder": cnn,
        "forward LSTM": lstm,
        "backward LSTM": lstm,
        "softmax": 5 * 12 + 12,
    }


# folders
def test_saved_and_read_again_in_float16(tmp_path):
    model = elmo.from_folder(save_tiny(tmp_path / "m"), "m")
    assert model.words == WORDS
    assert model.module.options == options()
    for name, value in tiny_module().state_dict().items():
        assert torch.equal(model.module.state_dict()[name], value.half().float()), name


def broken(folder, what):
    if what == "no folder":
        return folder / "nothing"
    if what == "no options":
        (folder / "options.json").unlink()
    elif what == "options are no JSON":
        (folder / "options.json").write_text("{")
    elif what == "options of another kind":
        (folder / "options.json").write_text('{"lstm": 3}')
    elif what == "no weights":
        (folder / "model.safetensors").unlink()
    elif what == "cut short":
        data = (folder / "model.safetensors").read_bytes()
        (folder / "model.safetensors").write_bytes(data[: len(data) // 2])
    elif what == "other sizes":
        text = json.loads((folder / "options.json").read_text())
        text["lstm"]["dim"] = 16
        (folder / "options.json").write_text(json.dumps(text))
    elif what == "huge sizes":
        text = json.loads((folder / "options.json").read_text())
        text["lstm"]["dim"] = 10**12
        (folder / "options.json").write_text(json.dumps(text))
    elif what == "words missing":
        (folder / "vocab.txt").write_text("\n".join(WORDS[:-1]) + "\n")
    elif what == "not HDF5":
        (folder / "model.safetensors").unlink()
        (folder / "lm_weights.hdf5").write_text("no")
    return folder


CASES = {
    "no folder": "no folder",
    "no options": "no options.json",
    "options are no JSON": "not the options",
    "options of another kind": "not the options",
    "no weights": "has no weights",
    "cut short": "could not be opened",
    "other sizes": "options.json says",
    "huge sizes": "not the options",
    "words missing": "12 different words",
    "not HDF5": "could not be opened",
}


@pytest.mark.parametrize("what", CASES)
def test_a_bad_folder_is_one_sentence(tmp_path, what):
    with pytest.raises(BadModel, match=CASES[what]):
        elmo.from_folder(broken(save_tiny(tmp_path / "m"), what), "m")


def test_numbers_that_are_not_finite_are_refused(tmp_path):
    from safetensors.torch import load_file, save_file

    folder = save_tiny(tmp_path / "m")
    state = load_file(folder / "model.safetensors")
    state["softmax.bias"][3] = float("nan")
    save_file(state, folder / "model.safetensors")
    with pytest.raises(BadModel, match="not finite"):
        elmo.from_folder(folder, "m")


def test_an_hdf5_that_lacks_a_part_says_which(tmp_path):
    h5py = pytest.importorskip("h5py")
    folder = save_tiny(tmp_path / "m")
    (folder / "model.safetensors").unlink()
    with h5py.File(folder / "lm_weights.hdf5", "w") as file:
        file["char_embed"] = np.zeros((261, 4), dtype=np.float32)
    with pytest.raises(BadModel, match="lacks CNN/W_cnn_0"):
        elmo.from_folder(folder, "m")


def test_the_one_given_at_the_start_comes_first(tmp_path, monkeypatch):
    monkeypatch.setenv(elmo.ENV_ELMO, str(save_tiny(tmp_path / "mine")))
    assert elmo.elmo_names() == ["mine", "mini-elmo"]
    assert elmo.load_elmo() is elmo.load_elmo("mine")
    with pytest.raises(BadModel, match="There is: mine, mini-elmo"):
        elmo.load_elmo("/etc/passwd")


# the trace
def test_words_are_cut_as_the_training_text_was():
    from bert_explain.training.corpus import words

    text = "It's 3.5 cm — Dr. O'Neil’s well-known “café”?! x_y  مرحبا 🙂\x07"
    found = split(text)
    assert [w.text for w in found] == words(text)
    assert all(text[w.start : w.end] == w.text for w in found)


def test_the_trace_equals_the_modules_own_output():
    model = tiny_elmo()
    trace = run_elmo(model, SENTENCE)
    words = ["<S>", *(w.text for w in split(SENTENCE)), "</S>"]
    ids = torch.from_numpy(characters.batch(words).astype(np.int64))  # all 50 characters of every word
    token = model.module.token(ids)
    ahead, back, _ = model.module(token[:, None])
    assert np.allclose(trace.token, token[1:-1].numpy(), atol=1e-6)
    for layer in (0, 1):
        assert np.allclose(trace.forward[layer], ahead[layer][1:-1, 0].numpy(), atol=1e-6)
        assert np.allclose(trace.backward[layer], back[layer][1:-1, 0].numpy(), atol=1e-6)
    assert trace.layers.shape == (3, 9, 10)
    assert np.array_equal(trace.layers[0, :, :5], trace.token)
    assert np.array_equal(trace.layers[0, :, 5:], trace.token)
    assert not trace.layers.flags.writeable
    assert trace.layers.dtype == np.float32


def test_forward_states_do_not_know_the_future_nor_backward_ones_the_past():
    one, two = (run_elmo(tiny_elmo(), f"She walked to the bank {end}") for end in ("of water", "the river"))
    assert np.array_equal(one.forward[:, :5], two.forward[:, :5])
    assert np.abs(one.backward[:, :5] - two.backward[:, :5]).max() > 1e-3
    one, two = (run_elmo(tiny_elmo(), f"{begin} the bank of water") for begin in ("She", "river"))
    assert np.abs(one.backward[:, 1:] - two.backward[:, 1:]).max() < 1e-6
    assert np.abs(one.forward[:, 1:] - two.forward[:, 1:]).max() > 1e-3


def test_guesses_are_the_softmax_of_the_neighbours_states():
    trace = run_elmo(tiny_elmo(), SENTENCE)
    softmax = trace.model.module.softmax
    for t, word in enumerate(trace.words):
        p = trace.next_probabilities(t - 1)
        assert p.sum() == pytest.approx(1, abs=1e-5)
        if t:
            state = torch.from_numpy(trace.forward[1, t - 1].copy())
            assert np.allclose(p, torch.softmax(softmax(state), -1).numpy(), atol=1e-6)
        row = trace.model.row(word.text)
        assert trace.guesses.true[0, t] == pytest.approx(p[row], abs=1e-6)
        assert trace.guesses.rank[0, t] == 1 + (p > p[row]).sum()
        q = trace.previous_probabilities(t + 1)
        assert trace.guesses.true[1, t] == pytest.approx(q[row], abs=1e-6)
    assert trace.next_words(0, 3)[0][0] == WORDS[int(trace.next_probabilities(0).argmax())]
    for asked in (-2, 9):
        with pytest.raises(BadQuery):
            trace.next_probabilities(asked)
    with pytest.raises(BadQuery):
        trace.previous_probabilities(-1)


def test_a_word_outside_the_vocabulary_counts_as_unknown():
    trace = run_elmo(tiny_elmo(), "the zebra")
    assert trace.guesses.known.tolist() == [True, False]
    assert trace.guesses.true[0, 1] == pytest.approx(trace.next_probabilities(0)[2], abs=1e-6)


def test_the_mix_by_hand():
    trace = run_elmo(tiny_elmo(), SENTENCE)
    s = np.array([0.2, 0.3, 0.5])
    by_hand = 2 * (0.2 * trace.layers[0] + 0.3 * trace.layers[1] + 0.5 * trace.layers[2])
    assert np.allclose(trace.mix(s, 2), by_hand, atol=1e-6)
    assert np.array_equal(trace.mix([1, 0, 0], 1), trace.layers[0])
    with pytest.raises(BadQuery, match="3 weights"):
        trace.mix([1, 0])


def test_influence_is_a_staircase_and_right():
    trace = run_elmo(tiny_elmo(), SENTENCE)
    moved = trace.influence()
    count = len(trace.words)
    assert moved.shape == (2, count, count)
    assert moved[0][np.triu_indices(count, 1)].max() < 1e-6
    assert np.all(moved[0][np.tril_indices(count)] > 0)
    assert moved[1][np.tril_indices(count, -1)].max() < 1e-6
    assert np.all(moved[1][np.triu_indices(count)] > 0)
    token = trace.model.encode(["<S>", *(w.text for w in trace.words), "</S>"]).clone()
    token[1 + 4] = 0
    ahead, _, _ = trace.model.module(token[:, None])
    change = np.linalg.norm(ahead[1][1 + 6, 0].numpy() - trace.forward[1, 6]) / np.linalg.norm(trace.forward[1, 6])
    assert moved[0, 6, 4] == pytest.approx(change, abs=1e-5)
    assert np.allclose(trace.influence(2, 6), moved[:, 2:6, 2:6], atol=1e-6)
    with pytest.raises(BadQuery):
        trace.influence(3, 99)


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "...", "🙂🙂", "שלום עולם", "\x00\x07", "<b>x</b> **y**", "a" * 5000])
def test_any_text_has_a_trace(text):
    trace = run_elmo(tiny_elmo(), text)
    assert trace.layers.shape == (3, len(trace.words), 10)
    assert np.isfinite(trace.layers).all()
    assert trace.guesses.true.shape == (2, len(trace.words))
    assert trace.influence().shape == (2, len(trace.words), len(trace.words))
    assert trace.next_probabilities(-1).sum() == pytest.approx(1, abs=1e-5)


def test_no_more_than_512_words_are_read():
    trace = run_elmo(tiny_elmo(), "the bank " * 300)
    assert len(trace.words) == MOST_WORDS
    assert trace.cut == 600 - MOST_WORDS


def test_without_a_softmax_nothing_is_guessed():
    trace = run_elmo(tiny_elmo(n_words=0), SENTENCE)
    with pytest.raises(Missing, match="predicts no words"):
        _ = trace.guesses
    assert trace.model.encodings.shape == (0, 5)


def test_each_filter_is_where_it_says():
    """The largest answer of a filter is its weights times the characters at `place`, plus its bias."""
    model = tiny_elmo()
    read = read_word(model, "banks")
    ids = torch.from_numpy(characters.character_ids("banks").astype(np.int64))
    vectors = model.module.token.characters(ids)
    at = 0
    for convolution in model.module.token.convolutions:
        for weight, bias in zip(convolution.weight, convolution.bias, strict=True):
            p, w = int(read.place[at]), int(read.width[at])
            answer = float((weight.T * vectors[p : p + w]).sum() + bias)
            assert read.fired[at] == pytest.approx(max(0.0, answer), abs=1e-5)
            at += 1
    assert at == len(read.fired)
    assert read.characters[:8] == ("^", "b", "a", "n", "k", "s", "$", "_")


def test_vocabulary_encodings_are_the_words_own():
    model = tiny_elmo()
    assert np.allclose(model.encodings[4], read_word(model, "bank").encoding, atol=1e-6)
    assert not model.encodings.flags.writeable
