"""The decoder's page in a real browser: the hatched future, writing step by step, a run that is stopped, a link."""

import os
import re
from contextlib import suppress

import pytest
from playwright.sync_api import TimeoutError

from bert_explain.models.registry import ASSETS
from tests.browser.helpers import all_drawn, open_app, settled

PAIR = {"a": "She walked to the bank of the river.", "b": "The water was cold."}
there = (ASSETS / "mini-gpt" / "model.safetensors").is_file() or "BERT_EXPLAIN_DECODER" in os.environ
pytestmark = pytest.mark.skipif(not there, reason="needs the bundled decoder, or BERT_EXPLAIN_DECODER")


def made(page) -> int:
    found = re.search(r"[?&]made=(\d+)", page.url)
    return int(found.group(1)) if found else 0


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()
    return settled(page)


def test_the_future_is_hatched_and_a_click_chooses_a_row(page):
    open_app(page, "OpenAI_Transformer", **PAIR)
    hatched = page.locator(".st-key-causal svg rect[fill='url(#hatch)']")
    tokens = page.locator(".st-key-next-row .token").count()
    assert hatched.count() == tokens - 1
    assert page.locator(".st-key-full svg rect[fill='url(#hatch)']").count() == 0
    box = hatched.nth(3).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.locator(".st-key-causal .tip", has_text="may not look ahead at").wait_for()
    page.locator(".st-key-next-row .token").nth(2).click()
    settled(page)
    assert "token=2" in page.url


def test_step_run_and_the_link_reopens_the_text(page, new_page):
    open_app(page, "OpenAI_Transformer", **PAIR, draw=5)
    press(page, "Next word")
    first = made(page)
    assert first >= 1
    press(page, "Write 20 tokens")
    assert made(page) == first + 20
    page.locator(".st-key-candidates").wait_for()
    text = page.locator(".st-key-written .chip").all_inner_texts()
    assert text
    other = new_page()
    other.goto(page.url)
    all_drawn(settled(other))
    other.locator(".st-key-written .token").first.wait_for()
    assert other.locator(".st-key-written .chip").all_inner_texts() == text
    press(page, "Start over")
    assert made(page) == 0


def test_a_run_can_be_stopped(page):
    """Sixty tokens after a long text: stopped in between, or, on a quick machine, written before one could press."""
    open_app(page, "OpenAI_Transformer", a="the water of the river was cold and " * 55, b="", run=60, heat=137)
    page.get_by_role("button", name="Write 60 tokens", exact=True).click()
    stop = page.get_by_role("button", name="Stop writing", exact=True)
    page.get_by_text(re.compile(r"^[1-9]\d* of 60 tokens written|^How token 60 was chosen")).first.wait_for()
    with suppress(TimeoutError):
        stop.click(timeout=5_000)
    settled(page)
    stop.wait_for(state="detached")
    assert 0 < made(page) <= 60
