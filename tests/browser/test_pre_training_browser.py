"""Pre-training in a browser: a text of one's own is pasted, learned, stopped, gone on with; a sentence is added."""

import re

import pytest

from tests.browser.helpers import open_at, settled
from tests.training.test_pre_training import TEXT

pytestmark = pytest.mark.rest

LONG = 180_000  # ms: a busy machine


def test_a_pasted_text_is_learned_stopped_and_gone_on_with(page):
    open_at(page, "Pre_training", step="train", text="own", steps="500")
    page.get_by_label("Your own text", exact=True).fill(TEXT)
    page.get_by_label("Your own text", exact=True).press("Control+Enter")
    begin = page.get_by_role("button", name="Train it from nothing")
    begin.wait_for(timeout=LONG)
    begin.click()
    page.locator("ol.holes li").first.wait_for(timeout=LONG)
    assert page.locator("ol.holes li").count() == 10
    page.get_by_role("button", name="Stop").click()
    go_on = page.get_by_role("button", name=re.compile(r"Go on from step \d+"))
    go_on.wait_for(timeout=LONG)
    go_on.click()
    page.locator('[class*="st-key-pic-holes"]').first.wait_for(timeout=LONG)
    settled(page)
    said = page.locator('[class*="st-key-pic-holes"] .look').inner_text()
    assert re.search(r"before the first step \d+ of 10 were guessed rightly, and \d+ after step 500", said)
    for name in ("course", "neighbours"):
        assert page.locator(f'[class*="st-key-pic-{name}"] .js-plotly-plot').count() == 1
    assert "barn" not in page.url

    page.get_by_role("button", name="Next: What it was never shown").click()
    settled(page)
    assert "it cannot say it" in page.locator('[class*="st-key-pic-guess"]').inner_text()
    page.get_by_role("button", name="Add it 10 times").click()
    page.locator('[class*="st-key-pic-added"]').first.wait_for(timeout=LONG)
    settled(page)
    assert "no piece of its own" in page.locator('[class*="st-key-pic-added"] .look').inner_text()
