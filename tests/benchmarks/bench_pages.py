"""From an edit to the painted page: each chapter's first step against the smallest possible Streamlit app, in one run.

In Explore mode, where a step shows everything: in Guided its question stands first, and less is drawn.

Both run under the same server and in the same Chromium, by turns. The time goes from the press of Enter to the last
change of the page's DOM (shadow roots included) and the frame that paints it. Ratios are printed; no test fails on time.
"""

import os
import statistics
from pathlib import Path

import pytest

from bert_explain.ui.stages import STAGES
from tests.benchmarks.smallest import WATCH_PAINT, served
from tests.browser.helpers import CHROMIUM_ARGUMENTS, WATCH_TRAFFIC, find_chromium, open_at, running_server, settled

pytestmark = pytest.mark.benchmark
AIM = 3.0
ROUNDS = int(os.environ.get("BENCH_ROUNDS", 7))


@pytest.fixture(scope="module")
def smallest(tmp_path_factory):
    """The smallest app, served the way the real one is."""
    with served(tmp_path_factory.mktemp("smallest")) as url:
        yield url


def edited(page, text: str) -> float:
    """Milliseconds from Enter to the last change that the edit made."""
    box = page.get_by_label("Sentence A", exact=True)
    box.fill(text)
    box.press("Enter")
    settled(page, quiet=400)
    return page.evaluate("new Promise((done) => requestAnimationFrame(() => done(window.lastChange - window.pressed)))")


def test_edit_to_painted(smallest, tmp_path: Path, capsys) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as pw, running_server(tmp_path / "server.log") as url:
        browser = pw.chromium.launch(executable_path=find_chromium(pw), args=CHROMIUM_ARGUMENTS)

        def tab(base: str, path: str, **params: str):
            page = browser.new_context(base_url=base, viewport={"width": 1280, "height": 900}).new_page()
            page.add_init_script(WATCH_TRAFFIC)
            page.add_init_script(WATCH_PAINT)
            return open_at(page, path, **params)

        plain = tab(smallest, "/")
        rows = []
        for stage in STAGES:
            page = tab(url, f"/{stage.path}", mode="explore")
            pairs = []
            for i in range(ROUNDS + 2):
                text = f"She walked to the bank of the river, {stage.name} {i}."
                pairs.append((edited(page, text), edited(plain, text)))
            ours, theirs = (statistics.median(times) for times in zip(*pairs[2:], strict=True))
            ratio = statistics.median(a / b for a, b in pairs[2:])
            rows.append((stage.name, ours, theirs, ratio, AIM))
            page.context.close()
        browser.close()
    with capsys.disabled():
        print(f"\n{'page':<18}{'edit to painted':>16}{'smallest app':>14}{'ratio':>8}{'aim':>6}")
        for name, ours, theirs, ratio, aim in rows:
            print(f"{name:<18}{ours:>13.0f} ms{theirs:>11.0f} ms{ratio:>8.1f}{aim:>6.0f}")
    assert all(ours > 0 and theirs > 0 for _, ours, theirs, _, _ in rows)
