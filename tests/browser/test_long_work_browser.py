"""Long work in Chromium: what is clicked meanwhile is answered, the page stays whole, "Cancel" stops it."""

import re

from playwright.sync_api import expect

from tests.browser.helpers import open_app

LONG = "The water of the river was cold and clear. " * 25  # 72 runs of some 240 tokens: seconds


def progress(page):
    return page.get_by_test_id("stProgress").filter(has_text="switched off alone")


def asked(page, **params):
    open_app(page, "Attention", a=LONG, b=LONG, mode="explore", step="all", bertviz="head view", **params)
    bertviz = page.locator("[class*=st-key-slot-bertviz]")
    bertviz.scroll_into_view_if_needed()
    expect(page.locator("iframe").first).to_be_attached()
    page.locator("[class*=st-key-slot-off]").scroll_into_view_if_needed()
    page.get_by_role("button", name=re.compile("Try all 72")).click()
    expect(progress(page)).to_be_visible()


def test_all_heads_are_tried_while_bertviz_is_open_and_clicks_are_answered(page):
    asked(page)
    page.get_by_role("radio", name="A to B", exact=True).click()
    expect(page).to_have_url(re.compile(r"show=A(\+|%20)to(\+|%20)B"))
    expect(page.get_by_role("radio", name="A to B", exact=True)).to_be_checked()
    expect(page.locator("iframe").first).to_be_attached()
    expect(page.get_by_text(re.compile("matters most|hardly changes|No head"))).to_be_visible(timeout=120_000)
    expect(progress(page)).to_have_count(0)
    expect(page.locator("iframe").first).to_be_attached()
    expect(page).to_have_url(re.compile("tried="))


def test_cancel_stops_the_work_and_offers_it_again(page):
    asked(page, token="3")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name=re.compile("Try all 72"))).to_be_visible()
    expect(progress(page)).to_have_count(0)
    expect(page).not_to_have_url(re.compile("tried="))
