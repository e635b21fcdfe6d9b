"""Reading and writing ELMo weights: the original's options.json + HDF5, and ours with model.safetensors and vocab.txt.

The original (AllenNLP, bilm-tf) stores TensorFlow's variables: matrices the other way round, the LSTM's gates in the order
i, g, f, o, and a forget gate whose bias gets 1 added when it runs. Its HDF5 holds no softmax: such a model predicts no words.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bert_explain.errors import BadModel
from bert_explain.models.bilm import BiLM, Options
from bert_explain.models.characters import BEGIN, END, N_CHARACTERS, UNKNOWN

OPTIONS, WEIGHTS, VOCABULARY = "options.json", "model.safetensors", "vocab.txt"


def read_options(folder: Path) -> Options:
    """The sizes in a folder's options.json (the original's is called `*options.json`). Raises BadModel."""
    path = folder / OPTIONS
    path = path if path.is_file() else next(iter(sorted(folder.glob("*options.json"))), path)
    if not path.is_file():
        raise BadModel(f"{folder} has no options.json: it is not an ELMo folder.")
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
        options = options_of(given)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        what = f"it lacks {error}" if isinstance(error, KeyError) else str(error)[:200]
        raise BadModel(f"{path} is not the options of an ELMo model: {what}.") from error
    return options


def options_of(given: dict[str, Any]) -> Options:
    """The sizes in what an options.json holds. Raises KeyError, TypeError, AttributeError or ValueError."""
    lstm, cnn = given["lstm"], given["char_cnn"]
    if not 0 <= cnn["n_characters"] - N_CHARACTERS <= 1:  # 262 with the row for "no word" that AllenNLP adds
        raise ValueError(f"{cnn['n_characters']} characters, where ELMo has {N_CHARACTERS}")
    options = Options(
        character_dim=int(cnn["embedding"]["dim"]),
        filters=tuple((int(width), int(number)) for width, number in cnn["filters"]),
        n_highway=int(cnn["n_highway"]),
        activation=str(cnn["activation"]),
        max_characters=int(cnn["max_characters_per_token"]),
        cell=int(lstm["dim"]),
        projection=int(lstm["projection_dim"]),
        n_layers=int(lstm["n_layers"]),
        cell_clip=None if lstm.get("cell_clip") is None else float(lstm["cell_clip"]),
        proj_clip=None if lstm.get("proj_clip") is None else float(lstm["proj_clip"]),
        skip=bool(lstm.get("use_skip_connections", False)),
        n_words=int(given.get("n_words", 0)),
    )
    sizes = (options.character_dim, options.max_characters - 2, options.cell, options.projection, options.n_layers)
    if options.activation not in ("relu", "tanh") or not options.filters or min(sizes) < 1 or options.n_words < 0:
        raise ValueError("a size or the activation is none that ELMo has")
    if options.widest > options.max_characters or options.projection >= options.cell:
        raise ValueError("a filter is wider than a word, or the projection is not smaller than the cell")
    if max(*sizes, options.n_filters, options.n_highway, options.n_words) > 5_000_000:
        raise ValueError("a size is beyond any ELMo model")
    return options


def written_options(options: Options) -> dict[str, Any]:
    """Options in the original's form, with the size of the softmax's vocabulary beside it."""
    return {
        "lstm": {
            "use_skip_connections": options.skip,
            "n_layers": options.n_layers,
            "dim": options.cell,
            "projection_dim": options.projection,
            "cell_clip": options.cell_clip,
            "proj_clip": options.proj_clip,
        },
        "char_cnn": {
            "activation": options.activation,
            "filters": [list(pair) for pair in options.filters],
            "n_highway": options.n_highway,
            "embedding": {"dim": options.character_dim},
            "n_characters": N_CHARACTERS,
            "max_characters_per_token": options.max_characters,
        },
        "n_words": options.n_words,
    }


def read(folder: Path) -> tuple[BiLM, tuple[str, ...]]:
    """The model in a folder and its softmax's words (empty where there is no softmax), ready to run. Raises BadModel."""
    if not folder.is_dir():
        raise BadModel(f"There is no folder {folder}. Give --elmo the folder that holds options.json.")
    options = read_options(folder)
    originals = sorted(folder.glob("*weights.hdf5")) or sorted(folder.glob("*.hdf5"))
    try:
        if (folder / WEIGHTS).is_file():
            words = read_vocabulary(folder / VOCABULARY, options.n_words)
            state = _safetensors(folder / WEIGHTS)
        elif originals:
            options, words = replace(options, n_words=0), ()
            state = _hdf5(originals[0], options)
        else:
            raise BadModel(f"{folder} has no weights: it needs model.safetensors or the original's *.hdf5.")
        return _filled(options, state, folder), words
    except BadModel:
        raise
    except Exception as error:  # whatever is wrong inside the files: the reader sees one sentence, the log the rest
        what = f"{type(error).__name__}: {str(error)[:300]}"
        raise BadModel(f"The ELMo model in {folder} could not be opened: {what}") from error


