"""Fetching a model from the Hugging Face hub: asked how large it is, then fetched with progress, or a sentence why not.

Nothing here is called by opening a page: a reader presses a button, or whoever runs the server named the model at its start.
"""

from __future__ import annotations

import errno
import io
import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from bert_explain.errors import BadModel

SAFE, SAFE_LIST = "model.safetensors", "model.safetensors.index.json"
PICKLED, PICKLED_LIST = "pytorch_model.bin", "pytorch_model.bin.index.json"
WORDS = ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "vocab.json", "merges.txt")
FILES = ["config.json", *WORDS, "special_tokens_map.json", "added_tokens.json"]
SAFE_FILES = [SAFE, SAFE_LIST, "model-*-of-*.safetensors"]
PICKLED_FILES = [PICKLED, PICKLED_LIST, "pytorch_model-*-of-*.bin"]
EVERY = 0.2  # seconds between two reports of progress
ROOM = 200_000_000  # bytes of the disk that stay free
_DISK = {errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EPERM, errno.EDQUOT, errno.EIO}
MORE = 1.02  # a list may be this much off about the size of a model

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Plan:
    """What fetching a model would take. size : bytes of all its files; missing : of those that are not here yet."""

    patterns: tuple[str, ...]
    size: int
    missing: int


def cached(repo: str, revision: str = "") -> Path | None:
    """The folder of the hub's cache that holds this model whole; None where it is not on this disk. Asks nobody."""
    home = _home(repo)
    if not revision:
        try:
            revision = (home / "refs" / "main").read_text(encoding="utf-8").strip()
        except OSError:
            return None
    folder = home / "snapshots" / revision
    return folder if revision and _whole(folder) else None


def _home(repo: str) -> Path:
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    return Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=repo, repo_type="model")


def _whole(folder: Path) -> bool:
    """Whether a configuration and all weights are there; a download that was broken off leaves a folder without them."""
    if not (folder / "config.json").is_file():
        return False
    for single, index in ((SAFE, SAFE_LIST), (PICKLED, PICKLED_LIST)):
        if (folder / single).is_file():
            return True
        try:
            parts = set(json.loads((folder / index).read_text(encoding="utf-8"))["weight_map"].values())
        except (OSError, ValueError, KeyError, AttributeError, TypeError):
            continue
        if parts and all(isinstance(part, str) and (folder / part).is_file() for part in parts):
            return True
    return False


def plan(repo: str, title: str, revision: str = "") -> Plan:
    """Ask the hub what there is, and how large. safetensors where there are any, else the pickled numbers. Raises BadModel."""
    try:
        found = _ask(repo, revision, [*FILES, *SAFE_FILES, *PICKLED_FILES], dry_run=True, tqdm_class=counting_bar({}, Event()))
    except Exception as error:
        raise _unreachable(title, error) from error
    names = {file.filename for file in found}
    safe = bool(names & {SAFE, SAFE_LIST})
    if not safe and not names & {PICKLED, PICKLED_LIST}:
        raise BadModel(f"{title} has no weights on the hub that can be opened here: neither {SAFE} nor {PICKLED}.")
    left = PICKLED if safe else SAFE
    wanted = [file for file in found if not file.filename.startswith(left.split(".")[0]) or file.filename in FILES]
    return Plan(
        patterns=(*FILES, *(SAFE_FILES if safe else PICKLED_FILES)),
        size=sum(file.file_size or 0 for file in wanted),
        missing=sum(file.file_size or 0 for file in wanted if file.will_download),
    )


def fetch(repo: str, title: str, progress: Progress, revision: str = "", most: int | None = None) -> Path:
    """Download a model into the hub's cache, and give its folder. Raises BadModel; what `progress` raises ends the download.

    progress : called with (share from 0 to 1, sentence) as the bytes come in, always in the caller's thread (the hub
    downloads in threads of its own, from which a page cannot be written to).
    most : bytes that its files may have; a larger model is not fetched.
    """
    progress(0.0, f"{title}: asking the hub")
    wanted = plan(repo, title, revision)
    check(title, wanted, most)
    written: dict[int, float] = {}
    stop = Event()
    pool = ThreadPoolExecutor(1)
    download = pool.submit(_ask, repo, revision, list(wanted.patterns), tqdm_class=counting_bar(written, stop))
    pool.shutdown(wait=False)  # a reader who leaves does not wait for the bytes
    try:
        while not wait([download], timeout=EVERY).done:
            done = min(max(written.values(), default=0), wanted.missing)
            share = done / wanted.missing if wanted.missing else 0.0
            progress(share, f"{title}: {done / 1e6:,.0f} of {wanted.missing / 1e6:,.0f} MB")
    finally:
        stop.set()
    if error := download.exception():
        raise _unreachable(title, error) from error
    return Path(download.result())


def check(title: str, wanted: Plan, most: int | None = None) -> None:
    """Raises BadModel where a model is larger than was said, or does not fit on the disk."""
    if most is not None and wanted.size > most * MORE:
        raise BadModel(
            f"The hub has {wanted.size / 1e6:,.0f} MB under the name of {title}; the list says {most / 1e6:,.0f} MB. "
            "Nothing was fetched."
        )
    free = _free()
    if free is not None and wanted.missing + ROOM > free:
        raise BadModel(
            f"{title} takes {wanted.missing / 1e6:,.0f} MB, and {free / 1e6:,.0f} MB are free on the disk where it would be "
            "kept. Nothing was fetched."
        )


def _free() -> int | None:
    """Bytes that are free where the hub's cache is, or would be made."""
    from huggingface_hub import constants

    place = Path(constants.HF_HUB_CACHE)
    for folder in (place, *place.parents):
        try:
            return shutil.disk_usage(folder).free
        except OSError:  # not made yet
            continue
    return None


def _ask(repo: str, revision: str, patterns: list[str], **options: Any) -> Any:
    """The hub's client. A model that is on no list is asked for without anybody's credentials."""
    from huggingface_hub import constants, snapshot_download

    constants.HF_HUB_DISABLE_XET = True  # its other way to download tells no progress that could be stopped
    token: dict[str, Any] = {} if revision else {"token": False}
    return snapshot_download(repo, revision=revision or None, allow_patterns=patterns, **token, **options)


class Stopped(Exception):
    """Raised inside the hub's client when nobody waits for the download any more."""


def counting_bar(written: dict[int, float], stop: Event) -> type:
    """A progress bar for the hub that prints nothing and notes in `written` how many bytes each bar has counted.

    The hub makes two bars that count bytes (received, and written to disk) and one that counts files. Once `stop` is set,
    the next byte that is counted ends the download; files that came in whole are kept, half ones are not.
    """
    from tqdm.auto import tqdm

    class Bar(tqdm):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **{**kwargs, "file": io.StringIO()})

        def update(self, n=1):
            if stop.is_set():
                raise Stopped
            shown = super().update(n)
            if self.unit == "B":
                written[id(self)] = self.n
            return shown

    return Bar


def _unreachable(title: str, error: BaseException) -> BadModel:
    cause = error.__cause__ or error
    if isinstance(cause, OSError) and cause.errno in _DISK:
        return BadModel(f"{title} could not be written to this machine's disk: {cause.strerror}.")
    return BadModel(
        f"{title} is not on this machine, and the Hugging Face hub could not be reached to fetch it "
        f"({type(cause).__name__}). mini-bert needs no network; "
        "a folder of your own can be given with --model."
    )
