"""The page on the Transformer in a real browser: boxes by pointer and keyboard, halves, the editor, phone width."""

from playwright.sync_api import expect

from tests.browser.helpers import open_app, settled

PAIR = {"a": "He sat by the river bank.", "b": "The fish did not bite."}


def test_boxes_halves_and_the_editor(page):
    open_app(page, "Transformer", **PAIR)
    picture = page.get_by_role("listbox", name="The Transformer of 2017: choose a box")
    boxes = picture.get_by_role("option")
    expect(boxes).to_have_count(18)
    tip = page.locator(".st-key-diagram .tip")
    expect(tip).to_contain_text("Self-attention:")
    picture.get_by_text("Cross-attention", exact=True).hover()
    expect(tip).to_contain_text("looks at the sentence being translated")
    picture.get_by_text("Softmax", exact=True).click()
    settled(page)
    assert "box=softmax" in page.url
    expect(page.get_by_role("link", name="See it at work: Masked words")).to_be_visible()
    page.keyboard.press("ArrowUp")  # the focus is still on the box that was clicked
    expect(tip).to_contain_text("Linear:")
    page.keyboard.press("Enter")
    settled(page)
    assert "box=linear" in page.url
    page.get_by_role("radio", name="what GPT kept").click()
    settled(page)
    expect(picture.locator(".box.out")).to_have_count(2)
    expect(picture.locator(".box.dim")).to_have_count(7)
    layers = page.get_by_label("Layers L", exact=True)
    layers.fill("24")
    layers.press("Enter")
    settled(page)
    page.wait_for_url("**layers=24**")
    expect(page.get_by_text(f"{110_106_428 + 12 * 7_087_872:,}", exact=True).first).to_be_visible()
    page.get_by_role("link", name="See it at work: Masked words").click()
    settled(page)
    expect(page.locator("h1").first).to_have_text("Masked words")
    expect(page.get_by_label("Sentence A", exact=True)).to_have_value(PAIR["a"])


def test_a_phone_sees_it_whole(new_page):
    page = new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
    open_app(page, "Transformer", **PAIR, half="what BERT kept")
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    box = page.locator(".st-key-diagram svg").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
