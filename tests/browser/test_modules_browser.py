"""Components' scripts in Chromium: each is fetched once a visit, and a picture whose script does not arrive shows its numbers."""

from playwright.sync_api import expect

from tests.browser.helpers import open_at, settled, type_sentence

PAIR = {"a": "He sat by the river bank.", "b": "The fish did not bite."}


def test_a_script_is_fetched_once_a_visit(page):
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/components/" in request.url else None)
    open_at(page, "Attention", **PAIR, mode="explore", step="heads")
    page.locator("nav a", has_text="Attention").first.wait_for()
    first = list(asked)
    assert any("/components/strip-" in url for url in first)
    assert any("/components/stepper-" in url for url in first)
    type_sentence(page, "Sentence A", "She walked to the bank of the river.")
    page.locator('nav[aria-label="Steps"] a[data-step="most"]').click()
    settled(page)
    page.locator("nav a", has_text="Tokens").click()
    settled(page)
    assert "/Tokens" in page.url
    assert len(set(asked)) == len(asked), "a script was fetched again"
    assert set(first) < set(asked)  # the row of tokens has come


def test_a_picture_whose_script_does_not_arrive_shows_its_numbers(page, watch):
    page.route("**/components/bars-*", lambda route: route.abort())
    open_at(page, "Masked_words", **PAIR, mode="explore", step="expected")
    cells = page.locator(".plain td")
    expect(page.get_by_text("its script did not arrive")).to_have_count(1)  # of the bars alone
    expect(cells.first).to_be_visible()
    before = cells.all_inner_texts()
    type_sentence(page, "Sentence A", "She walked to the bank of the lake.")
    expect(page.get_by_text("its script did not arrive")).to_have_count(1)
    assert cells.all_inner_texts() != before
    page.unroute("**/components/bars-*")
    assert watch.console  # the browser says that it could not be fetched
    watch.console.clear()
