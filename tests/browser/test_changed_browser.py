"""What changed the answer in a browser: guess which word kills it, compare two methods, hold two words against each other."""

import re

from tests.browser.helpers import open_at, settled, type_sentence

LONG = 120_000  # ms: a busy machine
TEXT = {"a": "He walked along the bank of the river.", "b": "The water was cold and clear."}


def card(page, name):
    """The picture of that name, once its work is done."""
    found = page.locator(f'[class*="st-key-pic-{name}"]')
    found.wait_for(timeout=LONG)
    settled(page)
    return found


def test_a_guess_is_scored_by_occlusion_and_the_picture_says_the_same(page):
    open_at(page, "What_changed_the_answer", **TEXT)
    page.get_by_role("radiogroup").first.wait_for(timeout=LONG)
    settled(page)
    main = page.locator('[data-testid="stMain"]')
    assert "without it" not in main.inner_text()
    page.locator('[data-testid="stRadio"] label').filter(has_text=re.compile(r"^of$")).click()
    page.get_by_role("radio", name="not sure").click()
    page.get_by_role("button", name="Answer", exact=True).click()
    picture = card(page, "kills")
    assert "You said of" in main.inner_text()
    assert re.search(r"Look at of: without it P of \w+ goes from", picture.inner_text())
    assert "Punctuation and special tokens, apart" in picture.inner_text()


def test_two_methods_stand_over_their_deletion_test(page):
    open_at(page, "What_changed_the_answer", mode="explore", step="two", **TEXT)
    picture = card(page, "two")
    said = picture.inner_text()
    assert "Integrated gradients and Gradient × input" in said
    assert re.search(r"off by [\d.]+ %, with \d+ points", said.replace("\u00a0", " "))
    assert picture.get_by_text("at random", exact=True).count() == 1
    assert "Behind the gap: what is no word" in said
    page.get_by_role("combobox", name="Which answer").click()
    page.get_by_role("option", name="Whether B follows A").click()
    page.get_by_text("said of the pair").wait_for(timeout=LONG)
    assert "answer=next" in page.url
    type_sentence(page, "Sentence B", "")
    page.get_by_role("button", name="Attribute the answer to its words").click()  # an edit waits for a press
    page.get_by_text("said of the hidden word").wait_for(timeout=LONG)


def test_one_word_is_held_against_another_and_heads_are_switched_off(page):
    open_at(page, "What_changed_the_answer", mode="explore", step="why", **TEXT)
    card(page, "why")
    field = page.get_by_label("and not this one")
    field.fill("house")
    field.press("Enter")
    page.get_by_text(re.compile(r"Of \w+ and house alone")).wait_for(timeout=LONG)
    open_at(page, "What_changed_the_answer", mode="explore", step="off", units="layers", **TEXT)
    page.get_by_role("button", name="Switch layers off").click()
    assert "random orders" in card(page, "off").inner_text()
    assert "switched=" in page.url
