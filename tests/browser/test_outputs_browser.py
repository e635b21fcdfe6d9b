"""The Outputs page in a real browser: picking, sliding, downloading, links that reopen, phone width, the keyboard."""

import io
import json
import re

import numpy as np
import pandas as pd
import pytest

from bert_explain.analysis import outputs
from bert_explain.query import Query
from bert_explain.trace import run
from tests.browser.helpers import all_drawn, open_app, settled, type_sentence

A, B = "She walked to the bank of the river.", "The water was cold and clear."
STEPS = ("The vectors", "Which are alike", "A map", "Take them along")


@pytest.fixture(scope="module")
def trace(mini_bert):
    return run(mini_bert, Query(A, B))


def opened(page, step=STEPS[0], **params):
    return open_app(page, "Outputs", mode="explore", a=A, b=B, outputs=step, **params)


def look(page, card: str) -> str:
    return page.locator(f'[class*="st-key-pic-{card}"] .look').inner_text().replace("\u00a0", " ")


def said(sentence) -> str:
    return re.sub(r"\s+", " ", sentence.plain())


@pytest.mark.rest
@pytest.mark.parametrize("step", STEPS)
def test_each_step_opens_cold_in_both_themes_and_at_phone_width(new_page, step):
    for options in ({"color_scheme": "dark"}, {"viewport": {"width": 390, "height": 844}}):
        page = opened(new_page(**options), step)
        assert page.locator('[class*="st-key-pic-"]').first.is_visible()
        width = page.evaluate("innerWidth")
        assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= width


def test_the_steps_lead_on_and_the_address_follows(page):
    opened(page)
    page.get_by_role("button", name="Next: Which are alike").click()
    settled(page)
    assert "step=alike" in page.url
    assert page.get_by_role("heading", name=re.compile("How alike every two tokens are")).is_visible()


def test_a_token_picked_in_the_row_is_looked_at_and_reopens(page, new_page, trace):
    opened(page, "A map", token=5)
    assert look(page, "map") == said(outputs.look_map(trace, 6, 5))
    page.locator("[class*=st-key-outputs-tokens]").get_by_text("water", exact=True).click()
    settled(page)
    assert "token=12" in page.url
    assert look(page, "map") == said(outputs.look_map(trace, 6, 12))
    other = new_page()
    other.goto(page.url)
    all_drawn(settled(other))
    assert look(other, "map") == said(outputs.look_map(trace, 6, 12))


def test_the_slider_answers_the_keyboard_and_moves_only_the_points(page, trace):
    opened(page, "A map", token=5)
    ranges = "JSON.stringify(['xaxis', 'yaxis'].map(a => document.querySelector('.js-plotly-plot').layout[a].range))"
    before = page.evaluate(ranges)
    page.get_by_role("slider").first.focus()
    page.keyboard.press("ArrowLeft")
    settled(page)
    assert "layer=5" in page.url
    assert look(page, "map") == said(outputs.look_map(trace, 5, 5))
    assert page.evaluate(ranges) == before
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    settled(page)
    assert "input=1" in page.url
    assert look(page, "map") == said(outputs.look_map(trace, 0, 5))


def test_a_cell_of_the_table_chooses_two_tokens(page, trace):
    opened(page, "Which are alike", token=5)
    assert look(page, "pair") == said(outputs.look_pair(trace, 5, 8))
    nearest = page.locator('[class*="st-key-outputs-nearest"]')
    nearest.get_by_text("water", exact=True).click()
    settled(page)
    assert "with=12" in page.url
    assert look(page, "pair") == said(outputs.look_pair(trace, 5, 12))


def test_downloads_hold_the_trace(page, trace):
    opened(page, "Take them along", token=5)
    with page.expect_download() as csv:
        page.get_by_role("button", name="Download CSV").click()
    table = pd.read_csv(csv.value.path(), keep_default_na=False)
    assert csv.value.suggested_filename == "vectors.csv"
    assert table["token"].tolist() == trace.pieces
    np.testing.assert_allclose(table.iloc[:, 3:].to_numpy(), trace.hidden[-1], rtol=1e-5, atol=1e-5)
    page.get_by_text("The attention weights too (NPZ)").click()
    settled(page)
    with page.expect_download() as npz:
        page.get_by_role("button", name="Download NPZ").click()
    with np.load(io.BytesIO(open(npz.value.path(), "rb").read()), allow_pickle=False) as arrays:
        np.testing.assert_allclose(arrays["hidden"], trace.hidden, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(arrays["attention"], trace.attention, rtol=1e-4, atol=1e-5)
    assert "weights=1" in page.url


def test_another_read_out_changes_the_vector_to_copy(page, trace):
    opened(page, "Take them along", token=5)
    page.get_by_text("last four joined", exact=True).first.click()
    settled(page)
    vector = json.loads(page.locator('[data-testid="stCode"] code').first.inner_text())
    assert len(vector) == 4 * 384
    np.testing.assert_allclose(vector[-384:], trace.hidden[-1][5], rtol=1e-4, atol=1e-4)


def test_an_edit_keeps_the_step_and_changes_every_number(page, mini_bert):
    opened(page, "Which are alike")
    type_sentence(page, "Sentence A", "<b>Money</b> lies in the bank.")
    now = run(mini_bert, Query("<b>Money</b> lies in the bank.", B))
    assert look(page, "cosines") == said(outputs.look_cosines(now, 6))
    assert page.evaluate("[...document.querySelectorAll('b')].filter(b => b.textContent === 'Money').length") == 0


def test_five_hundred_tokens_stay_readable(page):
    open_app(page, "Outputs", a="the cold river " * 200, b="", mode="explore", step="alike")
    page.get_by_role("button", name="Examples, model").click()
    page.get_by_text("512 of 512 tokens").wait_for()
    page.keyboard.press("Escape")
    open_app(page, "Outputs", a="the cold river " * 200, b="", mode="explore", step="map")
    assert page.locator(".js-plotly-plot").is_visible()
