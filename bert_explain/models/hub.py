"""Fetching a model from the Hugging Face hub, with progress, and with a sentence when it cannot be had."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bert_explain.errors import BadModel

FILES = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json"]


def snapshot(repo: str, title: str, progress: Callable[[float, str], None]) -> Path:
    """Folder of the model on this disk: the cached copy, else downloaded. Raises BadModel.

    progress : called with (share from 0 to 1, sentence), as the bytes come in.
    """
    from huggingface_hub import snapshot_download
    from tqdm.auto import tqdm

    class Bar(tqdm):
        """The hub's own progress bar, also heard by the page. Only the bar that counts bytes is passed on."""

        def __init__(self, *args, **kwargs):
            kwargs.pop("name", None)
            super().__init__(*args, **kwargs)

        def update(self, n=1):
            shown = super().update(n)
            if self.unit == "B" and self.total:
                progress(min(1.0, self.n / self.total), f"{title}: {self.n / 1e6:,.0f} of {self.total / 1e6:,.0f} MB")
            return shown

    try:
        return Path(snapshot_download(repo, allow_patterns=FILES, local_files_only=True))
    except Exception:  # not on this disk yet
        progress(0.0, f"{title}: asking the hub")
    try:
        return Path(snapshot_download(repo, allow_patterns=FILES, tqdm_class=Bar))
    except Exception as error:
        raise BadModel(
            f"{title} is not on this machine, and the Hugging Face hub could not be reached to fetch it "
            f"({type(error).__name__}). mini-bert needs no network; a folder of your own can be given with --model."
        ) from error
