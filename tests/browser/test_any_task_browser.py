"""Any task model in a browser: a question about a head that is trained first; the walk on it; a folder of one's own."""

import re

import pytest

from tests.browser.helpers import open_at, running_server, settled

pytestmark = pytest.mark.rest

LONG = 120_000  # ms: a busy machine


def ready(page):
    page.locator('[data-testid="stProgress"]').wait_for(state="detached", timeout=LONG)
    return settled(page)


def test_a_verdict_is_asked_answered_and_walked_through(page):
    open_at(page, "Any_task_model", mode="guided", step="verdict", a="The food was cold and the waiter was rude.", b="")
    ready(page)
    assert page.locator('[class*="st-key-pic-"]').count() == 0
    page.get_by_role("radiogroup", name="Your answer").get_by_text("negative").click()
    page.get_by_text("not sure", exact=True).click()
    page.get_by_role("button", name="Answer", exact=True).click()
    settled(page)
    assert "You said negative" in page.locator("p.look").first.inner_text()
    assert page.locator('[class*="st-key-pic-verdict"] .bar').count() == 2
    page.get_by_role("button", name="Walk through mini-bert with a layer for Sentiment").click()
    page.wait_for_url(re.compile("model=tuned-mini-bert-sentiment-layer"), timeout=LONG)
    settled(page)
    assert page.get_by_text("has a task head: it gives the text one of 2 labels (negative, positive)").is_visible()


def test_a_folder_with_a_head_walks_and_says_so(new_page, tmp_path):
    from tests.families.test_task_heads import saved

    saved(tmp_path / "mine", "Bert", "QuestionAnswering")
    with running_server(tmp_path / "server.log", "--model", str(tmp_path / "mine")) as url:
        page = new_page(base_url=url)
        open_at(page, "Any_task_model", mode="explore", step="answer", a="the bank", b="the cold river water")
        assert page.get_by_text("points at the place in a passage").first.is_visible()
        assert page.locator('[class*="st-key-pic-answer"]').first.is_visible()
        open_at(page, "Attention", mode="explore")
        assert page.get_by_text("See the page Any task model").is_visible()
        page.goto("about:blank")
