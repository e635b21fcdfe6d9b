"""Where the app's files lie: pages, models, fonts, settings.

In the repository they stand beside the package. In a wheel they stand inside it, in `bert_explain/site/` (pyproject.toml says
what goes there), so that nothing of ours lies loose among other packages.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
_INSTALLED = _PACKAGE / "site"

SITE = _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent  # app.py, pages/, assets/, static/ and .streamlit/
ASSETS = SITE / "assets"
