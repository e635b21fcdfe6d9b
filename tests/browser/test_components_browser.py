"""The components in Chromium, on the page of demo_components.py."""

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import demo_components as demo
from tests.browser import helpers

PHONE = {"viewport": {"width": 390, "height": 844}}
# Notes what changes in the components' shadow roots, and what is drawn on their canvases.
NOTE = """() => {
  window.changes = [];
  const card = (host) => host.closest('[class*="st-key-"]').className.match(/st-key-[\\w-]+/)[0];
  const hosts = [...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')];
  for (const host of hosts)
    new MutationObserver((list) => list.forEach((m) =>
      window.changes.push(`${card(host)}: ${m.type} ${m.attributeName ?? ''} of ${m.target.className || m.target.nodeName}`)))
      .observe(host.shadowRoot, { subtree: true, childList: true, attributes: true, characterData: true });
  const draw = CanvasRenderingContext2D.prototype.drawImage;
  CanvasRenderingContext2D.prototype.drawImage = function (...a) {
    const host = this.canvas.getRootNode().host;
    if (host) window.changes.push(`${card(host)}: drawn`);
    return draw.apply(this, a);
  };
  return hosts.length;
}"""

# What a component was sent is unpacked only when the page says so.
HELD = """(() => {
  const plain = Response.prototype.arrayBuffer;
  const told = new Promise((go) => (window.unpack = go));
  window.unpacking = 0;
  Response.prototype.arrayBuffer = async function () { window.unpacking += 1; await told; return plain.call(this); };
})()"""

# The addresses that Streamlit imports the components' scripts from.
SCRIPTS = """(() => {
  const plain = URL.createObjectURL;
  window.scripts = [];
  URL.createObjectURL = (blob) => {
    const url = plain.call(URL, blob);
    if (blob.type === 'text/javascript') window.scripts.push(url);
    return url;
  };
})()"""


@pytest.fixture(scope="module")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The demo page instead of the app, away from the app's settings (their fonts are beside app.py)."""
    folder = tmp_path_factory.mktemp("demo")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url, log = f"http://127.0.0.1:{port}", folder / "log"
    options = ["--server.port", str(port), "--server.headless", "true", "--browser.gatherUsageStats", "false"]
    command = [sys.executable, "-m", "streamlit", "run", demo.__file__, *options, "--server.address", "127.0.0.1"]
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
    try:
        helpers.wait_until_healthy(process, url, log)
        first = browser.new_page()  # the first run imports numpy, streamlit's parts and torch
        first.goto(url)
        first.get_by_text("picked:").wait_for(timeout=120_000)
        first.close()
        yield url
    finally:
        process.terminate()
        process.wait(10)


def opened(page: Page, **params: object) -> Page:
    helpers.open_app(page, **params)
    expect(page.get_by_role("grid", name="Signed")).to_be_visible()
    return page


def picked(page: Page) -> dict[str, list[int]]:
    text = page.get_by_text("picked:").inner_text().removeprefix("picked: ")
    return dict(json.loads(re.sub(r",\)", ")", text).replace("(", "[").replace(")", "]").replace("'", '"')))


def tip(page: Page, card: str) -> str:
    return page.locator(f".st-key-pic-{card} .tip").inner_text()


def point(page: Page, name: str, x: float, y: float) -> None:
    """Move the mouse to a point of a picture, in its own css pixels."""
    grid = page.get_by_role("grid", name=name)
    grid.scroll_into_view_if_needed()
    box = grid.bounding_box()
    page.mouse.move(box["x"] + x, box["y"] + y)


def centre_of_cell(page: Page, i: int, j: int) -> tuple[float, float]:
    """Where the matrix of the demo has its cell (i, j): read off its own drawing."""
    rects = page.locator(".st-key-pic-matrix svg g.cells rect")
    n = round(rects.count() ** 0.5)
    rect = rects.nth(i * n + j)
    x, y, w, h = (float(rect.get_attribute(a)) for a in ("x", "y", "width", "height"))
    return x + w / 2, y + h / 2


