"""Opening a folder in Hugging Face's layout: config.json, the weights, a vocabulary.

Shared by every family of models. A folder is read exactly as its own library reads it, or refused with a sentence that
says what to do (BadModel). Weights are opened as safetensors, or as a pickle that may hold numbers only
(`torch.load(weights_only=True)`); no code from a checkpoint is run. What would not fit into memory is refused by
arithmetic, before it is asked for.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from bert_explain.errors import BadModel
from bert_explain.families import Family, Sizes
from bert_explain.models import memory

WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json")
AS_IT_IS = "TokenizersBackend"  # transformers' class that takes tokenizer.json as it is; PreTrainedTokenizerFast is its old name

Model = TypeVar("Model")


def opened(folder: Path, option: str, read: Callable[[], Model]) -> Model:
    """What `read` gives, once the folder has what every model needs. `option` is how a reader names a folder.

    Raises BadModel.
    """
    if not folder.is_dir():
        raise BadModel(f"There is no folder {folder}. Give {option} the folder that holds config.json.")
    if not (folder / "config.json").is_file():
        raise BadModel(f"{folder} has no config.json: it is not a Hugging Face model folder.")
    if not any((folder / weights).is_file() for weights in (*WEIGHTS, *PICKLED)):
        raise BadModel(f"{folder} holds no weights. It needs model.safetensors (save_pretrained writes it) or pytorch_model.bin.")
    try:
        return read()
    except BadModel:
        raise
    except MemoryError as error:
        raise BadModel(f"There is not enough memory for the model in {folder}. Give {option} a smaller one.") from error
    except Exception as error:  # whatever is wrong inside the files: the reader sees one sentence, the log the rest
        what = f"{type(error).__name__}: {str(error)[:300]}".rstrip(". :\n")
        raise BadModel(f"The model in {folder} could not be opened: {what}.") from error


def read_config(folder: Path) -> Any:
    """The folder's configuration, by transformers' own reader."""
    from transformers.models.auto.configuration_auto import AutoConfig
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def check_sizes(folder: Path, family: Family, config: Any) -> None:
    """Raises BadModel where config.json has sizes that no model can have, or that memory cannot hold."""
    sizes: Sizes = family.sizes(config)
    names = weight_names(folder)
    for what, value in (
        ("layers", sizes.layers),
        ("heads", sizes.heads),
        ("pieces in its vocabulary", sizes.vocabulary),
        ("positions", sizes.positions),
        ("numbers a token", sizes.hidden),
        ("numbers in its feed-forward part", sizes.feed_forward),
        ("numbers in its embeddings", sizes.embedding),
    ):
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise BadModel(f"config.json of {folder.name} has {str(value)[:40]!r} as its number of {what}: mend it.")
        if value == 0:
            raise BadModel(f"{folder.name} has no {what}, says its config.json: there is nothing to walk through.")
    if sizes.hidden % sizes.heads:
        raise BadModel(
            f"{sizes.hidden} numbers a token cannot be shared by {sizes.heads} heads: config.json of {folder.name} is wrong."
        )
    numbers = family.numbers(config, names)
    if not getattr(config, "tie_word_embeddings", True):
        numbers += sizes.vocabulary * sizes.embedding
    check_memory(folder, memory.BYTES * numbers)


def check_memory(folder: Path, weights: int) -> None:
    """Raises BadModel where the weights (bytes, once they are loaded) and the folder's files would not fit into memory.

    A pickle is read whole before its numbers are taken over; safetensors are taken over tensor by tensor.
    """
    need, free = weights, memory.available()
    if not any((folder / name).is_file() for name in WEIGHTS):
        need += sum(memory.unpacked(file) for file in folder.glob("pytorch_model*.bin"))
    need += memory.VOCABULARY_FOLD * sum(
        (folder / name).stat().st_size for name in ("tokenizer.json", "vocab.txt", "vocab.json") if (folder / name).is_file()
    )
    if free is not None and need > free:
        raise BadModel(
            f"{folder.name} would need {memory.said(need)} of memory, and {memory.said(free)} are free on this machine. "
            "Give --model a smaller model, or free some memory and start again."
        )


def read_weights(
    folder: Path, config: Any, family: Family, module_class: Any = None
) -> tuple[Any, Any, list[str], dict[str, Any]]:
    """(module, tokenizer, names of the weights that the file lacks, tensors of the file that the module did not take).

    module_class : another class of transformers than the family's.
    Raises BadModel where the body is not whole.
    """
    check_sizes(folder, family, config)  # before anything is read that memory may not hold
    tokenizer = read_tokenizer(folder, config, family)
    safe = any((folder / weights).is_file() for weights in WEIGHTS)
    state = None if safe else _unpickled(folder)
    names = weight_names(folder) if state is None else state.keys()
    module, info = (module_class or family.module(config, names)).from_pretrained(
        folder if safe else None,
        config=config,
        state_dict=state,
        local_files_only=True,
        use_safetensors=True,
        dtype="float32",
        attn_implementation="eager",
        output_loading_info=True,
    )
    missing = sorted(info["missing_keys"])
    body = [key for key in missing if ".layer." in key or "embeddings" in key]
    if body:
        raise BadModel(f"{folder.name} lacks weights of its body ({len(body)} tensors, such as {body[0]}).")
    if len(tokenizer) > module.get_input_embeddings().num_embeddings:
        raise BadModel(f"The tokenizer of {folder.name} has {len(tokenizer)} pieces, its token table fewer rows.")
    left = sorted(info["unexpected_keys"])
    return module, tokenizer, missing, _some_of(folder, left) if state is None else {name: state.get(name) for name in left}


def _some_of(folder: Path, names: Sequence[str]) -> dict[str, Any]:
    """These tensors of a folder's safetensors; None for one that stands there under another name (transformers renames some)."""
    from safetensors import safe_open

    whole = (folder / WEIGHTS[0]).is_file()
    places = {} if whole else read_json(folder / WEIGHTS[1])["weight_map"]
    found: dict[str, Any] = dict.fromkeys(names)
    for file in sorted({WEIGHTS[0]} if whole else {places[name] for name in names if name in places}):
        with safe_open(folder / file, "pt") as held:
            found |= {name: held.get_tensor(name) for name in set(held.keys()) & set(names)}
    return found


