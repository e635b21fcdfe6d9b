"""Sentences with numbers and tokens in them: what to look for in a picture, said about this very text."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import numpy as np

from bert_explain.kernel.readings import Best
from bert_explain.kernel.text import markdown


class Piece(str):
    """Text that came from the reader or from the vocabulary: set in monospace, and never taken for HTML."""


@dataclass(frozen=True)
class Sentence:
    """A template of ours and the values that fill it. Make one with `say`."""

    template: str
    values: dict[str, Any]
    evidence: tuple[Best, ...] = ()  # what its superlatives rest on

    def because(self, *found: Best) -> Sentence:
        """The same sentence with the comparisons that its superlatives rest on: those of `found` in which one leads."""
        return replace(self, evidence=(*self.evidence, *(best for best in found if best.leads)))

    def plain(self) -> str:
        """As text, for screen readers and tests."""
        return self.template.format(**{name: _number(value) for name, value in self.values.items()})

    def __str__(self) -> str:
        return self.plain()

    def __format__(self, spec: str) -> str:
        return self.plain()

    def __hash__(self) -> int:
        return hash(self.plain())

    def markdown(self) -> str:
        """As Markdown, for the labels of buttons and options; values are escaped, pieces are set in bold."""
        return self.template.format(**{name: _markdown(value) for name, value in self.values.items()})

    def html(self) -> str:
        """As HTML; template and values are escaped, pieces are set in `<b class="piece">`."""
        text = escape(self.template, quote=False).format(**{name: _html(value) for name, value in self.values.items()})
        return re.sub(r"(?<=\d) %", "\u00a0%", text)  # a number and its sign do not part at the end of a line


def say(template: str, **values: Any) -> Sentence:
    """`say("{word} looks at {other} with weight {w:.2f}.", word=Piece("bank"), other=Piece("river"), w=0.31)`."""
    return Sentence(template, values)


class _Number(float):
    """A number that is written with a true minus sign, and with none before nothing but zeros."""

    def __format__(self, spec: str) -> str:
        text = super().__format__(spec)
        return text.replace("-", "" if not text.strip("-0., %") else "\u2212")


def _number(value: Any) -> Any:
    return _Number(value) if isinstance(value, (float, np.floating)) else value


def _markdown(value: Any) -> Any:
    if isinstance(value, Sentence):
        return value.markdown()
    if not isinstance(value, str):
        return value
    text = markdown(value)
    return f"**{text}**" if isinstance(value, Piece) and text.strip() else text


def _html(value: Any) -> Any:
    if isinstance(value, Sentence):
        return value.html()
    if isinstance(value, Piece):
        return f'<b class="piece" dir="auto">{escape(value)}</b>'
    return escape(value) if isinstance(value, str) else _number(value)