def test_the_matrix_reads_every_cell(page):
    opened(page)
    n = len(demo.tokens())
    expected = demo.weights(n)[1, 4]
    for i, j in ((0, 0), (5, 3), (n - 1, n - 1)):
        point(page, "One head", *centre_of_cell(page, i, j))
        names = [demo.tokens()[k].text for k in (i, j)]
        assert tip(page, "matrix") == f"{names[0]} looks at {names[1]} with weight {expected[i, j]:.2f}."


def test_the_matrix_is_walked_and_picked_by_keyboard(page):
    opened(page)
    page.get_by_role("grid", name="One head").get_by_role("gridcell").focus()
    for key in ("ArrowDown", "End", "ArrowUp", "Control+Home", "ArrowRight", "ArrowLeft", "ArrowLeft"):
        page.keyboard.press(key)
    assert tip(page, "matrix").startswith("[CLS] looks at [CLS]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_text("('matrix', (1, 0))")).to_be_visible()
    page.keyboard.press("ArrowRight")  # the focus is still on the same cell
    assert tip(page, "matrix").startswith("she looks at she")


def test_a_click_in_a_fragment_reruns_the_fragment_only(page):
    opened(page)
    page.get_by_role("listbox", name="Tokens").get_by_role("option").nth(9).click()
    expect(page.get_by_text("row: (9,)")).to_be_visible()
    assert picked(page) == {}  # that text is outside the fragment
    expect(page.get_by_role("listbox", name="Tokens").get_by_role("option", selected=True)).to_have_text("bank")
    page.keyboard.press("ArrowRight")
    page.keyboard.press(" ")
    expect(page.get_by_text("row: (10,)")).to_be_visible()
    page.get_by_role("button", name="again").click()
    helpers.settled(page)
    assert picked(page) == {"row": [10]}


def test_all_heads_tell_from_to_and_weight(page):
    opened(page)
    n = len(demo.tokens())
    cell = page.get_by_role("grid", name="All heads").get_by_role("gridcell")
    cell.scroll_into_view_if_needed()
    cell.focus()  # on the chosen head: its box says where tiles are
    page.keyboard.press("Control+Home")
    first, tile = cell.bounding_box(), cell.bounding_box()["width"]
    page.keyboard.press("ArrowRight")
    pitch = cell.bounding_box()["x"] - first["x"]
    layer, head, i, j = 3, 7, 10, 11
    x = first["x"] + head * pitch + (j + 0.5) * tile / n
    y = first["y"] + layer * pitch + (i + 0.5) * tile / n
    page.mouse.move(x, y)
    texts = [t.text for t in demo.tokens()]
    weight = np.rint(demo.weights(n)[layer, head, i, j] * 255) / 255
    assert tip(page, "heads") == f"Head 8 of layer 4: {texts[i]} looks at {texts[j]} with weight about {weight:.2f}."
    page.mouse.click(x, y)
    expect(page.get_by_text("('heads', (3, 7))")).to_be_visible()


def test_strips_read_as_an_equation_that_adds_up(page):
    opened(page)
    page.get_by_role("grid", name="Strips").get_by_role("gridcell").focus()
    page.keyboard.press("End")
    said = tip(page, "bands")
    values = {name: v[-1] for name, v in demo.strips().items()}
    equation = "token {token:.3f} + segment {segment:.3f} + position {position:.3f} = {sum:.3f}".format(**values).replace(
        "-", "\u2212"
    )
    assert said == f"dimension 383: {equation}"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.get_by_text("('bands', (382,))")).to_be_visible()


def test_bars_show_text_as_text(page):
    opened(page)
    rows = page.get_by_role("listbox", name="Predictions").get_by_role("option")
    expect(rows).to_have_count(4)
    expect(rows.nth(1)).to_have_attribute("aria-label", "middle, 22.0 %, true word, rank 2")
    expect(rows.nth(2)).to_contain_text("<i>end</i>")
    assert page.get_by_role("listbox", name="Tokens").get_by_text("<b>water</b>").count() == 1
    rows.nth(2).click()
    expect(page.get_by_text("('bars', (2,))")).to_be_visible()


