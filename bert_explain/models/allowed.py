"""What whoever runs the server allows: which models may be loaded, and whether a reader may have one fetched.

A settings file (`--settings FILE`, BERT_EXPLAIN_SETTINGS) is TOML:

    downloads = true        # readers may have a listed model fetched; without this line: where only this machine is served
    any-model = false       # any repository of the hub, not only the listed ones

    [[models]]              # these instead of the app's own list (models.toml)
    name = "bert-base-uncased"
    hub = "google-bert/bert-base-uncased"
    revision = "86b5e0934494bd15c9632b12f734a8a67f723594"
    bytes = 441_200_000

    [[models]]
    name = "ours"
    folder = "/srv/models/ours"
"""

from __future__ import annotations

import logging
import os
import re
import sys
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from bert_explain.core.address import beyond_this_machine
from bert_explain.errors import ExplainError

OWN_LIST = Path(__file__).with_name("models.toml")
ENV_SETTINGS, ENV_ANY, ENV_DOWNLOADS = "BERT_EXPLAIN_SETTINGS", "BERT_EXPLAIN_ANY_MODEL", "BERT_EXPLAIN_DOWNLOADS"
NAME = re.compile(r"[\w.()+-][\w .()+-]{0,119}")
REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
REVISION = re.compile(r"[0-9a-f]{40}")
_KEYS = {"name", "title", "about", "hub", "revision", "bytes", "folder"}

listening: str | None = None  # the address that the server listens at, once it is known
names: frozenset[str] = frozenset()  # by which it may be asked besides: one that is not this machine's is what a proxy serves


class BadSettings(ExplainError):
    """The settings file cannot be read, or says what cannot be."""


@dataclass(frozen=True)
class Entry:
    """One model that may be loaded. `where` is a folder (bundled, local) or a repository of the hub; "" for one made here.

    revision : the commit of the repository; "" is its newest, for one that nobody has listed.
    size : bytes of its files on the hub; None where nobody has said so.
    """

    name: str
    title: str
    source: Literal["bundled", "hub", "local", "made"]
    where: str
    about: str
    revision: str = ""
    size: int | None = None


@dataclass(frozen=True)
class Settings:
    """What is allowed. downloads : None leaves it to whom the server is there for."""

    models: tuple[Entry, ...]
    any_model: bool = False
    downloads: bool | None = None


def settings() -> Settings:
    """As they were given at the start. Where the file is wrong: the app's own list, and nothing is fetched; the log says why."""
    try:
        return given()
    except BadSettings as error:
        _say(str(error))
        return Settings(read(OWN_LIST).models, downloads=False)


def given() -> Settings:
    """The settings file, or the app's own list, and what the command line adds. Raises BadSettings."""
    arguments = sys.argv[1:]
    found = read(Path(_option("--settings", arguments) or os.environ.get(ENV_SETTINGS, "") or OWN_LIST))
    any_model = found.any_model or "--allow-any-model" in arguments or os.environ.get(ENV_ANY) == "1"
    downloads = True if "--allow-downloads" in arguments or os.environ.get(ENV_DOWNLOADS) == "1" else found.downloads
    return Settings(found.models, any_model, downloads)


def _option(name: str, arguments: list[str]) -> str:
    """The value of an option: `--name value` or `--name=value`; "" where it is not there."""
    for at, argument in enumerate(arguments):
        if argument == name and at + 1 < len(arguments):
            return arguments[at + 1]
        if argument.startswith(f"{name}="):
            return argument.partition("=")[2]
    return ""


def may_download() -> bool:
    """Whether a reader's press may fetch a model: as the settings say; else only where nobody but this machine is served."""
    allowed = settings().downloads
    if allowed is not None:
        return allowed
    return listening is not None and not any(map(beyond_this_machine, (listening, *names)))


def unlisted(name: str) -> Entry | None:
    """A repository of the hub that stands on no list, where any may be loaded; None where not, or where it can be none."""
    if not settings().any_model or not REPOSITORY.fullmatch(name) or ".." in name or "--" in name:
        return None
    return Entry(name, name, "hub", name, "from the hub, its newest version")


@lru_cache(maxsize=8)
def read(file: Path) -> Settings:
    """A settings file; read once. Raises BadSettings, with what to mend."""
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        what = getattr(error, "strerror", None) or "it is not UTF-8"
        raise BadSettings(f"The settings file {file} cannot be read: {what}.") from None
    except tomllib.TOMLDecodeError as error:
        raise BadSettings(f"The settings file {file} is not TOML: {error}.") from None
    if wrong := said.keys() - {"models", "any-model", "downloads"}:
        raise BadSettings(f"{file}: there is no setting {min(wrong)!r}. There are models, any-model and downloads.")
    for switch in ("any-model", "downloads"):
        if not isinstance(said.get(switch, False), bool):
            raise BadSettings(f"{file}: {switch} is true or false, not {said[switch]!r}.")
    listed = said.get("models")
    if listed is not None and not (isinstance(listed, list) and all(isinstance(one, dict) for one in listed)):
        raise BadSettings(f"{file}: each model is a table of its own, [[models]].")
    models = read(OWN_LIST).models if listed is None else tuple(_entry(file, number, one) for number, one in enumerate(listed, 1))
    names = [entry.name for entry in models]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise BadSettings(f"{file}: two models are called {twice!r}.")
    return Settings(models, said.get("any-model", False), said.get("downloads"))


def _entry(file: Path, number: int, said: dict[str, Any]) -> Entry:
    def wrong(what: str) -> BadSettings:
        return BadSettings(f"{file}, model {number}: {what}.")

    if extra := said.keys() - _KEYS:
        raise wrong(f"there is no {min(extra)!r}; there are {', '.join(sorted(_KEYS))}")
    for key, value in said.items():
        if key != "bytes" and not isinstance(value, str):
            raise wrong(f"{key} is a text, in quotes")
    name = said.get("name", "")
    if not NAME.fullmatch(name):
        raise wrong(
            "its name is missing, or has characters that no link can hold" if not name else f"no model can be called {name!r}"
        )
    title, about = said.get("title", name), said.get("about", "")
    if ("hub" in said) == ("folder" in said):
        raise wrong("it has either hub or folder")
    if "folder" in said:
        return Entry(name, title, "local", str(Path(said["folder"]).expanduser()), about)
    revision, size = said.get("revision", ""), said.get("bytes")
    if not REPOSITORY.fullmatch(said["hub"]):
        raise wrong("hub is the repository's name, such as google-bert/bert-base-uncased")
    if not REVISION.fullmatch(revision):
        raise wrong("revision is the commit that may be loaded, 40 digits of 0-9 and a-f")
    if not isinstance(size, int) or isinstance(size, bool) or size <= 0:
        raise wrong("bytes is the size of its files, a number")
    return Entry(name, title, "hub", said["hub"], about, revision, size)


@lru_cache(maxsize=8)
def _say(problem: str) -> None:
    logging.getLogger(__name__).error("%s No model is fetched.", problem)
