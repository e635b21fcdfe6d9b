"""Sentences with numbers and tokens in them: what to look for in a picture, said about this very text."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any


class Piece(str):
    """Text that came from the reader or from the vocabulary: set in monospace, and never taken for HTML."""


@dataclass(frozen=True)
class Sentence:
    """A template of ours and the values that fill it. Make one with `say`."""

    template: str
    values: dict[str, Any]

    def plain(self) -> str:
        """As text, for screen readers and tests."""
        return self.template.format(**self.values)

    def html(self) -> str:
        """As HTML; template and values are escaped, pieces are set in `<b class="piece">`."""
        return escape(self.template, quote=False).format(**{name: _html(value) for name, value in self.values.items()})


def say(template: str, **values: Any) -> Sentence:
    """`say("{word} looks at {other} with weight {w:.2f}.", word=Piece("bank"), other=Piece("river"), w=0.31)`."""
    return Sentence(template, values)


def _html(value: Any) -> Any:
    if isinstance(value, Piece):
        return f'<b class="piece" dir="auto">{escape(value)}</b>'
    return escape(value) if isinstance(value, str) else value
