"""Print, in Chromium: every step is drawn, the dialog opens once; the paper holds what was answered, and no controls."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.helpers import ARTIFACTS, open_at, settled

PAIR = {"a": "She walked to the bank of the river.", "b": "The water was cold."}
# The dialog, for as long as a test wants it: print() is over when window.close_print() is called.
DIALOG = """
window.asked = 0;
window.print = () => { window.asked += 1; return new Promise((done) => { window.close_print = done; }); };
"""


def printed(page):
    """Press Print, wait for the dialog."""
    page.get_by_role("button", name="Print", exact=True).click()
    page.wait_for_function("() => window.asked === 1", timeout=120_000)
    page.emulate_media(media="print")


def closed(page):
    page.emulate_media(media="screen")
    page.evaluate("window.close_print()")
    expect(page.locator(".st-key-printing")).to_have_count(0)
    settled(page)


@pytest.mark.rest
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_step_is_on_the_paper_without_controls(new_page, scheme):
    page = new_page(color_scheme=scheme)
    page.add_init_script(DIALOG)
    open_at(page, "Attention", mode="explore", **PAIR)
    before = page.url
    printed(page)
    for name in ("most", "heads", "off", "facts", "rollout", "bertviz"):
        expect(page.locator(f".st-key-slot-{name}")).to_be_visible()
    assert page.locator("[class*=st-key-slot-] .veil").count() == 0
    seen = "[data-testid=stMain] button:visible, [data-testid=stMain] input:visible, [data-testid=stSlider]:visible, nav:visible"
    assert page.locator(seen).all_inner_texts() == []
    expect(page.locator(".print-head")).to_contain_text(PAIR["a"])
    foot = page.locator(".print-foot")
    expect(foot).to_contain_text(re.compile(r"/Attention\?.*mode=explore"))
    look = "e => { const s = getComputedStyle(e); return [s.backgroundColor, s.breakInside] }"
    assert page.locator("[class*=st-key-pic-]").first.evaluate(look) == ["rgb(255, 255, 255)", "avoid"]
    dark = page.locator("[data-testid=stMain] h2.step").first.evaluate("e => getComputedStyle(e).color")
    assert max(map(int, re.findall(r"\d+", dark)[:3])) < 100
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    page.pdf(path=ARTIFACTS / f"print-{scheme}.pdf", prefer_css_page_size=True)
    closed(page)
    assert page.url == before
    assert page.evaluate("window.asked") == 1
    assert page.locator("[class*=st-key-slot-]").count() == 0


def test_in_guided_mode_the_paper_tells_nothing_that_was_not_asked(page):
    page.add_init_script(DIALOG)
    open_at(page, "Attention", **PAIR)
    page.get_by_role("button", name="just show me").click()
    settled(page)
    page.get_by_role("button", name="Print", exact=True).click()
    expect(page.get_by_text(re.compile("of this chapter (is|are) open"))).to_be_visible()
    page.wait_for_function("() => window.asked === 1", timeout=120_000)
    page.emulate_media(media="print")
    answered = page.locator("[class*=st-key-slot-]").first
    expect(answered.locator("ul.options li.right")).to_be_visible()
    open_ = page.locator("[class*=st-key-slot-]").filter(has=page.locator(".veil"))
    assert open_.count() >= 1
    for i in range(open_.count()):
        assert open_.nth(i).locator("[class*=st-key-pic-]").count() == 0
        expect(open_.nth(i).get_by_role("radio").first).to_be_attached()
    for name in ("rollout", "facts"):  # these would tell
        assert page.locator(f".st-key-slot-{name}").count() == 0
    closed(page)


def test_tables_that_scroll_are_whole_on_paper(page):
    page.add_init_script(DIALOG)
    open_at(page, "Replicate_the_paper", mode="explore", **PAIR)
    printed(page)
    sheets = page.locator("table.sheet")
    assert sheets.count() >= 6
    assert sheets.first.locator("tbody tr").count() == 25
    expect(sheets.first).to_contain_text("A violin is an ___.")
    assert page.locator("[data-testid=stDataFrame]:visible").count() == 0
    page.pdf(path=ARTIFACTS / "print-replicate.pdf", prefer_css_page_size=True)
    closed(page)


def test_it_can_be_left_before_the_dialog(page):
    page.add_init_script(DIALOG.replace("new Promise", "Promise.resolve() || new Promise"))
    open_at(page, "Tokens", mode="explore", **PAIR)
    page.get_by_role("button", name="Print", exact=True).click()
    page.wait_for_function("() => window.asked === 1", timeout=120_000)
    expect(page.locator(".st-key-printing")).to_have_count(0)  # the dialog was closed at once: the page is as it was
    expect(page.get_by_role("button", name="Print", exact=True)).to_be_visible()


def test_a_dark_page_that_the_browser_prints_by_itself_has_dark_ink_in_its_charts(new_page):
    page = new_page(color_scheme="dark")
    open_at(page, "Inside_a_layer", mode="explore", step="layers", **PAIR)
    ink = page.locator(".js-plotly-plot .xtick text").first
    expect(ink).to_have_css("fill", "rgb(236, 238, 242)")
    page.emulate_media(media="print")
    expect(ink).to_have_css("fill", "rgb(31, 35, 40)")  # asked again and again: the chart takes the paper's width meanwhile