def weight_names(folder: Path) -> frozenset[str]:
    """The names of the weights in safetensors, by the file's head alone; of pickles too, where an index lists them."""
    from safetensors import safe_open

    if (folder / WEIGHTS[0]).is_file():
        with safe_open(folder / WEIGHTS[0], "pt") as file:
            return frozenset(file.keys())
    index = next((folder / name for name in (WEIGHTS[1], PICKLED[1]) if (folder / name).is_file()), None)
    if index is not None and not (folder / PICKLED[0]).is_file():
        return frozenset(read_json(index)["weight_map"])
    return frozenset()


# the pickle ---------------------------------------------------------------------------------------------------------
def _unpickled(folder: Path) -> dict[str, Any]:
    """The tensors of pytorch_model.bin, or of the files that its index names. Nothing but numbers is taken from a pickle."""
    import torch

    found: dict[str, Any] = {}
    for file in _pickles(folder):
        try:
            held = torch.load(file, map_location="cpu", weights_only=True)
        except pickle.UnpicklingError as error:
            raise BadModel(
                f"{file.name} of {folder.name} is not a file of weights alone, and nothing that it holds is run. Save the model "
                "again with save_pretrained, which writes model.safetensors."
            ) from error
        if not isinstance(held, dict):
            raise BadModel(f"{file.name} of {folder.name} holds no table of weights.")
        found |= {name: tensor for name, tensor in held.items() if isinstance(tensor, torch.Tensor)}
    return found


def _pickles(folder: Path) -> list[Path]:
    if (folder / PICKLED[0]).is_file():
        return [folder / PICKLED[0]]
    names = sorted(set(read_json(folder / PICKLED[1])["weight_map"].values()))
    for name in names:
        if Path(name).name != name or not (folder / name).is_file():
            raise BadModel(f"{PICKLED[1]} of {folder.name} names a file that is not beside it.")
    return [folder / name for name in names]


