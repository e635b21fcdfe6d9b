"""axe-core over every chapter, all steps on one page, light and dark: rules of WCAG 2 and good practice.

vendor/axe.min.js is the package axe-core 4.14.1, as published (MPL 2.0; its licences stand beside it).
"""

from pathlib import Path

import pytest

from bert_explain.ui import stages
from tests.browser.helpers import all_drawn, open_at, settled

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")

# What Streamlit itself does, and what nothing outside it can mend: (rule, a part of the element's own HTML) and why.
STREAMLIT = {
    ("region", 'data-testid="stSkipToContent"'): "its link past the navigation stands outside every landmark",
    ("empty-table-header", 'role="columnheader"'): "the column of check boxes of st.dataframe has no words over it",
    ("presentation-role-conflict", 'data-testid="stFileUploaderDropzone"'): "st.file_uploader labels a part it hides",
}

RUN = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations.flatMap((rule) => rule.nodes.map((node) => ({
    rule: rule.id, impact: rule.impact, html: node.html,
    why: [...node.any, ...node.all, ...node.none].map((check) => check.message).join("; "),
  })));
}"""

FADED = """() => document.getAnimations().every(
  (one) => one.playState !== 'running' || one.effect.getComputedTiming().endTime === Infinity)"""


def faults(page) -> list[str]:
    """What axe finds, each in one line, but for what Streamlit does."""
    page.evaluate(AXE)
    return [
        f"{one['impact']} {one['rule']}: {one['html'][:200]} ({one['why']})"
        for one in page.evaluate(RUN)
        if not any(one["rule"] == rule and part in one["html"] for rule, part in STREAMLIT)
    ]


every_stage = pytest.mark.parametrize("stage", stages.STAGES, ids=lambda stage: stage.chapter)


def in_both_themes(page, what: str) -> list[str]:
    """What axe finds, with where it was found."""
    found = []
    for theme in ("dark", "light"):
        page.emulate_media(color_scheme=theme)
        settled(page)
        page.wait_for_function(FADED)  # what fades in has less contrast until it is there
        found += [f"{what}, {theme}: {line}" for line in faults(page)]
    return found


@every_stage
def test_axe_finds_nothing_in_any_picture(page, stage):
    """All on one page; the first chapter is one."""
    if stage.path:
        all_drawn(open_at(page, stage.path, mode="explore", step="all"))
    else:
        open_at(page)
    found = in_both_themes(page, "all on one page")
    assert not found, "\n".join(found)


@pytest.mark.walk
@every_stage
def test_axe_finds_nothing_in_a_question(page, stage):
    """The first one of a chapter, asked and shown."""
    open_at(page, stage.path, **({"mode": "guided"} if stage.path else {}))
    found = in_both_themes(page, "a question")
    if (show := page.get_by_role("button", name="just show me")).count():
        show.first.click()
        settled(page)
        found += in_both_themes(page, "an answer")
    assert not found, "\n".join(found)


def test_axe_itself_is_at_work(page):
    """A picture without a text and a button without a name are found: a run that saw nothing would find nothing."""
    open_at(page, "/")
    page.evaluate(
        "document.querySelector('[data-testid=stMain]').insertAdjacentHTML('beforeend', '<img src=\"data:,\"><button></button>')"
    )
    assert {line.split(":")[0] for line in faults(page)} == {"critical image-alt", "critical button-name"}
