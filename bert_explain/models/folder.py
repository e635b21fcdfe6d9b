"""Opening a folder in Hugging Face's layout: config.json, model.safetensors, a WordPiece vocabulary.

Shared by every family of models. Weights are opened only as safetensors (no pickle), no code from a checkpoint is run,
and whatever is wrong becomes one sentence (BadModel).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from bert_explain.errors import BadModel

WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
VOCABULARIES = ("tokenizer.json", "vocab.txt")

Model = TypeVar("Model")


def opened(folder: Path, option: str, read: Callable[[], Model]) -> Model:
    """What `read` gives, once the folder has what every model needs. `option` is how a reader names a folder.

    Raises BadModel.
    """
    if not folder.is_dir():
        raise BadModel(f"There is no folder {folder}. Give {option} the folder that holds config.json.")
    if not (folder / "config.json").is_file():
        raise BadModel(f"{folder} has no config.json: it is not a Hugging Face model folder.")
    if not any((folder / weights).is_file() for weights in WEIGHTS):
        other = "only pickled weights, which are not opened here" if list(folder.glob("*.bin")) else "no weights"
        raise BadModel(f"{folder} holds {other}. It needs model.safetensors (save_pretrained writes it).")
    try:
        return read()
    except BadModel:
        raise
    except Exception as error:  # whatever is wrong inside the files: the reader sees one sentence, the log the rest
        what = f"{type(error).__name__}: {str(error)[:300]}".rstrip(". :\n")
        raise BadModel(f"The model in {folder} could not be opened: {what}.") from error


def read_config(folder: Path) -> Any:
    """The folder's configuration, by transformers' own reader."""
    from transformers.models.auto.configuration_auto import AutoConfig
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def read_weights(folder: Path, config: Any, module_class: Any, tokenizer_class: Any) -> tuple[Any, Any, list[str]]:
    """(module, tokenizer, names of the weights that the file lacks). Raises BadModel where the body is not whole."""
    if not any((folder / vocabulary).is_file() for vocabulary in VOCABULARIES):
        raise BadModel(f"{folder.name} has no vocabulary. It needs {' or '.join(VOCABULARIES)}.")
    tokenizer = tokenizer_class.from_pretrained(folder, local_files_only=True)
    module, info = module_class.from_pretrained(
        folder,
        config=config,
        local_files_only=True,
        use_safetensors=True,
        dtype="float32",
        attn_implementation="eager",
        output_loading_info=True,
    )
    missing = sorted(info["missing_keys"])
    body = [key for key in missing if ".layer." in key or "embeddings." in key]
    if body:
        raise BadModel(f"{folder.name} lacks weights of its body ({len(body)} tensors, such as {body[0]}).")
    if len(tokenizer) > module.get_input_embeddings().num_embeddings:
        raise BadModel(f"The tokenizer of {folder.name} has {len(tokenizer)} pieces, its token table fewer rows.")
    return module, tokenizer, missing
