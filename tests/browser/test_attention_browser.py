"""The Attention page in Chromium: what answers to the mouse, and bertviz without the network."""

import re
import socket
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import expect

from bert_explain.analysis import attention
from bert_explain.chapters.attention import bertviz_views
from bert_explain.figures import theme
from bert_explain.query import Query
from bert_explain.trace import run
from tests.browser import helpers
from tests.browser.helpers import all_drawn, open_app, settled

QUERY = Query("She walked to the bank of the river.", "The water was cold and clear.")
HOSTILE = "</script><script>window.ran = 1</script><img src=x onerror='window.ran = 1'>"


@pytest.fixture(scope="module")
def bank(mini_bert):
    return run(mini_bert, QUERY)


def card(page, key):
    return page.locator(f".st-key-pic-{key}")


def head_at(page, layer, head):
    """The middle of a head's tile in the all-heads picture, read off its numbering (20 and 17 px of labels)."""
    box = card(page, "heads").locator("canvas[data-picture]").bounding_box()
    across, down = (box["width"] - 20) / 12, (box["height"] - 17) / 6
    return box["x"] + 20 + (head + 0.45) * across, box["y"] + 17 + (layer + 0.45) * down


def address(page, name):
    found = re.search(rf"[?&]{name}=([^&]*)", page.url)
    return found and found.group(1)


def frame_of(page):
    page.locator("iframe").first.scroll_into_view_if_needed()
    return page.frame_locator("iframe").first


def test_a_click_on_a_head_makes_it_large_and_leaves_the_rest_alone(page, bank):
    open_app(page, "Attention", mode="explore", step="heads")
    link = attention.telling_head(bank)
    expect(page.get_by_role("heading", name=f"Layer {link.layer + 1}, head {link.head + 1}")).to_be_visible()
    page.evaluate(
        """() => { window.seen = 0; const strip = document.querySelector('[class*=st-key-frame]');
        const watch = new MutationObserver((list) => { window.seen += list.length; });
        watch.observe(strip, { subtree: true, childList: true }); }"""
    )
    page.mouse.click(*head_at(page, 3, 7))
    settled(page)
    expect(page.get_by_role("heading", name="Layer 4, head 8")).to_be_visible()
    assert (address(page, "layer"), address(page, "head")) == ("4", "8")
    assert page.evaluate("window.seen") == 0
    page.reload()
    all_drawn(settled(page))
    expect(page.get_by_role("heading", name="Layer 4, head 8")).to_be_visible()


def test_a_head_that_was_picked_goes_along_to_the_next_chapter(page):
    """The links at the foot are drawn anew with the part in which the head was picked."""
    open_app(page, "Attention", mode="explore", step="heads")
    page.mouse.click(*head_at(page, 3, 7))
    expect(page.get_by_role("heading", name="Layer 4, head 8")).to_be_visible()
    page.get_by_role("link", name="Next: Masked words").click()
    page.wait_for_url("**/Masked_words?**")
    settled(page)
    page.get_by_role("link", name="Back: Attention").click()
    page.wait_for_url("**/Attention?**")
    settled(page)
    expect(page.get_by_role("heading", name="Layer 4, head 8")).to_be_visible()
    assert (address(page, "layer"), address(page, "head")) == ("4", "8")


def test_pointing_at_the_small_heads_reads_a_weight(page, bank):
    open_app(page, "Attention", mode="explore", step="heads")
    page.mouse.move(*head_at(page, 1, 4))
    tip = card(page, "heads").locator(".tip")
    expect(tip).to_contain_text(re.compile(r"Head 5 of layer 2: \S+ looks at \S+ with weight about 0\.\d\d"))
    words = re.search(r"layer 2: (\S+) looks at (\S+) with weight about (\S+?)\.?$", tip.inner_text().strip())
    weights = bank.attention[1, 4]
    rows, columns = ([i for i, piece in enumerate(bank.pieces) if piece == word] for word in words.groups()[:2])
    assert np.abs(weights[np.ix_(rows, columns)] - float(words.group(3))).min() < 0.01


def test_a_row_is_chosen_by_a_click(page):
    open_app(page, "Attention", layer=2, head=5, mode="explore", step="heads")
    name = card(page, "head").locator("svg text", has_text="river").last  # the first is the column's
    name.scroll_into_view_if_needed()
    box = name.bounding_box()
    page.mouse.click(box["x"] + box["width"] + 20, box["y"] + box["height"] / 2)
    settled(page)
    assert address(page, "token") == "8"
    expect(card(page, "head").locator(".look")).to_contain_text("Look at the row river")


