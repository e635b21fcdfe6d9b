"""What a layer knows, in Chromium: a guess, a probe at a press, the reader's own words, and a head that is opened."""

import re

import pytest

from tests.browser.helpers import open_at, settled

pytestmark = pytest.mark.rest

PAGE = "What_a_layer_knows"
LONG = 240_000  # ms: a busy machine


def test_a_head_is_found_and_opened_on_the_readers_sentence(page):
    open_at(page, PAGE, step="heads", a="The cat chased a mouse.", b="", mode="guided")
    page.get_by_role("button", name="just show me").wait_for(timeout=LONG)
    assert page.locator('[class*="st-key-pic-relation-heads"]').count() == 0
    page.get_by_role("button", name="just show me").click()
    card = page.locator('[class*="st-key-pic-relation-heads"]')
    card.wait_for(timeout=LONG)
    settled(page)
    card.get_by_text("dobj", exact=True).first.click()
    settled(page)
    told = re.search(r"Look at dobj, object to its verb: head (\d+) of layer (\d+)", card.inner_text())
    assert told
    page.get_by_role("button", name="Show me this head").click()
    page.wait_for_url(re.compile("/Attention"), timeout=60_000)
    settled(page)
    assert "a=The+cat+chased+a+mouse" in page.url
    head, layer = told.groups()
    assert re.search(rf"[?&]head={head}\b", page.url), page.url
    assert re.search(rf"[?&]layer={layer}\b", page.url), page.url
    assert "step=heads" in page.url


def test_a_probe_is_run_at_a_press_and_ones_own_words_are_tagged(page):
    open_at(page, PAGE, step="probes", mode="explore", probe="name")
    page.get_by_role("button", name=re.compile("^Probe every layer")).click()
    card = page.locator('[class*="st-key-pic-probe-name"]')
    card.wait_for(timeout=LONG)
    settled(page)
    assert card.locator(".js-plotly-plot").is_visible()
    assert re.search(r"Look at the dots? (at the input|after layer \d)", card.inner_text())
    assert "probed=" in page.url
    open_at(page, PAGE, step="own", mode="explore", a="They fish. <b>x</b>", b="")
    page.get_by_role("button", name="Train a probe on every layer").click()
    card = page.locator('[class*="st-key-pic-own-tags"]')
    card.wait_for(timeout=LONG)
    settled(page)
    assert card.locator('[data-testid="stDataFrame"]').is_visible()
    assert "tag" in card.inner_text()
