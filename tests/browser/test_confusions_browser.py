"""The page "What people get wrong" in Chromium: guessed by keyboard, then the model's numbers; and a press in Explore mode."""

from playwright.sync_api import expect

from tests.browser.helpers import open_at, settled

PAIR = {"a": "She walked to the bank of the river.", "b": "The water was cold."}


def test_a_card_is_guessed_by_keyboard_and_answered(page):
    open_at(page, "What_people_get_wrong", step="out", mode="guided", **PAIR)
    expect(page.locator(".veil")).to_be_visible()
    expect(page.locator(".st-key-pic-card-out")).to_have_count(0)
    page.get_by_role("radio", name="True").focus()
    page.keyboard.press("Space")
    page.get_by_role("radio", name="sure", exact=True).or_(page.get_by_role("button", name="sure", exact=True)).first.focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Answer").focus()
    page.keyboard.press("Enter")
    settled(page)
    expect(page.get_by_role("status").filter(has_text="You said True; between the sum")).to_be_visible()
    expect(page.locator(".refute")).to_contain_text("Many stop at the input")
    expect(page.locator(".st-key-pic-card-out .bar")).to_have_count(8)
    assert "guess" not in page.url


def test_in_explore_mode_the_press_runs_it(page):
    open_at(page, "What_people_get_wrong", step="cos", mode="explore", **PAIR)
    expect(page.locator(".st-key-pic-card-cos")).to_have_count(0)
    page.get_by_role("button", name="Run the model").click()
    card = page.locator(".st-key-pic-card-cos")
    expect(card).to_contain_text("here: with 8 sentences")
    expect(card.locator(".bar")).to_have_count(8)
