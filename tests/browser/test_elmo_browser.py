"""The ELMo page in a real browser: clicks choose words, sliders mix, a typed word gets a vector; nothing goes wrong unseen."""

import re

from tests.browser.helpers import open_app, settled

PAIR = {"a": "She walked to the bank of the river.", "b": "The bank opens at nine."}


def look(page, key):
    return page.locator(f".st-key-pic-{key} .look").first.inner_text()


def test_click_mix_and_make_up_a_word(page):
    """The page's watch fails it for any error in the console or the server's log."""
    open_app(page, "ELMo", **PAIR)
    page.locator('[class*="st-key-elmo-words"]').first.locator(".token").nth(7).click()  # river
    settled(page)
    assert re.search(r"[?&]token=8(&|$)", page.url)  # the piece after [CLS] she walked to the bank of the
    assert "river" in look(page, "guesses")
    assert "river" in look(page, "directions")
    assert "forward one has read 8 words" in look(page, "directions")

    page.locator('[class*="st-key-elmo-words"]').first.locator(".token").nth(10).click()  # bank, in B
    settled(page)
    assert "forward one has read 2 words" in look(page, "directions")
    assert "Both begin with the same vector" in look(page, "drift")

    before = look(page, "mix")
    page.get_by_role("slider", name="w2 (layer 2)").focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    settled(page)
    assert look(page, "mix") != before
    assert "= 1.000" in look(page, "mix")
    assert re.search(r"[?&]w2=35(&|$)", page.url)

    box = page.get_by_label("A word that does not exist")
    box.fill("snorpling")
    box.press("Enter")
    settled(page)
    page.get_by_text("is none of the words that ELMo can guess, and yet it has a vector").wait_for()
    page.locator(".st-key-made-up-map svg").first.wait_for()
