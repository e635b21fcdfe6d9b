"""The frame in a real browser: every page cold and by the strip, phone width, keyboard, links that reopen what one saw."""

import re

import pytest

from bert_explain.ui.stages import BEFORE, BESIDE, STAGES
from tests.browser.helpers import open_app, settled, type_sentence

PAIR = {"a": "He sat by the river bank.", "b": "The fish did not bite."}
every_stage = pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)


def heading(page) -> str:
    return page.locator("h1").first.inner_text()


@every_stage
def test_every_page_opens_cold_and_at_phone_width(new_page, stage):
    page = new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
    open_app(page, stage.path, **PAIR)
    assert page.get_by_label("Sentence A", exact=True).input_value() == PAIR["a"]
    assert page.locator('nav a[aria-current="page"]').get_attribute("data-path") == stage.path
    wide = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
    assert wide <= 390, f"{stage.name} scrolls sideways: {wide} px"


def test_the_strip_leads_everywhere_and_takes_everything_along(page):
    open_app(page, "/", **PAIR, layer=3, head=4)
    for stage in STAGES[1:]:
        page.locator(f'nav a[data-path="{stage.path}"]').click()
        settled(page)
        assert re.search(rf"/{stage.path}\?", page.url), page.url
        assert "layer=3" in page.url
        assert "head=4" in page.url
        assert page.get_by_label("Sentence A", exact=True).input_value() == PAIR["a"]


def test_next_leads_through_every_page(page):
    open_app(page, STAGES[0].path, **PAIR, layer=3)
    for stage in STAGES[1:]:
        page.get_by_role("link", name=f"Next: {stage.name}", exact=True).click()
        settled(page)
        assert re.search(rf"/{stage.path}\?.*layer=3", page.url), page.url
        current = page.locator('nav a[aria-current="page"]')
        assert current.count() == 1
        assert current.inner_text().endswith(stage.name)  # the words in the thumbnail come before the name
    assert page.get_by_role("link", name=re.compile("^Next: ")).count() == 0


def test_the_other_pages_are_links_in_named_lists(page):
    open_app(page, "Attention", **PAIR)
    for group in (BEFORE, BESIDE):
        names = page.get_by_role("list", name=group).get_by_role("link").all_inner_texts()
        assert names == [stage.name for stage in STAGES if stage.group == group]
    page.get_by_role("link", name="ELMo", exact=True).focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    settled(page)
    assert heading(page) == "OpenAI Transformer"


def test_back_returns_to_what_one_saw(page):
    open_app(page, "Tokens", **PAIR)
    first = page.url
    page.locator("nav a", has_text="Attention").click()
    settled(page)
    page.go_back()
    settled(page)
    assert page.url == first
    assert heading(page) == "Tokens"


def test_the_address_reopens_what_was_typed(page, new_page):
    open_app(page, "/")
    type_sentence(page, "Sentence A", "Ünïcode & <b>tags</b> + 100 % 😀 #?")
    other = new_page()
    other.goto(page.url)
    settled(other)
    assert other.get_by_label("Sentence A", exact=True).input_value() == "Ünïcode & <b>tags</b> + 100 % 😀 #?"


def test_ten_thousand_characters_stay_and_reopen(page):
    text = "The cat sat on the mat. " * 417
    open_app(page, "/")
    type_sentence(page, "Sentence A", text)
    assert page.get_by_label("Sentence A", exact=True).input_value() == text
    assert page.get_by_text("were cut off").is_visible()
    page.reload()
    settled(page)
    assert page.get_by_label("Sentence A", exact=True).input_value() == text


def test_markup_in_a_sentence_is_text(page):
    """An image, a style or a script from a reader would ask another host, hide the page, or run: none may."""
    open_app(page, "/", a='<img src=x onerror="window.hit=1"><style>*{display:none}</style>', b="![x](http://example.invalid/a.png)")
    assert page.evaluate("window.hit") is None
    assert page.locator("h1").first.is_visible()


def test_keyboard_reaches_the_strip_and_goes(page):
    open_app(page, "/", **PAIR)
    page.locator("nav a", has_text="Tokens").focus()
    page.keyboard.press("Enter")
    settled(page)
    assert heading(page) == "Tokens"


def test_a_changed_theme_is_followed(page):
    open_app(page, "/")
    light = page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
    page.emulate_media(color_scheme="dark")
    settled(page)
    dark = page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
    assert (light, dark) == ("rgb(251, 250, 247)", "rgb(18, 21, 26)")
