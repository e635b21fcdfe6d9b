"""The page Input embeddings in Chromium: a token chosen, strips read by keyboard, a removal everywhere and back."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.helpers import all_drawn, open_app, settled

PAIR = {"a": "She walked to the bank of the river.", "b": "The water was cold and clear."}
ADDRESS = "Input_embeddings"
STRIPS = "Token, segment and position row, and their sum"


def tip(page: Page, card: str) -> str:
    return page.locator(f".st-key-pic-{card} .tip").inner_text()


def test_a_click_on_a_token_shows_its_rows(page: Page):
    open_app(page, ADDRESS, **PAIR)
    page.get_by_role("listbox", name="The token to follow").get_by_role("option", name=re.compile("^cold")).click()
    settled(page)
    assert "token=14" in page.url
    assert "token cold" in tip(page, "sum")
    assert "segment B" in tip(page, "sum")
    expect(page.locator(".st-key-pic-nearest .look .piece").first).to_have_text("cold")


def test_the_strips_are_read_by_keyboard_and_what_is_read_adds_up(page: Page):
    open_app(page, ADDRESS, **PAIR, token=5)
    page.get_by_role("grid", name=STRIPS).get_by_role("gridcell").focus()
    page.keyboard.press("Home")
    for _ in range(3):
        said = tip(page, "sum")
        assert said.startswith("dimension ")
        *parts, total = (float(n) for n in re.findall(r"-?\d+\.\d{3}", said.replace("\u2212", "-")))
        assert len(parts) == 3
        assert sum(parts) == pytest.approx(total, abs=0.0021)
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    settled(page)
    assert "dim=3" in page.url
    assert tip(page, "norm").startswith("dimension 3:")
    assert tip(page, "segments").startswith("dimension 3:")


def test_a_removal_is_taken_to_every_page_and_undone(page: Page):
    open_app(page, ADDRESS, **PAIR, token=5)
    page.get_by_role("button", name="Do this on every page").click()
    expect(page.get_by_text("Changed: positions removed.")).to_be_visible()
    settled(page)
    assert "pos=removed" in page.url
    assert "no position 0.000" in tip(page, "sum")
    page.get_by_role("button", name="Put all parts back").click()
    expect(page.get_by_text("Changed: positions removed.")).to_have_count(0)
    settled(page)
    assert "pos=" not in page.url
    assert "position 5" in tip(page, "sum")


def test_every_chart_has_words_and_every_choice_is_in_the_link(page: Page, new_page):
    open_app(page, ADDRESS, **PAIR)
    charts = page.locator('[data-testid="stPlotlyChart"]')
    expect(charts).to_have_count(4)
    described = page.locator('[data-testid="stPlotlyChart"] [aria-label], [data-testid="stPlotlyChart"][aria-label]')
    assert described.count() >= 4
    for name in ("every number", "each in turn", "length"):
        page.get_by_role("radio", name=name).click()
        settled(page)
    other = new_page()
    other.goto(page.url)
    all_drawn(settled(other))
    for name in ("every number", "each in turn", "length"):
        expect(other.get_by_role("radio", name=name)).to_be_checked()
    expect(other.locator(".st-key-pic-removal .st-key-removal-no-token")).to_be_visible()


@pytest.mark.rest
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_scrolls_sideways(new_page, scheme: str):
    page = new_page(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    open_app(page, ADDRESS, **PAIR, without="each in turn", parts="cosine", rows="all")
    main = page.locator('[data-testid="stMain"]')
    assert main.evaluate("e => e.scrollWidth - e.clientWidth") == 0
    too_wide = page.evaluate(
        """() => [...document.querySelectorAll('[class*="st-key-pic-"] *')].filter(
          e => e.getBoundingClientRect().right > innerWidth + 1 && getComputedStyle(e).visibility !== 'hidden'
            && !e.closest('svg, .katex')).map(e => e.className.toString().slice(0, 60))"""
    )
    assert too_wide == []


@pytest.mark.rest
def test_hostile_text_is_only_text(page: Page):
    open_app(page, ADDRESS, a="<img src=http://example.com/x.png> $x$ `code`", b="<script>alert(1)</script>", token=1)
    assert "<" in tip(page, "sum")
    assert page.locator("img[src*=example]").count() == 0
