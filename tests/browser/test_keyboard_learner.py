"""A learner without a mouse: Tab, arrows, Space and Enter lead through every step of a chapter to what is shown."""

import pytest
from playwright.sync_api import expect

from bert_explain import chapters
from bert_explain.ui import stages
from tests.browser.helpers import open_at, settled

MOST = 160  # presses of Tab before a learner would give up
LONG = 300_000  # ms: some questions are decided by trainings

FOCUSED = """() => {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  const role = at?.tagName === 'INPUT' ? at.type : at?.tagName === 'BUTTON' ? 'button' : at?.tagName === 'A' ? 'link' : '';
  return { role, name: (at?.getAttribute?.('aria-label') || at?.innerText || '').trim(),
    asked: !!at?.closest?.('[data-testid="stForm"]'), heading: !!at?.matches?.('[data-question], [data-step-heading]') };
}"""


def tab_to(page, wanted, what: str) -> dict:
    """Press Tab until the focus is on what is wanted."""
    for _ in range(MOST):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUSED)
        if wanted(at):
            return at
    raise AssertionError(f"{MOST} times Tab did not lead to {what}")


def answer(page) -> None:
    """Choose, be sure, commit: of the question whose form comes next."""
    at = tab_to(page, lambda at: at["asked"] and at["role"] in ("radio", "text"), "an answer")
    if at["role"] == "text":
        page.keyboard.type("thing")
    else:
        page.keyboard.press("ArrowDown")
    tab_to(page, lambda at: at["asked"] and at["name"] == "sure", "“sure”")
    page.keyboard.press("Space")
    tab_to(page, lambda at: at["asked"] and at["name"] == "Answer", "“Answer”")
    page.keyboard.press("Enter")
    settled(page)


def ready(page) -> None:
    """What decides a question may be worked out beside the page."""
    page.locator('[data-testid="stProgress"]').wait_for(state="detached", timeout=LONG)
    settled(page)


@pytest.mark.walk
@pytest.mark.parametrize("stage", [s for s in stages.STAGES if s.path], ids=lambda stage: stage.chapter)
def test_every_reveal_is_reached_by_keys(new_page, stage):
    chapter = chapters.load(stage.chapter)
    page = new_page()
    open_at(page, stage.path, mode="guided")
    for step in (*chapter.steps, None):  # the last one: "Check yourself"
        ready(page)
        if step is not None and step.asks is not None:
            if step.asks.press and page.get_by_role("button", name=step.asks.press).count():
                tab_to(page, lambda at, press=step.asks.press: at["name"] == press, "the press that begins it")
                page.keyboard.press("Enter")
                settled(page)
                ready(page)
            if page.get_by_role("button", name="Ask it of another sentence").count():
                tab_to(page, lambda at: at["name"] == "Ask it of another sentence", "another sentence")
                page.keyboard.press("Enter")
                settled(page)
                ready(page)
            assert page.locator(".st-key-asks-" + step.id + " p.look").count() == 0, f"{step.id} tells before it is asked"
            answer(page)
            expect(page.locator(f".st-key-asks-{step.id} p.look").first).to_be_visible()
        if step is None:
            while open_questions := page.locator('[data-testid="stForm"]').count():
                answer(page)
                assert page.locator('[data-testid="stForm"]').count() == open_questions - 1
            break
        press = page.locator('[class*="st-key-ask-"] button:visible')
        picture = page.locator('[class*="st-key-pic-"]:visible')
        if step.asks is None:  # it may be drawn at a press only, and then the press is reached
            expect(picture.or_(press).first).to_be_visible()
            if not picture.count():
                name = press.first.inner_text().strip()
                tab_to(page, lambda at, name=name: at["role"] == "button" and at["name"] == name, "the press that draws it")
        else:
            expect(picture.first).to_be_visible()
        tab_to(page, lambda at: at["role"] == "button" and at["name"].startswith("Next: "), "the next step")
        page.keyboard.press("Enter")
        settled(page)
        page.wait_for_function(f"() => ({FOCUSED})().heading")
