"""The page on word vectors in a real browser: walking on from word to word, a sum, a training, phone width."""

import random
import re

import pytest

from tests.browser.helpers import all_drawn, open_app, settled

A, B = "She walked to the bank of the river.", "He put the money in the bank."


def opened(page, step, **params):
    return open_app(page, "Word_vectors", mode="explore", a=A, b=B, see=step, **params)


def look(page, card: str) -> str:
    return page.locator(f'[class*="st-key-pic-{card}"] .look').inner_text()


@pytest.mark.rest
@pytest.mark.parametrize("step", ["Arithmetic", "A map", "Train your own"])
def test_on_a_phone_nothing_scrolls_sideways(new_page, step):
    page = opened(new_page(color_scheme="dark", viewport={"width": 390, "height": 844}), step)
    assert page.locator('[class*="st-key-pic-"]').first.is_visible()
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390


def test_a_bar_leads_to_its_word_and_the_link_reopens_it(page, new_page):
    opened(page, "Neighbours", table="glove", word="river")
    assert "river" in look(page, "neighbours")
    bar = page.locator("[class*=st-key-vectors-near]").get_by_text("lake", exact=True)
    bar.click()
    settled(page)
    assert "word=lake" in page.url
    said = look(page, "neighbours")
    assert "lake" in said
    other = new_page()
    other.goto(page.url)
    all_drawn(settled(other))
    assert look(other, "neighbours") == said


def test_a_sum_is_typed_and_the_given_words_come_back(page):
    opened(page, "Arithmetic")
    field = page.get_by_label("Your own: words with + and − between them")
    field.fill("paris - france + italy")
    field.press("Enter")
    settled(page)
    assert "rome" in look(page, "sum-glove")
    assert page.locator("[class*=st-key-bars-sum-glove]").get_by_text("stands in the sum").count() == 0
    page.get_by_text("Keep the words of the sum in the ranking").click()
    settled(page)
    assert page.locator("[class*=st-key-bars-sum-glove]").get_by_text("stands in the sum").count() >= 1


def test_a_training_runs_and_the_words_move(page):
    opened(page, "Train your own", passes=20)
    page.get_by_role("button", name="Train Word2Vec on this text").click()
    page.get_by_role("slider", name=re.compile("After how many passes")).wait_for()
    settled(page)
    assert "After 20 passes" in look(page, "moving")
    place = "document.querySelector('.js-plotly-plot').calcdata[1].slice(0, 3).map(p => p.x.toFixed(4)).join()"
    end = page.evaluate(place)
    page.get_by_role("slider", name=re.compile("After how many passes")).press("ArrowLeft")
    settled(page)
    assert "After 19 passes" in look(page, "moving")
    assert page.evaluate(place) != end
    page.locator("[class*=st-key-learn-row]").get_by_text("castle", exact=True).first.click()
    settled(page)
    assert "castle is the centre" in look(page, "lesson")


def test_an_uploaded_text_is_learned_with_a_progress_bar(page):
    opened(page, "Train your own", passes=200)
    page.get_by_text("The text to learn from, and the settings").click()
    draw = random.Random(0)
    text = "\n".join(" ".join(f"word{draw.randrange(500)}" for _ in range(12)) for _ in range(600))
    upload = {"name": "own.txt", "mimeType": "text/plain"}
    page.set_input_files("input[type=file]", {**upload, "buffer": "caf\u00e9".encode("latin-1")})
    page.get_by_text("not a text in UTF-8").wait_for()
    page.set_input_files("input[type=file]", {**upload, "buffer": text.encode()})
    page.get_by_text("7,200 words of text").wait_for()
    assert page.get_by_text("not a text in UTF-8").count() == 0
    page.get_by_role("button", name="Train Word2Vec on this text").click()
    page.get_by_text(re.compile(r"Learning: \d+ of 79 passes")).wait_for()
    page.get_by_role("slider", name=re.compile("After how many passes")).wait_for()
    settled(page)
    assert "After 79 passes" in look(page, "moving")
