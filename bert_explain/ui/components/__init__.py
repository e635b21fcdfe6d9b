"""Pictures that answer: custom components in plain JavaScript, one function each.

Every X.py mounts X.js and X.css behind shared.js and shared.css (cells.js: reading a drawn picture by pointer and
keyboard; items.js: the same for a list). `figures.payload` builds what they are given.
"""

from bert_explain.ui.components.bands import Band, bands
from bert_explain.ui.components.bars import Bar, bars
from bert_explain.ui.components.heads_grid import heads_grid
from bert_explain.ui.components.matrix import matrix
from bert_explain.ui.components.token_row import token_row
from bert_explain.ui.components.tools import tools

__all__ = ["Band", "Bar", "bands", "bars", "heads_grid", "matrix", "token_row", "tools"]
