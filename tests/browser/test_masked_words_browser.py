"""Masked words in a real browser: clicks and keys hide and show words, and the address reopens what is seen."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.helpers import all_drawn, open_app, settled, type_sentence

PAIR = {"a": "The ichthyologist walked to the river.", "b": "The water was cold."}  # tokens 2 to 6 are one word


def row(page, key):
    return page.locator(f".st-key-{key} .token")


def click(page, position):
    row(page, "mask-row").nth(position).click()
    return settled(page)


def address(page, name):
    found = re.search(rf"[?&]{name}=([^&]*)", page.url)
    return found and found.group(1).replace("%2C", ",")


def word_at(page, position):
    """Positions of the pieces joined to the one at `position`."""
    return page.locator(".st-key-mask-row .word").evaluate_all(
        """(words, position) => {
          const all = words.map((w) => w.querySelectorAll('.token').length);
          let start = 0;
          for (const n of all) { if (position < start + n) return [start, n]; start += n; }
        }""",
        position,
    )


def test_a_click_hides_the_whole_word_and_a_second_click_shows_it(page):
    open_app(page, "Masked_words", **PAIR, mode="explore", step="hide")
    start, count = word_at(page, 3)
    assert count > 2
    click(page, 3)
    assert address(page, "mask") == ",".join(str(start + i) for i in range(count))
    assert page.locator(".st-key-mask-row .token.masked").count() == count
    page.get_by_text("guesses each on its own").wait_for()
    click(page, 3)
    assert address(page, "mask") is None
    assert page.get_by_text("Nothing is hidden yet").is_visible()


def test_one_piece_at_a_time_and_the_bars_follow_the_choice(page):
    open_app(page, "Masked_words", **PAIR, mode="explore", step="hide")
    page.get_by_role("radio", name="one piece").or_(page.get_by_text("one piece", exact=True)).first.click()
    settled(page)
    click(page, 3)
    assert address(page, "mask") == "3"
    click(page, 9)
    assert address(page, "mask") == "3,9"
    assert address(page, "which") == "2"
    first = page.locator(".st-key-guess-bars .bar").first.inner_text()
    row(page, "which-row").nth(0).click()
    settled(page)
    assert address(page, "which") is None  # the first is the default
    page.wait_for_function(
        """(old) => document.querySelector('.st-key-guess-bars')
          && ![...document.querySelectorAll('.st-key-guess-bars *')]
            .some((e) => e.shadowRoot?.querySelector('.bar')?.innerText === old)""",
        arg=first,
    )


def test_a_special_token_is_refused_with_a_reason(page):
    open_app(page, "Masked_words", **PAIR, mode="explore", step="hide")
    click(page, 0)
    assert page.get_by_text("[CLS] is a special token").is_visible()
    assert address(page, "mask") is None


def test_the_keyboard_hides_a_word(page):
    open_app(page, "Masked_words", **PAIR, mode="explore", step="hide")
    row(page, "mask-row").nth(0).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    settled(page)
    assert address(page, "mask") == "1"


def test_the_strip_shows_the_new_guess_and_the_link_reopens_all(page, new_page):
    open_app(page, "Masked_words", **PAIR)
    page.get_by_role("button", name="Hide this word").click()
    settled(page)
    page.get_by_label("How likely is your own word here?").fill("lake")
    page.get_by_label("How likely is your own word here?").press("Enter")
    settled(page)
    page.get_by_text(re.compile(r"is number [\d,]+ of 30,522 here")).wait_for()
    page.get_by_role("button", name="Draw again").click()
    settled(page)
    page.get_by_role("button", name=re.compile("Hide each of the")).click()
    page.get_by_text("a pseudo-log-likelihood of").wait_for()
    settled(page)
    looks = page.locator("p.look").all_inner_texts()
    other = new_page()
    other.goto(page.url)
    all_drawn(settled(other))
    assert other.locator("p.look").all_inner_texts() == looks
    assert other.get_by_label("How likely is your own word here?").input_value() == "lake"


def test_drawing_again_leaves_the_guess_alone(page):
    open_app(page, "Masked_words", **PAIR, mask="9")
    guess = page.locator(".st-key-pic-guess p.look").inner_text()
    before = page.locator(".st-key-pic-recipe p.look").inner_text()
    for draw in (1, 2, 3):
        page.get_by_role("button", name="Draw again").click()
        page.wait_for_url(re.compile(rf"draw={draw}\b"))  # a second press before the first was answered would be lost
        settled(page)
    assert address(page, "draw") == "3"
    assert page.locator(".st-key-pic-recipe p.look").inner_text() != before
    assert page.locator(".st-key-pic-guess p.look").inner_text() == guess


def test_an_edit_makes_new_guesses(page):
    open_app(page, "Masked_words", a="She poured a cup of [MASK].", b="", mode="explore", step="hide")
    before = page.locator(".st-key-pic-guess p.look").inner_text()
    type_sentence(page, "Sentence A", "Paris is the capital of [MASK].")
    assert page.locator(".st-key-pic-guess p.look").inner_text() != before


@pytest.mark.rest
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_scrolls_sideways_on_a_phone(new_page, scheme):
    page = new_page(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    open_app(page, "Masked_words", **PAIR, mask="2,3,4", off="1.1")
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390


@pytest.mark.rest
def test_markup_in_a_token_stays_text(page):
    open_app(
        page,
        "Masked_words",
        a="<img src=x onerror=window.hit=1> is [MASK].",
        b="**b** $x$",
        mask="2",
        own="<img src=x>",
    )
    assert page.evaluate("window.hit") is None
    assert page.get_by_text("<img src=x>").first.is_visible()


def test_the_longest_text_walks(page):
    open_app(page, "Masked_words", a="The cat sat on the mat. " * 100, b="", mask="3")
    assert page.locator(".st-key-pic-recipe").is_visible()
    assert page.get_by_text("64 tokens are scored, from both ends").count() == 1


def test_whom_it_expects_is_asked_at_a_press_with_ones_own_profession_and_the_link_reopens_it(page):
    open_app(page, "Masked_words", a="The nurse said that [MASK] was tired.", b="", mode="explore", step="hide")
    page.get_by_role("button", name="Whom does it expect: he or she?").click()
    settled(page)
    assert address(page, "step") == "whom"
    bars = page.locator(".st-key-whom-bars .bar")
    assert bars.count() == 0
    page.get_by_role("button", name="Ask for 45 professions").click()
    expect(bars).to_have_count(15)
    page.get_by_label("A profession of your own").fill("<b>cook</b>")
    page.get_by_label("A profession of your own").press("Enter")
    page.get_by_text("written with letters").wait_for()
    page.get_by_label("A profession of your own").fill("astronaut")
    page.get_by_label("A profession of your own").press("Enter")
    expect(bars.filter(has_text="astronaut")).to_have_count(1)
    page.get_by_text("For astronaut “she” gets").wait_for()
    settled(page).reload()
    expect(bars.filter(has_text="astronaut")).to_have_count(1)
