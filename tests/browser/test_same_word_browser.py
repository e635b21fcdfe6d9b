"""The page "Same word" in a real browser: a set, the slider, a cell, a list of one's own, the search."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.helpers import all_drawn, open_app, settled

SLOW = 120_000  # the models that stand beside BERT are loaded at the first visit


def address(page):
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def opened(page, **params):
    page.set_default_timeout(SLOW)
    return open_app(page, "Same_word", **({"a": "She walked to the bank of the river.", "b": ""} | params))


def test_from_a_set_to_a_list_of_ones_own_to_the_search(page):
    opened(page)
    assert page.locator(".squares figure").count() >= 2
    assert page.locator(".squares figure").last.locator("i").count() == 64  # eight sentences
    page.get_by_role("radio", name="bat").or_(page.get_by_text("bat", exact=True)).first.click()
    settled(page)
    assert page.locator("ol.occurrences li").count() == 10
    before = page.locator(".st-key-pic-one .look").inner_text()
    page.locator(".st-key-same-nearest .bar").nth(2).click()
    settled(page)
    assert address(page)["pick"] != "1"
    assert page.locator(".st-key-pic-one .look").inner_text() != before
    page.get_by_label("Word", exact=True).fill("bark")
    page.get_by_label("Word", exact=True).press("Enter")
    page.get_by_text("“bark” is not in any of the 10 sentences").first.wait_for()
    box = page.get_by_label(re.compile("Sentences, one a line"))
    box.fill("tree | The bark of the oak.\ntree | Rough bark.\ndog | <b>His</b> bark is loud.")
    box.press("Control+Enter")
    page.locator(".squares").wait_for()
    settled(page)
    assert page.locator("ol.occurrences li").last.inner_text().endswith("<b>His</b> bark is loud.")
    link = page.url
    page.goto(link)
    all_drawn(settled(page))
    expect(page.get_by_label("Word", exact=True)).to_have_value("bark")
    page.locator(".st-key-same-to-a button").first.click()
    page.locator(".st-key-pic-hits").get_by_text("Rough bark").or_(page.locator(".st-key-search-token .chosen")).first.wait_for()
    settled(page)
    assert address(page)["a"] == "The bark of the oak."
    assert "bark" in page.locator(".st-key-pic-hits ol.hits").first.inner_text()


@pytest.mark.rest
def test_a_phone_shows_it_without_scrolling_sideways(new_page):
    page = opened(new_page(viewport={"width": 390, "height": 844}))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_file_a_single_sentence_and_the_slider_over_the_layers(page):
    opened(page)
    file = page.locator("input[type=file]")
    box = page.get_by_label(re.compile("Sentences, one a line"))
    before = box.input_value()
    file.set_input_files({"name": "wrong.csv", "mimeType": "text/csv", "buffer": b"text,kind\nThe bank.,x\n"})
    page.get_by_text("This CSV file has no column called sentence. Its columns: text, kind.").wait_for()
    expect(box).to_have_value(before)  # a file that cannot be read changes nothing
    good = b"sentence,label\nThe bank of the river.,river\nThe muddy bank.,river\nThe bank lends money.,money\n"
    file.set_input_files({"name": "good.csv", "mimeType": "text/csv", "buffer": good})
    expect(page.locator("ol.occurrences li")).to_have_count(3, timeout=SLOW)
    expect(box).to_have_value("river | The bank of the river.\nriver | The muddy bank.\nmoney | The bank lends money.")
    settled(page)
    plot = page.locator(".st-key-pic-one .js-plotly-plot")
    drawn = "plot => plot.calcdata.flat().map(p => [p.x, p.y].join()).join(' ')"
    last = plot.evaluate(drawn)
    assert last
    sliders = page.get_by_role("slider", name="After layer (0 is the input)")
    for turn, which in enumerate((0, 0, 1, 0)):  # both move the same layer, and each follows the other
        sliders.nth(which).press("ArrowLeft")
        page.wait_for_url(re.compile(rf"[?&]deep={5 - turn}(&|$)"))
        page.get_by_role("heading", name=f"Closer: BERT, layer {5 - turn}").wait_for()
        settled(page)
        for slider in sliders.all():
            expect(slider).to_have_value(str(5 - turn), timeout=SLOW)
    assert plot.evaluate(drawn) != last  # the points have moved with the layer
    page.reload()
    all_drawn(settled(page))
    page.get_by_role("heading", name="Closer: BERT, layer 2").wait_for()
    settled(page)
    box.fill("The bank is here.")
    box.press("Control+Enter")
    page.get_by_text("One sentence has nothing to be compared with").first.wait_for()
