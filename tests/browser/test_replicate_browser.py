"""Replicate the paper, in Chromium: a run is watched and stopped, an edited row asks again, and a link brings it all back."""

import re

import pytest
from playwright.sync_api import expect

from bert_explain.chapters.replicate import negation
from bert_explain.chapters.replicate.draw_table import rows_of
from tests.browser.helpers import open_at, settled

pytestmark = pytest.mark.rest

PAGE = "Replicate_the_paper"
RUN = re.compile("^Run it on these sentences")
ROWS = rows_of(negation.TRIAL)


def write(page, row, x, text):
    """Put text in a cell; the grid takes a press only once it has been drawn where it now stands, so it is tried again."""
    canvas = page.locator(".st-key-pic-rows-negation [data-testid='stDataFrame']").first
    box = page.locator("textarea.gdg-input, #portal textarea").first
    canvas.scroll_into_view_if_needed()
    settled(page)
    for _ in range(6):
        canvas.click(position={"x": x, "y": 18 + 35 * (row + 1)})
        page.wait_for_timeout(300)
        page.keyboard.press("Enter")
        page.wait_for_timeout(300)
        if box.count():
            break
    box.fill(text)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("rows-negation="))
    settled(page, 1_000)


def test_run_edit_and_come_back(page):
    open_at(page, PAGE, mode="explore")
    page.get_by_role("button", name=RUN).click()
    measures = page.locator(".measures")
    expect(measures).to_contain_text("0 % (the less natural set)", timeout=120_000)
    expect(page.get_by_text(re.compile("^Found again"))).to_be_visible()
    expect(page.locator("ul.why li").first).to_be_visible()
    write(page, 0, 220, "A ___ <b>is</b> red.")
    expect(page.get_by_role("button", name=RUN)).to_be_visible()  # what was found was found with other rows
    expect(measures).to_have_count(0)
    write(page, 1, 220, "No gap.")
    expect(page.get_by_text("Row 2 is left out: it needs one ___ where the word is hidden.")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("24 rows"))).to_be_visible()
    page.get_by_role("button", name=RUN).click()
    expect(measures).to_contain_text("24 sentences", timeout=120_000)
    address = page.url
    page.goto(address)
    settled(page)
    expect(measures).to_contain_text("24 sentences", timeout=120_000)
    page.get_by_role("button", name="Back to the built-in rows").click()
    expect(page.get_by_role("button", name=re.compile("25 rows"))).to_be_visible()


def test_a_long_run_is_stopped_at_a_word(page):
    open_at(page, PAGE, mode="explore", step="heads")
    page.get_by_role("button", name=re.compile("^Run it")).click()
    expect(page.get_by_test_id("stProgress").filter(has_text="heads off alone")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name=re.compile("^Run it"))).to_be_visible()
    expect(page).not_to_have_url(re.compile("run-heads="))


def test_on_a_phone_this_models_number_stands_in_sight_beside_the_papers(new_page):
    page = new_page(viewport={"width": 390, "height": 844})
    open_at(page, PAGE, mode="explore")
    page.get_by_role("button", name=RUN).click()
    measures = page.locator(".measures")
    expect(measures).to_contain_text("25 sentences", timeout=120_000)
    assert measures.evaluate("e => e.scrollWidth <= e.clientWidth")