def _filled(options: Options, state: dict[str, Tensor], folder: Path) -> BiLM:
    with torch.device("meta"):  # sizes only: no memory is taken before they are known to fit
        wanted = {name: tuple(value.shape) for name, value in BiLM(options).state_dict().items()}
    lacks = [name for name in wanted if name not in state]
    if lacks:
        raise BadModel(f"The weights in {folder} lack {len(lacks)} tensors, such as {lacks[0]}.")
    for name, shape in wanted.items():
        if tuple(state[name].shape) != shape:
            raise BadModel(f"{name} in {folder} is {tuple(state[name].shape)}; its options.json says {shape}.")
        if not bool(torch.isfinite(state[name]).all()):
            raise BadModel(f"{name} in {folder} holds numbers that are not finite.")
    model = BiLM(options)
    model.load_state_dict({name: state[name].float() for name in wanted})
    return model.eval().requires_grad_(False)


def _safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    return load_file(path)


def _hdf5(path: Path, options: Options) -> dict[str, Tensor]:
    import h5py

    state: dict[str, Tensor] = {}
    with h5py.File(path, "r") as file:

        def get(name: str) -> np.ndarray:
            if name not in file:
                raise BadModel(f"{path} lacks {name}: it is cut short, or not an ELMo biLM.")
            return np.asarray(file[name][...], dtype=np.float32)

        state["token.characters.weight"] = torch.from_numpy(get("char_embed"))
        for n in range(len(options.filters)):
            kernel = get(f"CNN/W_cnn_{n}")[0]  # (1, width, D, filters) -> (width, D, filters)
            state[f"token.convolutions.{n}.weight"] = _tensor(kernel.transpose(2, 1, 0))
            state[f"token.convolutions.{n}.bias"] = _tensor(get(f"CNN/b_cnn_{n}"))
        for n in range(options.n_highway):
            for ours, theirs in (("gate", "carry"), ("change", "transform")):
                state[f"token.highways.{n}.{ours}.weight"] = _tensor(get(f"CNN_high_{n}/W_{theirs}").T)
                state[f"token.highways.{n}.{ours}.bias"] = _tensor(get(f"CNN_high_{n}/b_{theirs}"))
        state["token.project.weight"] = _tensor(get("CNN_proj/W_proj").T)
        state["token.project.bias"] = _tensor(get("CNN_proj/b_proj"))
        for side, direction in enumerate(("ahead", "back")):
            for n in range(options.n_layers):
                cell = f"RNN_{side}/RNN/MultiRNNCell/Cell{n}/LSTMCell"
                layer = _lstm(get(f"{cell}/W_0"), get(f"{cell}/B"), get(f"{cell}/W_P_0"), options)
                state |= {f"{direction}.{n}.{name}": value for name, value in layer.items()}
    return state


def _lstm(w: np.ndarray, b: np.ndarray, project: np.ndarray, options: Options) -> dict[str, Tensor]:
    """TensorFlow's LSTMCell as torch.nn.LSTM: gates i, g, f, o -> i, f, g, o; the forget gate's 1 goes into the bias."""
    i, g, f, o = np.split(np.arange(4 * options.cell), 4)
    order = np.concatenate([i, f, g, o])
    bias = b[order].copy()
    bias[options.cell : 2 * options.cell] += 1.0
    width = w.shape[0] - options.projection
    return {
        "weight_ih_l0": _tensor(w[:width, order].T),
        "weight_hh_l0": _tensor(w[width:, order].T),
        "bias_ih_l0": _tensor(bias),
        "bias_hh_l0": torch.zeros(4 * options.cell),
        "weight_hr_l0": _tensor(project.T),
    }


def _tensor(x: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(x))


def read_vocabulary(path: Path, size: int) -> tuple[str, ...]:
    """The softmax's words, one a line; the first three are <S>, </S> and <UNK>. Raises BadModel."""
    if not size:
        return ()
    if not path.is_file():
        raise BadModel(f"{path.parent} has no vocab.txt, the words of its softmax.")
    words = tuple(path.read_text(encoding="utf-8").split("\n"))
    words = words[:-1] if words[-1] == "" else words
    if len(words) != size or words[:3] != (BEGIN, END, UNKNOWN) or len(set(words)) != len(words):
        raise BadModel(f"{path} must hold {size} different words, the first three {BEGIN}, {END} and {UNKNOWN}.")
    return words


def save(model: BiLM, words: Sequence[str], folder: Path) -> None:
    """Write options.json, vocab.txt and model.safetensors (float16) into a folder."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    (folder / OPTIONS).write_text(json.dumps(written_options(model.options), indent=2) + "\n", encoding="utf-8")
    (folder / VOCABULARY).write_text("\n".join(words) + "\n", encoding="utf-8")
    largest = max(float(p.detach().abs().max()) for p in model.parameters())
    if not math.isfinite(largest) or largest > 60000:
        raise BadModel(f"A weight of size {largest} does not fit into float16.")
    state = {name: value.detach().to("cpu", torch.float16).contiguous() for name, value in model.state_dict().items()}
    part = folder / f"{WEIGHTS}.part"
    save_file(state, part, metadata={"format": "pt"})
    part.chmod(0o644)
    part.replace(folder / WEIGHTS)
