"""Who asked for less motion sees everything at once: nothing moves, and nothing waits for a movement to be seen."""

import pytest

from tests.browser.helpers import open_at

PAIR = {"a": "She walked to the bank of the river.", "b": "The water was cold."}
# Movements that the app itself has begun; Streamlit's own spinners are not ours to stop.
MOVING = """() => document.getAnimations({subtree: true}).filter(a => a.playState === 'running' && a.effect.target
  && a.effect.target.closest('[data-testid="stMain"]') && a.effect.getComputedTiming().duration > 1)
  .map(a => a.effect.target.outerHTML.slice(0, 200))"""


@pytest.mark.parametrize(
    ("path", "view"),
    [("", {}), ("Attention", {}), ("Attention", {"mode": "explore", "step": "rollout"}), ("Outputs", {"mode": "explore"})],
    ids=["home", "a question", "rollout", "outputs"],
)
def test_nothing_moves(new_page, path, view):
    page = new_page(reduced_motion="reduce")
    open_at(page, path, **PAIR, **view)
    assert page.evaluate(MOVING) == []


def test_the_opening_picture_stands_whole_and_still(new_page):
    page = new_page(reduced_motion="reduce")
    open_at(page, "", **PAIR)
    stages = page.locator("g.stage")
    seen = stages.evaluate_all("all => all.map(e => [getComputedStyle(e).animationName, getComputedStyle(e).opacity])")
    assert len(seen) >= 4
    assert set(map(tuple, seen)) == {("none", "1")}
    moving = new_page()
    open_at(moving, "", **PAIR)
    assert moving.locator("g.stage").first.evaluate("e => getComputedStyle(e).animationName") == "come"
