"""What a step may take: one screen of a laptop, two of a phone; and the frame above it."""

import pytest

from bert_explain import chapters
from bert_explain.ui import stages
from tests.browser.helpers import open_at, settled

LAPTOP, PHONE = {"width": 1280, "height": 720}, {"width": 390, "height": 844}
FRAME, FRAME_ON_A_PHONE = 130, 170  # px: sentence box and strip together

MEASURE = """() => {
  const deep = (root, wanted) => {
    for (const node of root.querySelectorAll('*')) {
      if (node.matches(wanted)) return node;
      const found = node.shadowRoot && deep(node.shadowRoot, wanted);
      if (found) return found;
    }
  };
  const box = (node) => {
    const r = node?.getBoundingClientRect();
    return r && r.height ? [Math.round(r.top), Math.round(r.bottom)] : null;
  };
  const main = document.querySelector('[data-testid=stMain]');
  main.scrollTo(0, 0);
  const asks = main.querySelector('[class*="st-key-asks-"]');
  const card = [...main.querySelectorAll('[class*="st-key-pic-"]')].find((one) => !one.closest('details:not([open])'));
  return {
    frame: box(main.querySelector('.st-key-frame'))[1],
    question: box(main.querySelector('h2.question')),
    answer: box(asks?.querySelector('[data-testid="stBaseButton-primaryFormSubmit"]')),
    said: box(asks?.querySelector('p.look')),
    picture: box(card && (deep(card, '[data-picture], .js-plotly-plot, table, [data-testid="stDataFrame"], .squares')
      ?? deep(card, '[data-testid="stBidiComponentIsolated"]'))),
    next: box(main.querySelector('.st-key-turn button:last-of-type')),
    turn: box(main.querySelector('.st-key-turn')),
    height: main.scrollHeight, sideways: main.scrollWidth - main.clientWidth,
  };
}"""


def opened(page, stage, step):
    """A step in Guided mode, once what decides its question has been worked out."""
    open_at(page, stage.path, **({"mode": "guided", "step": step.id} if stage.path else {}))
    page.locator('[data-testid="stProgress"]').wait_for(state="detached", timeout=300_000)  # trainings decide some questions
    return settled(page)


def measured(page, size: dict) -> dict:
    """Where the parts of a step stand, in px from the top of the screen."""
    page.set_viewport_size(size)
    settled(page, 250)
    return page.evaluate(MEASURE)


def misfits(page, step: str, state: str) -> list[str]:
    """What of this step is not where it should be, on a laptop and on a phone."""
    wrong = []
    at = measured(page, LAPTOP)
    seen = {"asked": ("question", "answer"), "shown": ("question", "said", "picture"), "plain": ()}[state]
    bottom = at["turn"][0] if at["turn"] else LAPTOP["height"]
    wrong += [
        f"{part} {at[part]} of {bottom}" for part in seen if at[part] is None or not 0 <= at[part][0] < at[part][1] <= bottom
    ]
    wrong += [f"next at {at['next']}"] if at["next"] is not None and at["next"][1] > LAPTOP["height"] else []
    wrong += [f"frame {at['frame']}"] if at["frame"] > FRAME else []
    wrong += [f"{at['sideways']} px sideways"] if at["sideways"] else []
    small = measured(page, PHONE)
    wrong += [f"phone: {small['height']} px"] if small["height"] > 2 * PHONE["height"] else []
    wrong += [f"phone: frame {small['frame']}"] if small["frame"] > FRAME_ON_A_PHONE else []
    wrong += [f"phone: {small['sideways']} px sideways"] if small["sideways"] else []
    page.set_viewport_size(LAPTOP)
    return [f"{step}, {state}: {what}" for what in wrong]


@pytest.mark.walk
@pytest.mark.parametrize("stage", stages.STAGES, ids=lambda stage: stage.chapter)
def test_a_step_fits_its_screen(new_page, stage):
    page, wrong = new_page(viewport=LAPTOP), []
    for step in chapters.load(stage.chapter).steps:
        opened(page, stage, step)
        show = page.get_by_role("button", name="just show me")
        if not show.count():
            wrong += misfits(page, step.id, "plain")
            continue
        wrong += misfits(page, step.id, "asked")
        show.click()
        settled(page)
        wrong += misfits(page, step.id, "shown")
    assert not wrong, "\n".join(wrong)


def test_many_steps_show_their_numbers_in_one_line_and_keep_their_names(new_page):
    page = new_page(viewport=LAPTOP)
    steps = chapters.load("confusions").steps
    open_at(page, "What_people_get_wrong", mode="guided")
    nav = page.get_by_role("navigation", name="Steps")
    assert nav.bounding_box()["height"] < 45
    assert nav.locator("ol a").first.inner_text() == f"1 {steps[0].title}"
    second = nav.get_by_role("link", name=f"2 {steps[1].title}", exact=True)
    assert second.get_attribute("title") == steps[1].title
    second.click()
    page.wait_for_url(f"**step={steps[1].id}*")
    assert nav.bounding_box()["height"] < 45