def test_a_rerun_without_news_touches_nothing(page):
    opened(page)
    # a card's buttons offer to save its picture when they have found it: plotly's comes late on a busy machine
    for card in ("tokens", "heads", "matrix", "bands", "bars", "signed", "plot"):
        expect(page.locator(f".st-key-tools-{card}").get_by_role("button", name="save as")).to_be_visible(timeout=60_000)
    assert page.evaluate(NOTE) > 12
    page.get_by_role("button", name="again").click()
    helpers.settled(page, quiet=600)
    assert page.evaluate("window.changes") == []


def test_a_component_that_goes_while_its_data_is_unpacked_draws_nothing(new_page, watch):
    page = new_page()
    page.add_init_script(HELD)
    helpers.open_app(page, tokens=12)
    page.wait_for_function("() => window.unpacking > 0")
    page.evaluate("""async () => {
      document.querySelectorAll('[data-testid=stBidiComponentIsolated]').forEach((host) => host.remove());
      window.unpack();
      await new Promise((done) => setTimeout(done, 300));
    }""")
    assert watch.errors == []


def test_a_component_called_after_its_element_went_raises_nothing(new_page, watch):
    """Streamlit waits for a script, and calls it for an element that may have gone in the meantime."""
    page = new_page()
    page.add_init_script(SCRIPTS)
    helpers.open_app(page, tokens=12)
    called = page.evaluate("""async () => {
      for (const url of window.scripts) {
        const { default: draw } = await import(url);
        const gone = document.createElement('div').attachShadow({ mode: 'open' });
        const stop = draw({ parentElement: gone, data: { pick: false }, setTriggerValue() {} });
        await new Promise((done) => setTimeout(done, 50));
        stop();
      }
      return window.scripts.length;
    }""")
    assert called >= 5
    assert watch.errors == []


def test_the_theme_is_followed_while_the_page_is_open(page):
    opened(page)
    corner = """() => {
      const find = (card, what) =>
        [...document.querySelectorAll(`.st-key-pic-${card} [data-testid=stBidiComponentIsolated]`)]
          .map((host) => host.shadowRoot.querySelector(what)).find(Boolean);
      const canvas = find('bands', 'canvas'), { width, height } = canvas;
      const { data } = canvas.getContext('2d').getImageData(width - 200, 0, 180, height);
      const shade = data.reduce((sum, v, i) => sum + (i % 4 < 3 ? v : 0), 0) / (0.75 * data.length);
      return { shade, text: getComputedStyle(find('matrix', 'text')).fill };
    }"""
    light = page.evaluate(corner)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"(before) => ({corner})().text !== before", arg=light["text"])
    dark = page.evaluate(corner)
    assert dark["shade"] < light["shade"] - 30


def test_saved_files_stand_alone(page, tmp_path: Path):
    opened(page)

    def saved(card: str, kind: str) -> Path:
        with page.expect_download() as download:
            page.locator(f".st-key-tools-{card}").get_by_role("button", name=f"save as {kind}").click()
        assert download.value.suggested_filename == f"{card}.{kind.lower()}"
        download.value.save_as(tmp_path / card)
        return tmp_path / card

    for card, word in {"tokens": "bank", "matrix": "bank", "bars": "true word", "plot": "A plotly figure"}.items():
        text = saved(card, "SVG").read_text(encoding="utf-8")
        words = ["".join(t.itertext()) for t in ElementTree.fromstring(text).iter("{http://www.w3.org/2000/svg}text")]
        assert word in words
        assert "var(" not in text
    for card in ("heads", "bands"):
        data = saved(card, "PNG").read_bytes()
        size = page.locator(f".st-key-pic-{card} canvas").evaluate("c => [c.width, c.height]")
        assert data[:8] == b"\x89PNG\r\n\x1a\n"
        assert [int.from_bytes(data[k : k + 4], "big") for k in (16, 20)] == size