# the tokenizer ------------------------------------------------------------------------------------------------------
def read_tokenizer(folder: Path, config: Any, family: Family) -> Any:
    """The folder's tokenizer, of the class that transformers itself would choose. Raises BadModel for classes not read here."""
    if not any(all((folder / name).is_file() for name in names) for names in family.vocabularies):
        needed = " or ".join(" with ".join(names) for names in family.vocabularies)
        raise BadModel(f"{folder.name} has no vocabulary. It needs {needed}.")
    own, named = family.tokenizer(), _named(folder, config)
    chosen = own if named is None else _class_of(named, own)
    if chosen is None:
        raise BadModel(
            f"{folder.name} names the tokenizer {str(named)[:60]}, which cuts texts in another way than {own.__name__}: here its "
            f"model would be read wrongly. This app reads {own.__name__} and PreTrainedTokenizerFast."
        )
    if chosen.__name__ == AS_IT_IS and not (folder / "tokenizer.json").is_file():
        raise BadModel(f"{folder.name} names the tokenizer {named}, which needs tokenizer.json, and has none.")
    tokenizer = chosen.from_pretrained(folder, local_files_only=True)
    _check_pieces(folder, tokenizer, family)
    return tokenizer


def _named(folder: Path, config: Any) -> str | None:
    """The class that the folder names for its tokenizer; tokenizer_config.json wins over config.json."""
    file = folder / "tokenizer_config.json"
    stated = read_json(file) if file.is_file() else {}
    if "auto_map" in stated and "AutoTokenizer" in stated["auto_map"]:
        raise BadModel(f"{folder.name} brings a tokenizer as code of its own, which is not run here.")
    return stated.get("tokenizer_class") or getattr(config, "tokenizer_class", None)


def _class_of(name: str, own: type[Any]) -> type[Any] | None:
    """transformers' class of that name, where it reads as the family's own does, or takes tokenizer.json as it is; else None."""
    from transformers.models.auto.tokenization_auto import tokenizer_class_from_name

    found = tokenizer_class_from_name(name)
    return found if found is not None and (found.__name__ == AS_IT_IS or issubclass(found, own)) else None


def _check_pieces(folder: Path, tokenizer: Any, family: Family) -> None:
    from tokenizers import models

    inner = tokenizer.backend_tokenizer.model
    kind, said = (models.WordPiece, "WordPiece") if family.pieces == "wordpiece" else (models.BPE, "byte-level BPE")
    if not isinstance(inner, kind):
        raise BadModel(f"The pieces of {folder.name} are {type(inner).__name__}, not {said}, as {family.title} has them.")
    vocabulary = tokenizer.backend_tokenizer.get_vocab(with_added_tokens=False)
    known = {*vocabulary, *_added(folder)}  # transformers adds a piece that is lacking, in a row that was never trained
    required: Sequence[str] = ("cls", "sep", "unk") if family.pieces == "wordpiece" else ("cls", "sep")
    for role in required:
        piece = getattr(tokenizer, f"{role}_token")
        if piece not in (vocabulary if role == "unk" else known):
            used = {
                "cls": "every text begins with it",
                "sep": "every sentence ends with it",
                "unk": "words it cannot cut become it",
            }
            raise BadModel(
                f"The vocabulary of {folder.name} has no {piece or f'{role} token'}: {used[role]}. Add it, or name the piece "
                f"that stands for it as {role}_token in tokenizer_config.json."
            )


def _added(folder: Path) -> set[str]:
    """The pieces that the folder's files add to its vocabulary."""
    files = [folder / name for name in ("tokenizer.json", "tokenizer_config.json", "added_tokens.json")]
    whole, stated, old = (read_json(file) if file.is_file() else {} for file in files)
    rows = [*whole.get("added_tokens", ()), *stated.get("added_tokens_decoder", {}).values()]
    return {row["content"] for row in rows} | set(old)


def read_json(file: Path) -> Any:
    """A file's content. Raises BadModel for one that is no table of names and values."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadModel(f"{file.name} of {file.parent.name} could not be opened: it is not JSON ({str(error)[:80]}).") from error
    if not isinstance(found, dict):
        raise BadModel(f"{file.name} of {file.parent.name} could not be opened: it holds no table of names and values.")
    return found
