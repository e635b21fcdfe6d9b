"""The page "Before and after" in Chromium, by its own address: whole, with the strip, and nothing answered."""

from playwright.sync_api import expect

from tests.browser.helpers import open_at


def test_the_page_is_reached_by_its_address(page):
    open_at(page, "Before_and_after", mode="guided")
    expect(page.get_by_role("heading", name="Before and after")).to_be_visible()
    expect(page.locator("[data-testid=stRadio]")).to_have_count(12)
    expect(page.get_by_text("BidiComponent Error")).to_have_count(0)
    expect(page.get_by_text("Right is:")).to_have_count(0)
    page.get_by_role("button", name="Finish").click()
    expect(page.get_by_text("Questions 1, 2, 3, 4")).to_be_visible()
    page.get_by_role("link", name="Attention").first.click()
    expect(page.get_by_role("heading", name="Attention", level=1)).to_be_visible()
    assert "/Attention" in page.url
