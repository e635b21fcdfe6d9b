"""The page "Inside a layer" in Chromium: cells and strips by mouse and keyboard, links, hostile text, a phone."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.helpers import all_drawn, open_app, settled

PATH = "Inside_a_layer"


def look(page: Page, picture: str) -> str:
    return page.locator(f".st-key-pic-{picture} .look").first.inner_text()


def equation(page: Page) -> str:
    """The two equations as they are read aloud."""
    return " ".join(page.locator(".st-key-pic-scores annotation").all_text_contents())


def test_a_click_on_a_cell_shows_its_equation(page: Page):
    open_app(page, PATH, layer=2, head=5, token=5)
    before = equation(page)
    table = page.locator(".st-key-layer-scores svg[data-picture]")
    box = table.bounding_box()
    table.click(position={"x": box["width"] * 0.7, "y": box["height"] * 0.8})
    settled(page)
    assert equation(page) != before
    row, column = re.search(r"token=(\d+)", page.url)[1], re.search(r"to=(\d+)", page.url)[1]
    pieces = page.locator(".st-key-pic-scores .look").nth(1).locator(".piece")
    names = [page.get_by_role("option", name=re.compile(rf", position {at}\b")).first.inner_text() for at in (row, column)]
    assert pieces.all_inner_texts() == [name.strip() for name in names]


def test_cells_by_keyboard_and_the_link_reopens_them(page: Page, new_page):
    open_app(page, PATH, layer=2, head=5, token=5, to=6)
    table = page.locator(".st-key-layer-scores [tabindex='0']").first
    table.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    settled(page)
    assert "token=6" in page.url
    assert "to=7" in page.url
    other = new_page()
    other.goto(page.url)
    all_drawn(settled(other))
    assert equation(other) == equation(page)


def test_a_dimension_is_followed_in_every_strip(page: Page):
    open_app(page, PATH, inside="After the heads", layer=2, token=5)
    strips = page.locator(".st-key-layer-added canvas").first
    box = strips.bounding_box()
    strips.click(position={"x": box["width"] * 0.5, "y": box["height"] * 0.5})
    settled(page)
    dimension = re.search(r"follow=(\d+)", page.url)[1]
    assert look(page, "traced").startswith(f"Follow dimension {dimension} down")
    expect(page.locator(".st-key-layer-fed")).to_contain_text(f"dimension {dimension}")


def test_the_three_steps_and_the_token_stays(page: Page):
    open_app(page, PATH, token=8, mode="explore", step="head")
    for step in ("After the heads", "All layers"):
        page.get_by_role("button", name=f"Next: {step}").click()
        settled(page)
    assert "river" in look(page, "paths")
    expect(page.locator(".st-key-layer-map .js-plotly-plot")).to_be_visible()
    page.get_by_role("option", name=re.compile("^walked, position 2")).click()
    settled(page)
    assert "walked" in look(page, "paths")


HOSTILE = "<img src=x onerror=alert(1)> <script>alert(2)</script> ![x](http://127.0.0.1:9/x.png) {x} %{y} \u202eabc $x$"


@pytest.mark.rest
@pytest.mark.parametrize("step", ["One head", "After the heads", "All layers"])
def test_hostile_text_stays_text(page: Page, step: str):
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    open_app(page, PATH, a=HOSTILE, b=HOSTILE, token=1, inside=step)
    assert page.locator("img[src='x']").count() == 0
    assert page.locator("img[src*='x.png']").count() == 0


@pytest.mark.rest
@pytest.mark.parametrize("step", ["One head", "After the heads", "All layers"])
def test_a_phone_never_scrolls_sideways(new_page, step: str):
    page = new_page(viewport={"width": 390, "height": 844})
    open_app(page, PATH, inside=step, layer=3, head=4)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_head_that_is_off_and_512_tokens(page: Page):
    open_app(page, PATH, a="The old man went to the sea. " * 90, b="", off="1.1", layer=1, head=1, token=300)
    assert "switched off" in look(page, "mixed")
    expect(page.locator(".st-key-pic-scores")).to_contain_text("Of 512 tokens")
