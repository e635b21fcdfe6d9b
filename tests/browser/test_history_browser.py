"""Back and Forward in Chromium: one action is one entry, and what was seen comes back as it was."""

import re

import pytest
from playwright.sync_api import expect

from bert_explain import models
from bert_explain.analysis.writing import Writing, start_place
from bert_explain.chapters.decoder.draw_writing import HEAT, TOP_K, TOP_P
from bert_explain.query import Query
from bert_explain.sampling import Settings
from bert_explain.tokenize import tokenize
from tests.browser.helpers import open_at, settled

PAIR = {"a": "He sat by the river bank.", "b": "The fish did not bite."}


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


ACTIONS = {
    "hide this word": ("Masked_words", {"step": "hide"}, lambda page: button(page, "Hide this word").click()),
    "hide a word of the row": (
        "Masked_words",
        {"step": "hide"},
        lambda page: (
            page.get_by_role("button", name=re.compile("^bank, "))
            .or_(page.get_by_role("option", name=re.compile("^bank")))
            .first.click()
        ),
    ),
    "draw again": ("Masked_words", {"step": "recipe"}, lambda page: button(page, "Draw again").click()),
    "hide each": (
        "Masked_words",
        {"step": "every"},
        lambda page: page.get_by_role("button", name=re.compile("^Hide each")).click(),
    ),
    "a step": ("Attention", {}, lambda page: page.locator('nav[aria-label="Steps"] a[data-step="heads"]').click()),
    "a head off": (
        "Attention",
        {"step": "off"},
        lambda page: page.get_by_role("button", name=re.compile("^Switch layer")).first.click(),
    ),
    "try all heads": (
        "Attention",
        {"step": "off"},
        lambda page: page.get_by_role("button", name=re.compile("Try all 72")).click(),
    ),
    "next word": ("OpenAI_Transformer", {"step": "write"}, lambda page: button(page, "Next word").click()),
    "write": ("OpenAI_Transformer", {"step": "write"}, lambda page: button(page, "Write 20 tokens").click()),
    "train": ("Word_vectors", {"step": "train", "passes": 20}, lambda page: button(page, "Train Word2Vec on this text").click()),
    "t-SNE": ("Word_vectors", {"step": "map"}, lambda page: page.get_by_role("radio", name="t-SNE", exact=True).click()),
    "a set": ("Same_word", {"step": "sentences"}, lambda page: page.get_by_role("radio", name="light", exact=True).click()),
    "mode": ("Tokens", {}, lambda page: page.get_by_role("radio", name="Guided").click()),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_one_action_is_one_entry_and_back_takes_it_back(page, action):
    path, params, act = ACTIONS[action]
    open_at(page, path, **PAIR, mode="explore", **params)
    first, entries = page.url, page.evaluate("history.length")
    act(page)
    page.wait_for_function("before => location.href !== before", arg=first)
    expect(page.get_by_test_id("stProgress")).to_have_count(0, timeout=120_000)
    settled(page)
    then = page.url
    assert page.evaluate("history.length") == entries + 1
    page.go_back()
    settled(page)
    assert page.url == first
    page.go_forward()
    settled(page)
    assert page.url == then


def written(page) -> list[str]:
    """The start and what was written, piece by piece, as the picture shows it."""
    page.locator(".st-key-written .token").first.wait_for()
    return page.locator(".st-key-written .chip").all_inner_texts()


def long_seed(tokens: int) -> int:
    """The first seed with which the decoder writes so many tokens before its text ends."""
    decoder = models.load_decoder()
    read, _ = tokenize(decoder, Query(*PAIR.values()))
    start = [t.id for t in read[: start_place(read) + 1]]
    settings = (Settings(HEAT.default / 100, TOP_K.default, TOP_P.default / 100, seed) for seed in range(200))
    writings = {one.seed: Writing(decoder, start, one) for one in settings}
    return next(seed for seed, writing in writings.items() if all(writing.reach(tokens) for _ in range(tokens)))


def test_back_takes_the_last_writing_only_and_forward_brings_it_back(page):
    open_at(page, "OpenAI_Transformer", **PAIR, mode="explore", step="write", draw=long_seed(26))
    button(page, "Write 20 tokens").click()
    expect(page).to_have_url(re.compile("made=20"))
    expect(page.get_by_text(re.compile("^How token 20 was chosen"))).to_be_visible()
    settled(page)
    twenty = written(page)
    button(page, "Next word").click()
    expect(page).not_to_have_url(re.compile(r"made=20\b"))
    settled(page)
    more = written(page)
    assert more[: len(twenty)] == twenty
    assert len(more) > len(twenty) > 20
    page.go_back()
    settled(page)
    expect(page).to_have_url(re.compile(r"made=20\b"))
    assert written(page) == twenty
    page.go_forward()
    settled(page)
    assert written(page) == more
    page.go_back()
    settled(page)
    page.go_back()
    settled(page)
    assert "made=" not in page.url
    assert button(page, "Start over").is_disabled()


def test_back_brings_another_seeds_text_back(page):
    open_at(page, "OpenAI_Transformer", **PAIR, mode="explore", step="write", draw=3, made=12)
    first = written(page)
    page.get_by_label("Seed", exact=True).fill("8")
    page.get_by_label("Seed", exact=True).press("Enter")
    expect(page).to_have_url(re.compile("draw=8"))
    settled(page)
    assert written(page) != first
    page.go_back()
    settled(page)
    assert "draw=3" in page.url
    assert written(page) == first


def test_back_brings_the_steps_of_word_vectors_back(page):
    open_at(page, "Word_vectors", **PAIR, mode="explore")
    steps = page.locator('nav[aria-label="Steps"] a[aria-current="step"]')
    for name in ("arithmetic", "one"):
        page.locator(f'nav[aria-label="Steps"] a[data-step="{name}"]').click()
        settled(page)
        assert steps.get_attribute("data-step") == name
    for name in ("arithmetic", "neighbours"):
        page.go_back()
        settled(page)
        assert steps.get_attribute("data-step") == name
    page.go_forward()
    settled(page)
    assert steps.get_attribute("data-step") == "arithmetic"
    expect(page.get_by_text(re.compile("The sum in Word2Vec")).first).to_be_visible()
