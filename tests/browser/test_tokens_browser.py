"""The Tokens page in Chromium: choosing, stepping and reading by mouse and keyboard, links, hostile text, a phone."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.helpers import all_drawn, open_app, settled

UNAFFABLE = {"a": "An unaffable cat.", "b": "It was fine."}


def step(page: Page) -> str:
    """The look-up the reader stands at, as a screen reader says it."""
    return page.locator('.stairs [aria-current="step"]').get_attribute("aria-label")


def test_a_click_on_a_piece_shows_its_word(page: Page):
    open_app(page, "Tokens", **UNAFFABLE)
    assert step(page) == "Look-up 12: ##ble is in the vocabulary, row 3,468"
    page.get_by_role("option", name=re.compile("^cat, position 5")).click()
    settled(page)
    assert step(page).startswith("Look-up 1: cat is in the vocabulary")
    assert "token=5" in page.url


def test_the_look_ups_are_walked_by_keyboard_and_the_link_reopens_them(page: Page, new_page):
    open_app(page, "Tokens", **UNAFFABLE)
    page.get_by_role("button", name="Start over").focus()
    page.keyboard.press("Enter")
    settled(page)
    expect(page.locator('.stairs [aria-current="step"]')).to_have_count(0)
    for _ in range(2):
        page.get_by_role("button", name="Next", exact=True).focus()
        page.keyboard.press("Enter")
        settled(page)
    assert step(page) == "Look-up 2: unaffabl is not in the vocabulary"
    assert page.locator(".stairs .missed").count() == 2
    assert page.locator(".stairs .taken").count() == 0
    page.get_by_role("button", name="Next piece").click()
    settled(page)
    assert step(page) == "Look-up 7: una is in the vocabulary, row 14,477"
    other = new_page()
    other.goto(page.url)
    all_drawn(settled(other))
    all_drawn(other)
    assert step(other) == step(page)
    assert other.locator(".stairs .taken").count() == 1


def test_nothing_jumps_from_step_to_step(page: Page):
    open_app(page, "Tokens", **UNAFFABLE, token=2, step=3)
    before = page.locator(".stairs").bounding_box(), page.get_by_role("button", name="Next", exact=True).bounding_box()
    page.get_by_role("button", name="Next", exact=True).click()
    settled(page)
    after = page.locator(".stairs").bounding_box(), page.get_by_role("button", name="Next", exact=True).bounding_box()
    assert [box["height"] for box in after] == [box["height"] for box in before]
    assert after[1]["x"] == before[1]["x"]
    assert after[1]["y"] == before[1]["y"]


def test_letters_stand_under_the_word(page: Page):
    """The third character of every prefix that has one is in the column of the word's third character."""
    open_app(page, "Tokens", **UNAFFABLE, token=2, mode="explore", step="look-ups")
    places = page.evaluate(
        """() => {
        const root = [...document.querySelectorAll('*')].find(e => e.shadowRoot?.querySelector('.stairs')).shadowRoot;
        return [...root.querySelectorAll('.step')].map(s => [...s.querySelectorAll('.box')].map(
          b => [b.textContent, Math.round(b.getBoundingClientRect().right)])); }"""
    )
    word = places[0]
    assert "".join(letter for letter, _ in word) == "unaffable"
    for row in places[1:]:
        assert all(pair in word for pair in row)


def test_characters_are_read_by_keyboard_and_pointer(page: Page):
    open_app(page, "Tokens", a="Café\u200b é", b="", mode="explore", step="lost")
    list_ = page.get_by_role("listbox", name=re.compile("Sentence A, character by character"))
    tip = page.locator("p.tip").first
    expect(tip).to_have_text("U+200B ZERO WIDTH SPACE. A format character is removed.")
    list_.focus()
    page.keyboard.press("Home")
    expect(tip).to_contain_text("LATIN CAPITAL LETTER C")
    page.keyboard.press("ArrowRight")
    expect(tip).to_contain_text("LATIN SMALL LETTER A. Kept.")
    list_.get_by_role("option").nth(3).hover()
    expect(tip).to_contain_text("COMBINING ACUTE ACCENT")


def test_the_search_answers(page: Page):
    open_app(page, "Tokens", mode="explore", step="vocabulary")
    box = page.get_by_label("Find", exact=True)
    box.fill("##ffa")
    box.press("Enter")
    settled(page)
    expect(page.locator(".st-key-pic-vocabulary .look")).to_contain_text("1 piece that continues a word begins with ffa")
    assert "find=%23%23ffa" in page.url


HOSTILE = "<img src=x onerror=alert(1)> <script>alert(2)</script> ![x](http://127.0.0.1:9/x.png) {x} \u202eabc"


@pytest.mark.rest
def test_hostile_text_stays_text(page: Page):
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    open_app(page, "Tokens", a=HOSTILE, b=HOSTILE, word="<b>x</b>", find="<i>", token=1)
    assert page.locator("img[src='x']").count() == 0
    assert page.locator("img[src*='x.png']").count() == 0
    assert page.get_by_role("option", name=re.compile("^<, position 1,")).count() >= 1


@pytest.mark.rest
def test_a_phone_never_scrolls_sideways(new_page):
    page = new_page(viewport={"width": 390, "height": 844})
    open_app(page, "Tokens", a="The ichthyologist shattered it unforgettably. " + "x" * 100, b="שלום עולם")
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_word_from_right_to_left_is_cut_from_the_right(page: Page):
    open_app(page, "Tokens", a="שלום", b="", token=1, mode="explore", step="look-ups")
    boxes = page.locator(".stairs .whole .box")
    assert boxes.first.bounding_box()["x"] > boxes.last.bounding_box()["x"]
