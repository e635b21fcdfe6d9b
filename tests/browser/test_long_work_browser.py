"""Long work in Chromium: what is clicked meanwhile is answered, the page stays whole, "Cancel" stops it."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import helpers
from tests.browser.helpers import open_app, open_at

LONG = "The water of the river was cold and clear. " * 25  # 72 runs of some 240 tokens: seconds


def progress(page):
    return page.get_by_test_id("stProgress").filter(has_text="switched off alone")


def asked(page, **params):
    open_app(page, "Attention", a=LONG, b=LONG, mode="explore", step="all", bertviz="head view", **params)
    bertviz = page.locator("[class*=st-key-slot-bertviz]")
    bertviz.scroll_into_view_if_needed()
    expect(page.locator("iframe").first).to_be_attached()
    page.locator("[class*=st-key-slot-off]").scroll_into_view_if_needed()
    page.get_by_role("button", name=re.compile("Try all 72")).click()
    expect(progress(page)).to_be_visible()


@pytest.mark.rest
def test_all_heads_are_tried_while_bertviz_is_open_and_clicks_are_answered(page):
    asked(page)
    page.get_by_role("radio", name="A to B", exact=True).click()
    expect(page).to_have_url(re.compile(r"show=A(\+|%20)to(\+|%20)B"))
    expect(page.get_by_role("radio", name="A to B", exact=True)).to_be_checked()
    expect(page.locator("iframe").first).to_be_attached()
    expect(page.get_by_text(re.compile("matters most|hardly changes|No head"))).to_be_visible(timeout=120_000)
    expect(progress(page)).to_have_count(0)
    expect(page.locator("iframe").first).to_be_attached()
    expect(page).to_have_url(re.compile("tried="))


def test_cancel_stops_the_work_and_offers_it_again(page):
    asked(page, token="3")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name=re.compile("Try all 72"))).to_be_visible()
    expect(progress(page)).to_have_count(0)
    expect(page).not_to_have_url(re.compile("tried="))


def answered(page):
    """An edit of sentence B, while something else is worked at, reaches the page and the address."""
    box = page.get_by_label("Sentence B", exact=True)
    box.fill("Typed meanwhile.")
    box.press("Enter")
    expect(page).to_have_url(re.compile(r"b=Typed(\+|%20)meanwhile"))
    expect(box).to_have_value("Typed meanwhile.")


def test_tokens_are_written_while_clicks_are_answered_and_the_writing_is_stopped(page):
    open_at(
        page, "OpenAI_Transformer", a="the water of the river was cold and " * 40, mode="explore", step="write", run=60, draw=5
    )
    page.get_by_role("button", name="Write 60 tokens", exact=True).click()
    written = page.get_by_test_id("stProgress").filter(has_text=re.compile("tokens (written|to be written)"))
    stop = page.get_by_role("button", name="Stop writing", exact=True)
    expect(written.or_(page.get_by_text("How token 60 was chosen"))).to_be_visible()  # a quick machine has written them
    page.get_by_label("Seed", exact=True).fill("6")
    page.get_by_label("Seed", exact=True).press("Enter")  # another text: the first is written no more
    expect(page).to_have_url(re.compile("draw=6"))
    expect(stop.or_(page.get_by_text("How token 60 was chosen"))).to_be_visible()
    if stop.is_visible():
        stop.click()
    expect(stop).to_have_count(0)
    expect(page.get_by_role("button", name="Start over", exact=True)).to_be_visible()
    page.get_by_role("button", name="Start over", exact=True).click()
    expect(page).not_to_have_url(re.compile("made="))


def test_a_training_runs_while_clicks_are_answered_and_is_stopped(page):
    text = "\n".join(f"The {i % 97} walks to the {i % 89} and the {i % 83} sees the {i % 79}." for i in range(2_000))
    open_at(page, "Word_vectors", mode="explore", step="train", passes=200)
    page.get_by_text("The text to learn from, and the settings").click()
    page.set_input_files("input[type=file]", {"name": "a.txt", "mimeType": "text/plain", "buffer": text.encode()})
    page.get_by_text(re.compile(r"\d,\d{3} words of text, ")).wait_for()  # the file's, no longer the example's
    page.get_by_role("button", name="Train Word2Vec on this text").click()
    expect(page.get_by_test_id("stProgress").filter(has_text="Learning")).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()  # the words on their way
    answered(page)
    page.get_by_role("button", name="Stop learning").click()
    expect(page.get_by_role("button", name="Train Word2Vec on this text")).to_be_visible()
    expect(page.get_by_test_id("stProgress")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("trained="))


@pytest.mark.rest
def test_every_model_reads_a_list_while_clicks_are_answered(page):
    around = "while the water of the river was cold and clear and nobody came to look at it "
    lines = "\n".join(f"{'one' if i % 2 else 'other'} | Number {i}: the bank, {around * 20}" for i in range(12))
    open_at(page, "Same_word", mode="explore", step="sentences")
    box = page.get_by_label(re.compile("^Sentences, one a line"))
    box.fill(lines)
    box.press("Control+Enter")
    expect(page.get_by_test_id("stProgress")).to_be_visible()
    answered(page)
    expect(page.get_by_text("The same sentences, in every model", exact=True)).to_be_visible(timeout=120_000)
    expect(page.get_by_test_id("stProgress")).to_have_count(0)


@pytest.mark.rest
def test_the_index_of_all_sentences_is_built_while_clicks_are_answered_and_is_cancelled(browser, tmp_path, monkeypatch):
    """Six minutes and more: the page lives on, another search is answered meanwhile, and it can be stopped."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with helpers.running_server(tmp_path / "server.log") as url:
        context = browser.new_context(base_url=url, viewport={"width": 1280, "height": 900})
        context.set_default_timeout(helpers.TIMEOUT)
        context.add_init_script(helpers.WATCH_TRAFFIC)
        page = context.new_page()
        open_at(page, "Same_word", mode="explore", step="search", where="all sentences", token=5)
        page.get_by_role("button", name="Search all sentences").click()
        read = page.get_by_test_id("stProgress").filter(has_text=re.compile(r"has read [\d,]+ of"))
        expect(read).to_be_visible()
        answered(page)
        expect(read).to_be_visible()
        page.get_by_role("radio", name="sentences with this word", exact=True).click()
        expect(page.get_by_text("The same word elsewhere", exact=True)).to_be_visible()
        page.get_by_role("radio", name="all sentences", exact=True).click()
        expect(read).to_be_visible()
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_role("button", name="Search all sentences")).to_be_visible()
        expect(read).to_have_count(0)
        expect(page).not_to_have_url(re.compile("indexed="))
        context.close()


@pytest.mark.rest
def test_vectors_are_converted_while_clicks_are_answered(browser, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    row = " ".join(f"0.{i:04d}" for i in range(1, 101))
    path = tmp_path / "many.txt"
    path.write_text("\n".join(f"word{i} {row[:-4]}{i % 9000 + 1000}" for i in range(40_000)), encoding="utf-8")
    with helpers.running_server(tmp_path / "server.log", "--vectors", str(path)) as url:
        context = browser.new_context(base_url=url, viewport={"width": 1280, "height": 900})
        context.set_default_timeout(helpers.TIMEOUT)
        context.add_init_script(helpers.WATCH_TRAFFIC)
        page = context.new_page()
        open_at(page, "Word_vectors", mode="explore", step="two", one="word1", other="word2")
        page.get_by_role("radio", name="many.txt", exact=True).click()
        expect(page.get_by_test_id("stProgress")).to_be_visible()
        answered(page)
        expect(page.get_by_text("Two words, number by number", exact=True)).to_be_visible(timeout=120_000)
        expect(page.get_by_test_id("stProgress")).to_have_count(0)
        expect(page.get_by_text(re.compile("40,000 words, 100 numbers each"))).to_be_visible()
        context.close()
