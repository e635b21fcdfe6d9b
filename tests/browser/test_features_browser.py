"""Features in a browser: a guess and its picture, every way on a task of one's own, a link that shows it again, a cancel."""

import re

import pytest

from tests.browser.helpers import open_at, settled

pytestmark = pytest.mark.rest

LONG = 150_000  # ms: a busy machine


def test_a_guess_is_answered_with_the_picture(page):
    open_at(page, "Features", step="pooling", a="A text of its own.", b="")
    page.get_by_role("button", name="Learn from frozen vectors").click()
    show = page.get_by_role("button", name="just show me")
    show.wait_for(timeout=LONG)
    assert page.locator(".js-plotly-plot").count() == 0
    show.click()
    page.locator('[class*="st-key-pic-features-poolings"]').wait_for(timeout=LONG)
    settled(page)
    assert re.search(r"\[CLS\] gets 0\.\d\d right", page.locator("p.look").first.inner_text())


def test_every_way_is_tried_at_a_press_and_a_link_shows_it_again(page, new_page):
    open_at(page, "Features", step="grid", mode="guided", task="sentiment", examples=20)
    page.get_by_role("button", name="Try all 30 ways").click()
    card = page.locator('[class*="st-key-pic-features-grid"]')
    card.wait_for(timeout=LONG)
    settled(page)
    assert re.search("stands out|clearly ahead", card.locator("p.look").inner_text())
    assert "grid=" in page.url
    again = new_page()
    again.goto(page.url)
    again.locator('[class*="st-key-pic-features-grid"]').wait_for(timeout=LONG)
    card.get_by_text("as a table").click()
    page.get_by_role("button", name="Download CSV").wait_for()
    page.get_by_text("50", exact=True).first.click()
    page.get_by_role("button", name="Try all 30 ways").wait_for(timeout=LONG)


def test_it_can_be_cancelled_and_the_page_answers_meanwhile(page):
    open_at(page, "Features", step="curve", task="topic")
    page.get_by_role("button", name="Draw it").click()
    page.get_by_role("button", name="Cancel").wait_for(timeout=LONG)
    page.get_by_role("button", name="Chapters").click()
    page.get_by_role("link", name="Attention", exact=True).first.wait_for(timeout=30_000)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Draw it").wait_for(timeout=LONG)
