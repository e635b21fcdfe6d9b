"""Fine-tuning in a browser: train, watch, go on, ask one's own sentence, open the walk on it."""

import re

import pytest

from tests.browser.helpers import open_at, settled

pytestmark = pytest.mark.rest

QUICK = {"examples": "20", "epochs": 1, "part": "head", "step": "train"}
LONG = 120_000  # ms: a busy machine


@pytest.fixture
def trained(page):
    open_at(page, "Fine_tuning", a="Where is the station?", b="", task="question-type", **QUICK)
    page.get_by_role("button", name="Train mini-bert").click()
    page.locator('[class*="st-key-pic-tuned-score"]').wait_for(timeout=LONG)
    return settled(page)


def test_a_training_is_shown_beside_what_needs_none_and_a_link_shows_it_again(trained):
    card = trained.locator('[class*="st-key-pic-tuned-score"]')
    for name in (re.compile("always “.+”"), "bag of words", "mini-bert, fine-tuned"):
        assert card.get_by_text(name).first.is_visible()
    assert trained.locator('[class*="st-key-pic-tuned-course"] .js-plotly-plot').is_visible()
    assert "trained=" in trained.url
    trained.get_by_role("button", name="And mini-gpt").click()
    trained.get_by_text("mini-gpt, fine-tuned").first.wait_for(timeout=LONG)


def test_own_sentences_mistakes_and_the_walk(trained):
    trained.goto(trained.url.replace("step=train", "step=own"))
    settled(trained)
    card = trained.locator('[class*="st-key-pic-tuned-own"]')
    assert re.search(r"Look at|cannot decide", card.inner_text())
    trained.goto(trained.url.replace("step=own", "step=errors"))
    settled(trained)
    assert trained.locator('[class*="st-key-pic-tuned-confusion"]').is_visible()
    trained.goto(trained.url.replace("step=errors", "step=take"))
    settled(trained)
    trained.get_by_role("button", name="Attention, fine-tuned").click()
    trained.wait_for_url(re.compile("/Attention"), timeout=30_000)
    settled(trained)
    assert "model=tuned-mini-bert-question-type" in trained.url
    assert trained.get_by_role("heading", level=1, name="Attention").is_visible()


def test_a_training_can_be_cancelled_and_the_page_answers_meanwhile(page):
    open_at(page, "Fine_tuning", examples="400", epochs=20, step="train", draw=3)
    page.get_by_role("button", name="Train mini-bert").click()
    cancel = page.get_by_role("button", name="Cancel")
    cancel.wait_for(timeout=LONG)
    page.get_by_role("button", name="Chapters").click()
    page.get_by_role("link", name="Attention", exact=True).first.wait_for(timeout=30_000)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Train mini-bert").wait_for(timeout=LONG)
