"""Fetching a model from the Hugging Face hub, with progress, and with a sentence when it cannot be had."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

from bert_explain.errors import BadModel

WEIGHTS = "model.safetensors"
FILES = ["config.json", WEIGHTS, "tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json"]
EVERY = 0.2  # seconds between two reports of progress


def snapshot(repo: str, title: str, progress: Callable[[float, str], None]) -> Path:
    """Folder of the model on this disk: the cached copy, else downloaded. Raises BadModel.

    progress : called with (share from 0 to 1, sentence) as the bytes come in, always in the caller's thread (the hub
    downloads in threads of its own, from which a page cannot be written to).
    """
    from huggingface_hub import snapshot_download

    try:
        folder = Path(snapshot_download(repo, allow_patterns=FILES, local_files_only=True))
        if (folder / WEIGHTS).is_file():  # a download that was broken off leaves a folder without them
            return folder
    except Exception:  # not on this disk yet
        pass
    progress(0.0, f"{title}: asking the hub")
    written: dict[int, float] = {}
    pool = ThreadPoolExecutor(1)
    try:
        plan = snapshot_download(repo, allow_patterns=FILES, dry_run=True, tqdm_class=counting_bar({}))
        size = sum(file.file_size or 0 for file in plan if file.will_download)
        download = pool.submit(snapshot_download, repo, allow_patterns=FILES, tqdm_class=counting_bar(written))
    except Exception as error:
        raise _unreachable(title, error) from error
    finally:
        pool.shutdown(wait=False)  # a reader who leaves does not wait for the bytes
    while not wait([download], timeout=EVERY).done:
        done = min(max(written.values(), default=0), size)
        progress(done / size if size else 0.0, f"{title}: {done / 1e6:,.0f} of {size / 1e6:,.0f} MB")
    if error := download.exception():
        raise _unreachable(title, error) from error
    return Path(download.result())


def counting_bar(written: dict[int, float]) -> type:
    """A progress bar for the hub that prints nothing and notes in `written` how many bytes each bar has counted.

    The hub makes two bars that count bytes (received, and written to disk) and one that counts files.
    """
    from tqdm.auto import tqdm

    class Bar(tqdm):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **{**kwargs, "file": io.StringIO()})

        def update(self, n=1):
            shown = super().update(n)
            if self.unit == "B":
                written[id(self)] = self.n
            return shown

    return Bar


def _unreachable(title: str, error: BaseException) -> BadModel:
    return BadModel(
        f"{title} is not on this machine, and the Hugging Face hub could not be reached to fetch it "
        f"({type(error.__cause__ or error).__name__}). mini-bert needs no network; "
        "a folder of your own can be given with --model."
    )
