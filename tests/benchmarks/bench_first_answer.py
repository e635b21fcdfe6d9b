"""The first answer of each page before and beside the walk, against the smallest page with the same widgets, in one run.

The models are loaded; the page is opened at its address in a browser that has seen the app before. The time goes from the
start of the navigation to the last change of the DOM. Ratios are printed; no test fails on time.
"""

import statistics
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from bert_explain.ui.stages import BEFORE, BESIDE, STAGES
from tests.benchmarks.smallest import WATCH_PAINT, served
from tests.browser.helpers import CHROMIUM_ARGUMENTS, ROOT, WATCH_TRAFFIC, find_chromium, running_server, settled

pytestmark = pytest.mark.benchmark
ROUNDS = 5
AIM = 2.0
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


def first_answer(context, base: str, path: str) -> float:
    """Milliseconds from the start of the navigation to the last change of the page."""
    page = context.new_page()
    page.goto(f"{base}{path}")
    settled(page)
    time = page.evaluate("window.lastChange")
    page.close()
    return time


def test_first_answer(tmp_path: Path, tmp_path_factory, capsys) -> None:
    from playwright.sync_api import sync_playwright

    stages = [stage for stage in STAGES if stage.group in (BEFORE, BESIDE)]
    rows = []
    with sync_playwright() as pw, running_server(tmp_path / "server.log") as url:
        browser = pw.chromium.launch(executable_path=find_chromium(pw), args=CHROMIUM_ARGUMENTS)
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.add_init_script(WATCH_TRAFFIC)
        context.add_init_script(WATCH_PAINT)
        for stage in stages:
            source, count = same_widgets(stage)
            with served(tmp_path_factory.mktemp("plain"), source) as plain:
                pairs = [
                    (first_answer(context, url, f"/{stage.path}"), first_answer(context, plain, "/"))
                    for _ in range(ROUNDS + 1)
                ]
            ours, theirs = (statistics.median(times) for times in zip(*pairs[1:], strict=True))
            rows.append((stage.name, count, ours, theirs, statistics.median(a / b for a, b in pairs[1:])))
        browser.close()
    with capsys.disabled():
        print(f"\n{'page':<24}{'widgets':>8}{'first answer':>14}{'smallest page':>15}{'ratio':>8}{'aim':>6}")
        for name, count, ours, theirs, ratio in rows:
            print(f"{name:<24}{count:>8}{ours:>11.0f} ms{theirs:>12.0f} ms{ratio:>8.1f}{AIM:>6.0f}")
    assert all(ours > 0 and theirs > 0 for _, _, ours, theirs, _ in rows)