def test_a_line_of_the_table_chooses_its_head(page):
    open_app(page, "Attention", mode="explore", step="facts")
    table = card(page, "facts").locator("[data-testid=stDataFrame]")
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    page.mouse.click(box["x"] + 16, box["y"] + 35 * 3 + 18)  # the box of the third line: layer 1, head 3
    settled(page)
    assert (address(page, "layer"), address(page, "head")) == ("1", "3")


def test_a_head_switched_off_changes_the_strip_and_can_be_undone(page):
    open_app(page, "Attention", layer=2, head=9, token=5)
    page.get_by_role("button", name="Switch layer 2, head 9 off").click()
    settled(page)
    assert address(page, "off") == "2.9"
    expect(page.get_by_text("Changed: heads switched off.")).to_be_visible()
    expect(card(page, "off").locator(".look")).to_contain_text("Without layer 2, head 9, ")
    page.get_by_role("button", name="All on again").click()
    settled(page)
    assert address(page, "off") is None


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_bertviz_draws_without_the_network(new_page, watch, bank, scheme):
    page = new_page(color_scheme=scheme)
    open_app(page, "Attention", layer=3, head=2, bertviz="head view")
    inside = frame_of(page)
    inside.locator("svg line").first.wait_for(state="attached")
    t = len(bank.tokens)
    assert inside.locator("svg line").count() == 12 * t * t
    assert inside.locator("#layer").input_value() == "2"
    drawn = (
        inside.locator("#attention .headAttention")
        .nth(1)
        .locator("line")
        .evaluate_all("(lines) => lines.map((line) => +line.getAttribute('stroke-opacity'))")
    )
    np.testing.assert_allclose(np.reshape(drawn, (t, t)), bank.attention[2, 1], atol=6e-4)
    texts = inside.locator("#left text").all_text_contents()
    assert texts == bank.pieces
    colours = theme.palette(scheme)
    shown = inside.locator("#left text").first.evaluate(
        "(e) => [getComputedStyle(e).fill, getComputedStyle(document.body).backgroundColor]"
    )
    assert shown == [rgb(colours.ink), rgb(colours.card)]

    page.get_by_text("model view", exact=True).click()
    settled(page)
    inside = frame_of(page)
    inside.locator(".attn_background").nth(71).wait_for(state="attached")
    assert inside.locator("svg line").count() == 72 * t * t
    assert not watch.outside


def rgb(colour):
    return f"rgb({', '.join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))})"


@pytest.mark.parametrize("view", ["head", "model"])
def test_no_token_runs(page, bank, view):
    tokens = tuple(replace(t, text=HOSTILE) if t.position == 5 else t for t in bank.tokens)
    html = bertviz_views.document(view, replace(bank, tokens=tokens), theme.LIGHT, "/app/static/")
    page.route("**/bertviz-alone", lambda route: route.fulfill(body=html, content_type="text/html; charset=utf-8"))
    page.goto("/bertviz-alone")
    page.locator("svg line").first.wait_for(state="attached")
    if view == "model":
        page.locator("svg rect[style*='opacity: 0']").first.click(force=True)
    assert HOSTILE in page.locator("svg text").all_text_contents()
    assert page.evaluate("window.ran") is None
    assert page.locator("img").count() == 0


@pytest.fixture
def under_a_folder():
    """The app as `streamlit run` serves it under /some/folder; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url, log = f"http://127.0.0.1:{port}/some/folder", helpers.ARTIFACTS / "server-folder.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    options = ["--server.port", str(port), "--server.baseUrlPath", "some/folder", "--server.address", "127.0.0.1"]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true", *options]
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=helpers.ROOT, stdout=output, stderr=subprocess.STDOUT)
    try:
        helpers.wait_until_healthy(process, url, log)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def test_the_addresses_are_right_under_another_folder(page, watch, under_a_folder):
    page.goto(f"{under_a_folder}/Attention?bertviz=head+view")
    page.locator("iframe").first.wait_for(timeout=120_000)  # the first run loads the model
    frame_of(page).locator("svg line").first.wait_for(state="attached")
    page.goto("about:blank")  # before its server stops: the page would look for it
    # Streamlit's own server, asked for a page at its own address, has it look for its socket below that address first.
    watch.console[:] = [said for said in watch.console if "/_stcore/" not in said]


@pytest.mark.rest
def test_nothing_scrolls_sideways_on_a_phone(new_page):
    page = new_page(viewport={"width": 390, "height": 844})
    open_app(page, "Attention", bertviz="model view", off="2.5")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    main = page.locator("[data-testid=stMain]")
    assert main.evaluate("(e) => e.scrollWidth <= e.clientWidth")
