"""Special tokens in words of ours, which name them as BERT writes them: here, named as the model at hand writes them.

A sentence that begins with "In BERT" speaks of BERT whatever model is loaded, and keeps its names.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from bert_explain.core.spec import Special, Specials
from bert_explain.kernel.text import markdown

_NAMED = re.compile(r"(`?)\[(CLS|SEP|MASK|UNK|PAD)\](`?)")
_ROLES = {"CLS": "start", "SEP": "end", "MASK": "mask", "UNK": "unknown", "PAD": "padding"}
_SENTENCES = re.compile(r"(?<=[.!?])(?=\s)|(?<=[.!?]\*\*)(?=\s)|(?=\n)")
_OF_BERT = re.compile(r"[\s*>-]*In BERT\b")


def names(text: str) -> set[str]:
    """The special tokens of BERT that a text names, in sentences that are not about BERT itself: {"[CLS]", ...}."""
    return {f"[{name}]" for part in _SENTENCES.split(text) if not _OF_BERT.match(part) for _, name, _ in _NAMED.findall(part)}


def plain(text: str, special: Specials) -> str:
    """Words of ours with the model's own tokens, as plain text. A token that the model lacks keeps BERT's name."""
    return renamed(text, special, lambda token, _: token.text)


def in_markdown(text: str, special: Specials) -> str:
    """The same in Markdown: what stands as code stays code, the rest is escaped where Markdown would read it."""
    return renamed(
        text, special, lambda token, code: f"`{token.text}`" if code and "`" not in token.text else markdown(token.text)
    )


def renamed(text: str, special: Specials, write: Callable[[Special, bool], str]) -> str:
    """Words of ours in which each special token of BERT is what `write` makes of the model's own; whether it stands as code."""

    def one(found: re.Match[str]) -> str:
        token = getattr(special, _ROLES[found[2]])
        return found[0] if token is None or token.text == f"[{found[2]}]" else write(token, bool(found[1] and found[3]))

    ends = [match.start() for match in _SENTENCES.finditer(text)]
    parts = [text[a:b] for a, b in zip([0, *ends], [*ends, len(text)], strict=True)]
    return "".join(part if _OF_BERT.match(part) else _NAMED.sub(one, part) for part in parts)
