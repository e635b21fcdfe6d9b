"""The first answer of each page before and beside the walk, against the smallest page with the same widgets, in one run.

The models are loaded; the page is opened at its address in a browser that has seen the app before. The first answer is there
when the first picture's sentence, which says what the models computed, is painted; the page is whole at the last change of the
DOM, which is after Plotly, 4.7 MB of it, has been read where a page draws with it. The smallest page is whole at its last
change. Ratios are printed; no test fails on time.
"""

import statistics
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from bert_explain.ui.stages import BEFORE, BESIDE, STAGES
from tests.benchmarks.smallest import WATCH_PAINT, served
from tests.browser.helpers import CHROMIUM_ARGUMENTS, ROOT, WATCH_TRAFFIC, find_chromium, running_server, settled

pytestmark = pytest.mark.benchmark
ROUNDS = 3
AIM = 2.0
WATCH_ANSWER = """(() => {
  const look = () => {
    const said = document.querySelector('[class*="st-key-pic-"] .look');
    if (said?.textContent) window.firstAnswer = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})()"""
# What AppTest calls a widget, and the smallest call that makes one.
WIDGETS = {
    "text_input": "st.text_input('t{0}')",
    "text_area": "st.text_area('t{0}')",
    "number_input": "st.number_input('t{0}')",
    "slider": "st.slider('t{0}')",
    "select_slider": "st.select_slider('t{0}', ['a', 'b'])",
    "selectbox": "st.selectbox('t{0}', ['a', 'b'])",
    "multiselect": "st.multiselect('t{0}', ['a', 'b'])",
    "checkbox": "st.checkbox('t{0}')",
    "toggle": "st.toggle('t{0}')",
    "button": "st.button('t{0}')",
    "button_group": "st.segmented_control('t{0}', ['a', 'b'])",
}


def same_widgets(stage) -> tuple[str, int]:
    """A script with as many widgets of each kind as the page shows, and how many these are."""
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    at.switch_page(stage.file).run()
    lines = ["import streamlit as st"]
    for kind, call in WIDGETS.items():
        lines += [call.format(f"{kind}{i}") for i in range(len(at.get(kind)))]
    return "\n".join(lines), len(lines) - 1


def opened(context, address: str) -> tuple[float, float]:
    """Milliseconds from the start of the navigation to the first answer (NaN without one), and to the last change."""
    page = context.new_page()
    page.goto(address)
    settled(page)
    times = page.evaluate("[window.firstAnswer ?? NaN, window.lastChange]")
    page.close()
    return tuple(times)


def test_first_answer(tmp_path: Path, tmp_path_factory, capsys) -> None:
    from playwright.sync_api import sync_playwright

    stages = [stage for stage in STAGES if stage.group in (BEFORE, BESIDE)]
    rows = []
    with sync_playwright() as pw, running_server(tmp_path / "server.log") as url:
        browser = pw.chromium.launch(executable_path=find_chromium(pw), args=CHROMIUM_ARGUMENTS)
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.add_init_script(WATCH_TRAFFIC)
        context.add_init_script(WATCH_PAINT)
        context.add_init_script(WATCH_ANSWER)
        for stage in stages:
            source, count = same_widgets(stage)
            with served(tmp_path_factory.mktemp("plain"), source) as plain:
                rounds = [(*opened(context, f"{url}/{stage.path}"), opened(context, plain)[1]) for _ in range(ROUNDS + 1)]
            rows.append((stage.name, count, *map(statistics.median, zip(*rounds[1:], strict=True))))
        browser.close()
    with capsys.disabled():
        print(f"\n{'page':<24}{'widgets':>8}{'smallest':>11}{'first answer':>14}{'ratio':>7}{'aim':>5}{'whole':>10}{'ratio':>7}")
        for name, count, first, whole, plain in rows:
            print(
                f"{name:<24}{count:>8}{plain:>8.0f} ms{first:>11.0f} ms{first / plain:>7.1f}{AIM:>5.0f}"
                f"{whole:>7.0f} ms{whole / plain:>7.1f}"
            )
    assert all(0 < first <= whole and plain > 0 for _, _, first, whole, plain in rows)
