"""The page "What each model sees" in a real browser: a word by click and by keyboard, what is shaded, the link, a phone."""

import re

import pytest
from playwright.sync_api import expect

from bert_explain.models.registry import ASSETS
from tests.browser.helpers import all_drawn, open_app, settled

PAIR = {"a": "She walked to the bank of the river.", "b": "The water was cold."}
READERS = ("word2vec", "elmo-left", "elmo-right", "decoder", "bert")
SLOW = 120_000  # the models that stand beside BERT are loaded at the first visit
there = all((ASSETS / name / "model.safetensors").is_file() for name in ("mini-elmo", "mini-gpt"))
pytestmark = pytest.mark.skipif(not there, reason="needs the bundled ELMo and decoder")


def opened(page, **params):
    page.set_default_timeout(SLOW)
    open_app(page, "What_each_model_sees", **(PAIR | params))
    page.locator(".st-key-bars-bert .bar").first.wait_for()
    return settled(page)


def words_of(page):
    return page.get_by_role("listbox", name="The text: choose the word to be guessed").get_by_role("option")


def chips(page, key):
    return page.locator(f".st-key-reads-{key} .token")


def read(page, key) -> list[bool]:
    """Which words a model has read: those whose chip stands out from its card, as the browser computed the colours."""
    apart = """(nodes, card) => {
      const rgb = node => {
        const context = new OffscreenCanvas(1, 1).getContext("2d");
        context.fillStyle = getComputedStyle(node).backgroundColor;
        context.fillRect(0, 0, 1, 1);
        return [...context.getImageData(0, 0, 1, 1).data];
      };
      const ground = rgb(document.querySelector(card));
      return nodes.map(node => Math.max(...rgb(node).map((value, i) => Math.abs(value - ground[i]))));
    }"""
    return [distance > 100 for distance in chips(page, key).locator(".chip").evaluate_all(apart, f".st-key-pic-{key}")]


def expected(page, key) -> list[str]:
    return page.locator(f".st-key-bars-{key} .bar").all_inner_texts()


def shading(page, target: int, words: int) -> None:
    """Each model has read what its kind may read, and never the word itself."""
    for key in READERS:
        expect(chips(page, key)).to_have_count(words, timeout=SLOW)
        expect(chips(page, key).nth(target)).to_contain_text("?")
    left, right = range(target), range(target + 1, words)
    seen = {key: {i for i, yes in enumerate(read(page, key)) if yes} for key in READERS}
    assert seen["elmo-left"] == seen["decoder"] == set(left)
    assert seen["elmo-right"] == set(right)
    assert seen["bert"] == {*left, *right}
    assert target - 1 in seen["word2vec"] <= {i for i in (*left, *right) if abs(i - target) <= 6}  # its table has no "."


def test_a_word_by_click_and_by_keyboard_and_the_link_reopens_it(page, new_page):
    opened(page, token=5)
    shading(page, target=4, words=9)  # bank
    before = {key: expected(page, key) for key in READERS}
    look = page.locator(".st-key-pic-bert .look")
    expect(look).to_contain_text("all other words, 4 to the left and 4 to the right", timeout=SLOW)

    words_of(page).nth(8).click()  # [CLS] she walked to the bank of the river
    page.wait_for_url(re.compile(r"[?&]token=8(&|$)"))
    expect(look).to_contain_text("all other words, 7 to the left and 1 to the right", timeout=SLOW)
    settled(page)
    shading(page, target=7, words=9)
    after = {key: expected(page, key) for key in READERS}
    assert all(after[key] != before[key] for key in READERS)
    assert any("true word" in bar and "river" in bar for bar in after["bert"])

    page.keyboard.press("ArrowLeft")  # the focus is still on the word that was clicked
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"[?&]token=6(&|$)"))
    expect(look).to_contain_text("all other words, 5 to the left and 3 to the right", timeout=SLOW)
    settled(page)
    shading(page, target=5, words=9)  # of
    page.locator(".st-key-pic-highest .look").get_by_text("of", exact=True).first.wait_for()

    other = new_page()
    other.set_default_timeout(SLOW)
    other.goto(page.url)
    all_drawn(settled(other))
    expect(other.locator(".st-key-pic-bert .look")).to_have_text(look.inner_text(), timeout=SLOW)
    expect(other.get_by_label("Sentence A", exact=True)).to_have_value(PAIR["a"])
    shading(other, target=5, words=9)
    assert {key: expected(other, key) for key in READERS} == {key: expected(page, key) for key in READERS}


def test_a_word_of_sentence_b_is_guessed_from_sentence_b_alone(page):
    opened(page, token=5)
    words_of(page).nth(12).click()  # [CLS], nine pieces, [SEP], the, water
    page.wait_for_url(re.compile(r"[?&]token=12(&|$)"))
    expect(chips(page, "bert")).to_have_count(5, timeout=SLOW)
    settled(page)
    shading(page, target=1, words=5)


def test_the_longest_bar_is_the_most_probable_and_the_number_of_guesses_is_the_readers(page):
    opened(page, token=5, k=3)
    widths = page.locator(".st-key-ranks .track i").evaluate_all("bars => bars.map(b => parseFloat(b.style.width))")
    assert len(widths) == 5
    assert max(widths) == 100
    shown = [float(text.split()[0]) for text in page.locator(".st-key-ranks .number").all_inner_texts()]
    assert widths.index(max(widths)) == shown.index(max(shown))
    count = page.locator(".st-key-bars-decoder .bar").count()
    assert count in (4, 5)  # three guesses, the true word if it is not among them, all others
    page.get_by_role("slider", name="How many guesses to show below").press("ArrowRight")
    page.wait_for_url(re.compile(r"[?&]k=4(&|$)"))
    expect(page.locator(".st-key-bars-decoder .bar")).to_have_count(count + 1, timeout=SLOW)


@pytest.mark.rest
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_without_scrolling_sideways(new_page, scheme):
    page = opened(new_page(viewport={"width": 390, "height": 844}, color_scheme=scheme), token=5)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for key in READERS:
        box = page.locator(f".st-key-pic-{key}").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    shading(page, target=4, words=9)