def test_the_link_is_copied(new_page):
    page = opened(new_page(permissions=["clipboard-read", "clipboard-write"]))
    tools = page.locator(".st-key-tools-bars")
    tools.get_by_role("button", name="copy link").click()
    expect(tools.get_by_role("status")).to_have_text("copied")
    assert page.evaluate("navigator.clipboard.readText()") == page.url


def test_a_phone_scrolls_inside_the_picture_only(new_page):
    page = opened(new_page(**PHONE), tokens=64)
    main = page.locator("[data-testid=stMain]")
    assert main.evaluate("e => e.scrollWidth - e.clientWidth") <= 0
    scroll = page.locator(".st-key-pic-matrix .scroll")
    assert scroll.evaluate("e => e.scrollWidth > e.clientWidth + 100")
    label = page.locator(".st-key-pic-matrix svg g:last-of-type text").first
    before = label.bounding_box()["x"]
    scroll.evaluate("e => { e.scrollLeft = 150; }")
    page.wait_for_timeout(100)
    assert label.bounding_box()["x"] == pytest.approx(before, abs=1)  # the row labels stay in sight
    assert page.locator(".st-key-pic-heads canvas").bounding_box()["width"] <= 390


def test_on_a_phone_the_names_of_rows_are_whole(new_page):
    page = opened(new_page(**PHONE))
    picture = page.locator(".st-key-pic-named svg")
    left = picture.bounding_box()["x"]
    for method in demo.METHODS:
        assert picture.get_by_text(method, exact=True).bounding_box()["x"] >= left
    assert page.locator(".st-key-pic-named .legend").inner_text().split() == ["\u22121.00", "1.00"]


def test_a_sentence_stands_above_its_bar(new_page):
    page = opened(new_page(**PHONE))
    row = page.get_by_role("list", name="Sentences").get_by_role("listitem").first
    name, track = row.locator(".piece"), row.locator(".track")
    assert name.inner_text() == demo.SENTENCE
    assert name.bounding_box()["width"] > 0.9 * row.bounding_box()["width"] - 8
    assert track.bounding_box()["y"] >= name.bounding_box()["y"] + name.bounding_box()["height"]


def test_canvases_are_sharp(new_page):
    page = opened(new_page(device_scale_factor=2))
    for card in ("heads", "bands"):
        canvas = page.locator(f".st-key-pic-{card} canvas")
        assert canvas.evaluate("c => c.width / c.clientWidth") == pytest.approx(2, abs=0.01)


def test_a_narrower_window_is_drawn_again(page):
    opened(page)
    strips = page.locator(".st-key-pic-bands canvas")
    wide = strips.evaluate("c => c.clientWidth")
    page.set_viewport_size({"width": 700, "height": 900})
    page.wait_for_timeout(300)
    assert strips.evaluate("c => c.clientWidth") < wide - 300
    assert page.locator("[data-testid=stMain]").evaluate("e => e.scrollWidth - e.clientWidth") <= 0


def test_512_tokens_are_pooled_and_say_so(page):
    opened(page, tokens=512)
    for card in ("heads", "matrix"):
        expect(page.locator(f".st-key-pic-{card} .legend")).to_contain_text("4 × 4")
    assert page.get_by_role("listbox", name="Tokens").bounding_box()["height"] < 330
    x, y = 200, 300
    point(page, "One head", x, y)
    expect(page.locator(".st-key-pic-matrix .tip")).to_contain_text("the strongest of 16 cells drawn as one")


@pytest.mark.parametrize("many", [0, 2])
def test_almost_nothing_is_fine(page, many):
    opened(page, tokens=many)
    if many == 0:
        expect(page.locator(".st-key-pic-matrix .tip")).to_have_text("There is nothing to show here.")
    else:
        point(page, "One head", *centre_of_cell(page, 1, 0))
        expect(page.locator(".st-key-pic-matrix .tip")).to_contain_text("[SEP] looks at [CLS]")
