"""Pages as Streamlit runs them, in these tests without a browser: long work is waited for, unless a test watches it."""

import pytest

from bert_explain.ui import working


@pytest.fixture(autouse=True)
def work_is_waited_for(monkeypatch):
    """What a page works out beside itself is there when the run is over."""
    monkeypatch.setattr(working, "AT_ONCE", 200)
