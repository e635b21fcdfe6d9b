"""Next sentence in a real browser: switches, drawn pairs, an edited table, and the address that reopens all of it."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from bert_explain.chapters.next_sentence import draw_sentence_pairs as parts
from bert_explain.content import next_sentence as content
from bert_explain.query import Query
from bert_explain.trace import run
from tests.browser.helpers import all_drawn, open_app, settled, type_sentence

PAGE = "Next_sentence"
PAIR = {"a": "She walked to the bank of the river.", "b": "The water was cold and clear."}
QUERY = Query(PAIR["a"], PAIR["b"])


def address(page, name):
    return in_address(page.url, name)


def in_address(url, name):
    return parse_qs(urlsplit(url).query).get(name, [None])[0]


def shown(page, key):
    """The bars of a picture: [text, value, note]."""
    found = page.locator(f".st-key-{key} .bar")
    return [found.nth(i).get_attribute("aria-label") for i in range(found.count())]


def percent(trace):
    return f"{100 * trace.nsp[0]:.1f} %"


def switch(page, label):
    page.locator('[data-testid="stCheckbox"]').filter(has_text=label).locator("label").click()
    return settled(page)


def edited(page, done=lambda rows: True):
    """The rows of the table in the address, once `done` says that they are those which were meant.

    The editor waits a moment before it sends an edit, and a busy browser makes that moment long: a page at rest may
    still have one to send.
    """

    def there(url):
        packed = in_address(url, "pairs")
        return packed is not None and done(parts.PAIRS.parse(packed).rows)

    page.wait_for_url(there)
    settled(page)
    return parts.PAIRS.parse(address(page, "pairs")).rows


def cell(page, row, column):
    """Click into a cell of the editor; rows and columns of sentences count from 0."""
    canvas = page.locator(".st-key-pic-pairs [data-testid='stDataFrame']").first
    canvas.scroll_into_view_if_needed()
    canvas.click(position={"x": (150, 420)[column], "y": 18 + 35 * (row + 1)})


def write(page, row, column, text):
    """Put text in a cell of the editor; wait until it has arrived."""
    cell(page, row, column)
    page.keyboard.press("Enter")
    page.locator("textarea.gdg-input, #portal textarea").first.fill(text)
    page.keyboard.press("Enter")
    edited(page, lambda rows: (rows[row].a, rows[row].b)[column] == text)


def test_a_switch_changes_answer_strip_and_address(page, mini_bert):
    open_app(page, PAGE, **PAIR)
    assert percent(run(mini_bert, QUERY)) in shown(page, "answer-bars")[0]
    switch(page, "Flip segments")
    assert address(page, "seg") == "flipped"
    flipped = percent(run(mini_bert, QUERY.but(segments="flipped")))
    assert flipped in shown(page, "answer-bars")[0]
    assert any("on" in text and flipped in text for text in shown(page, "change-bars"))
    page.reload()
    all_drawn(settled(page))
    assert flipped in shown(page, "answer-bars")[0]
    switch(page, "Flip segments")
    assert address(page, "seg") is None
    assert percent(run(mini_bert, QUERY)) in shown(page, "answer-bars")[0]


def test_swapping_moves_the_tokens(page):
    open_app(page, PAGE, **PAIR, mode="explore", step="judge")
    first = page.locator(".st-key-read-row .token").nth(1)
    assert first.inner_text().strip() == "she"
    switch(page, "Swap A and B")
    assert page.locator(".st-key-read-row .token").nth(1).inner_text().strip() == "the"
    assert page.get_by_text("The model says: A follows B").is_visible()


def test_a_drawn_sentence_takes_the_place_of_b_and_leaves_again(page):
    open_app(page, PAGE, **PAIR, mode="explore", step="change")
    page.get_by_role("button", name="Put it in B").click()
    settled(page)
    box = page.get_by_label("Sentence B", exact=True)
    assert box.input_value() in content.sentences()
    page.get_by_role("button", name="Put my sentence back").click()
    settled(page)
    assert box.input_value() == PAIR["b"]


def test_without_b_and_back(page):
    open_app(page, PAGE, a=PAIR["a"], b="", mode="explore", step="judge")
    assert page.get_by_text("There is no sentence B").is_visible()
    page.get_by_role("button", name="Put a random sentence in B").click()
    settled(page)
    assert len(shown(page, "answer-bars")) == 2
    type_sentence(page, "Sentence B", "")
    assert page.get_by_text("There is no sentence B").is_visible()


def test_a_drawn_pair_is_chosen_and_reopened(page):
    open_app(page, PAGE, **PAIR, mode="explore", step="training")
    page.locator(".st-key-drawn-bars .bar").nth(4).click()
    settled(page)
    assert address(page, "pair") == "5"
    text = page.locator(".st-key-pic-drawing .look").last.inner_text()
    assert text.startswith("Pair 5:")
    page.reload()
    all_drawn(settled(page))
    assert page.locator(".st-key-pic-drawing .look").last.inner_text() == text


def test_each_weakness_is_drawn(page):
    open_app(page, PAGE, **PAIR, mode="explore", step="wrong")
    seen = set()
    for name in parts.PROBE.options:
        page.locator(".st-key-pic-probe").get_by_role("radio", name=name).click()
        settled(page)
        page.locator(".st-key-spread .scatterlayer .point").first.wait_for()
        seen.add(page.locator(".st-key-pic-probe .look").inner_text())
    assert len(seen) == len(parts.PROBE.options)
    assert address(page, "probe") == parts.PROBE.options[-1]


# the table of pairs


def test_edits_follow_each_other_and_a_link_reopens_them(page, mini_bert):
    open_app(page, PAGE, **PAIR, mode="explore", step="pairs")
    look = page.locator(".st-key-pic-pairs .look")
    before = look.inner_text()
    for row, column, text in (
        (0, 1, "Bees make honey."),
        (1, 0, "A dog barked."),
        (2, 1, "Snow fell <b>all</b> night."),
    ):
        write(page, row, column, text)
    rows = edited(page)
    assert rows[0].b == "Bees make honey."
    assert rows[1].a == "A dog barked."
    assert rows[2].b == "Snow fell <b>all</b> night."
    assert rows[3:] == content.rows()[3:]
    after = look.inner_text()
    assert after != before
    page.reload()
    all_drawn(settled(page))
    assert edited(page) == rows
    assert look.inner_text() == after
    write(page, 3, 0, "One more.")  # one more edit on top of what the link brought
    assert [row.a for row in edited(page)[1:4]] == ["A dog barked.", rows[2].a, "One more."]
    page.get_by_role("button", name="Back to the built-in pairs").click()
    settled(page)
    assert address(page, "pairs") is None
    assert look.inner_text() == before


def test_edits_survive_a_visit_to_another_page(page):
    open_app(page, PAGE, **PAIR)
    write(page, 0, 0, "Kept.")
    assert edited(page)[0].a == "Kept."
    page.get_by_role("link", name=re.compile("Next: ")).click()
    settled(page)
    page.get_by_role("link", name=re.compile("Back: ")).click()
    page.locator(".st-key-pic-pairs .look").wait_for()
    settled(page)
    assert edited(page)[0].a == "Kept."
    write(page, 1, 0, "Kept too.")
    assert [row.a for row in edited(page)[:2]] == ["Kept.", "Kept too."]


def test_pasted_rows_are_judged(new_page):
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    open_app(page, PAGE, **PAIR, mode="explore", step="pairs")
    last = len(content.rows())
    page.evaluate("navigator.clipboard.writeText('It was late.\\tWe went home.\\nHe ran.\\tGold is a metal.\\nAlone.\\t')")
    cell(page, last - 1, 0)  # the last row is overwritten, the others are new
    page.keyboard.press("Control+v")
    rows = edited(page, lambda rows: len(rows) == last + 2)
    assert len(rows) == last + 2
    assert [(row.a, row.b) for row in rows[last - 1 :]] == [
        ("It was late.", "We went home."),
        ("He ran.", "Gold is a metal."),
        ("Alone.", ""),
    ]
    assert page.get_by_text(f"Row {last + 2} has no sentence B").is_visible()


# everywhere


@pytest.mark.rest
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_sticks_out(new_page, width, scheme):
    page = new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    open_app(page, PAGE, **PAIR, swap=1)
    main = page.locator('[data-testid="stMain"]')
    assert main.evaluate("e => e.scrollWidth <= e.clientWidth")
    assert page.locator('[class*="st-key-pic-"]').count() == 6


def test_wild_text_and_a_long_one(page):
    wild = "<img src=x onerror=alert(1)> **b** {0} $x$"
    open_app(page, PAGE, a=wild, b="🙂 مرحبا ![i](http://example.org/i.png)")
    assert page.locator("img[src='x']").count() == 0
    assert len(shown(page, "answer-bars")) == 2
    type_sentence(page, "Sentence A", "word and sign, " * 200)
    assert page.get_by_text("were cut off at the end").is_visible()
    page.locator(".st-key-change-bars .bar").first.wait_for(timeout=120_000)
    assert len(shown(page, "change-bars")) == 7
