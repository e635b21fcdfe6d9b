"""The frame in a real browser: every page cold and by the strip, phone width, keyboard, links that reopen what one saw."""

import re

import pytest
from playwright.sync_api import expect

from bert_explain.figures import theme
from bert_explain.ui.stages import GROUPS, STAGES
from tests.browser import helpers
from tests.browser.helpers import all_drawn, open_at, settled, type_sentence

PAIR = {"a": "He sat by the river bank.", "b": "The fish did not bite."}
every_stage = pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)


def heading(page) -> str:
    return page.locator("h1").first.inner_text()


@every_stage
def test_every_page_opens_cold_and_at_phone_width(new_page, stage):
    page = new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
    open_at(page, stage.path, **PAIR)
    assert page.get_by_label("Sentence A", exact=True).input_value() == PAIR["a"]
    current = page.locator('nav a[aria-current="page"]')
    assert current.count() == (1 if stage.picture else 0)
    wide = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
    assert wide <= 390, f"{stage.name} scrolls sideways: {wide} px"


def test_the_strip_leads_everywhere_and_takes_everything_along(page):
    open_at(page, "/", **PAIR, layer=3, head=4)
    for stage in [stage for stage in STAGES if stage.picture][1:]:
        page.locator(f'nav a[data-path="{stage.path}"]').click()
        settled(page)
        assert re.search(rf"/{stage.path}\?", page.url), page.url
        assert "layer=3" in page.url
        assert "head=4" in page.url
        assert page.get_by_label("Sentence A", exact=True).input_value() == PAIR["a"]


def test_next_leads_through_every_page(page):
    open_at(page, STAGES[0].path, **PAIR, layer=3)
    for stage in STAGES[1:]:
        page.get_by_role("link", name=f"Next: {stage.name}", exact=True).click()
        settled(page)
        assert re.search(rf"/{stage.path}\?.*layer=3", page.url), page.url
        assert heading(page).startswith(stage.name)
    assert page.get_by_role("link", name=re.compile("^Next: ")).count() == 0


def test_every_page_is_in_the_list_of_chapters(page):
    open_at(page, "Attention", **PAIR)
    page.get_by_role("button", name="Chapters").click()
    settled(page)
    menu = page.get_by_test_id("stPopoverBody")
    assert menu.get_by_role("link").all_inner_texts() == [s.name for group in GROUPS for s in STAGES if s.group == group]
    menu.get_by_role("link", name="ELMo", exact=True).click()
    settled(page)
    assert heading(page) == "ELMo"
    assert page.get_by_label("Sentence A", exact=True).input_value() == PAIR["a"]


def test_back_returns_to_what_one_saw(page):
    open_at(page, "Tokens", **PAIR)
    first = page.url
    page.locator("nav a", has_text="Attention").click()
    settled(page)
    page.go_back()
    settled(page)
    assert page.url == first
    assert heading(page) == "Tokens"


def test_the_address_reopens_what_was_typed(page, new_page):
    open_at(page, "/")
    type_sentence(page, "Sentence A", "Ünïcode & <b>tags</b> + 100 % 😀 #?")
    other = new_page()
    other.goto(page.url)
    all_drawn(settled(other))
    assert other.get_by_label("Sentence A", exact=True).input_value() == "Ünïcode & <b>tags</b> + 100 % 😀 #?"


def test_ten_thousand_characters_stay_and_reopen(page):
    text = "The cat sat on the mat. " * 417
    open_at(page, "/")
    type_sentence(page, "Sentence A", text)
    assert page.get_by_label("Sentence A", exact=True).input_value() == text
    assert page.get_by_text("were cut off").is_visible()
    page.reload()
    all_drawn(settled(page))
    assert page.get_by_label("Sentence A", exact=True).input_value() == text


def test_markup_in_a_sentence_is_text(page):
    """An image, a style or a script from a reader would ask another host, hide the page, or run: none may."""
    open_at(
        page, "/", a='<img src=x onerror="window.hit=1"><style>*{display:none}</style>', b="![x](http://example.invalid/a.png)"
    )
    assert page.evaluate("window.hit") is None
    assert page.locator("h1").first.is_visible()


def test_keyboard_reaches_the_strip_and_goes(page):
    open_at(page, "/", **PAIR)
    page.locator("nav a", has_text="Tokens").focus()
    page.keyboard.press("Enter")
    settled(page)
    assert heading(page) == "Tokens"


def test_a_changed_theme_is_followed(page):
    open_at(page, "/")
    light = page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
    page.emulate_media(color_scheme="dark")
    settled(page)
    dark = page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
    assert (light, dark) == ("rgb(251, 250, 247)", "rgb(18, 21, 26)")


def test_a_chart_follows_the_theme_while_the_page_is_open(page):
    open_at(page, "OpenAI_Transformer", mode="explore", step="surprise")
    words = page.locator(".js-plotly-plot .xtick text").first
    words.wait_for()
    assert theme.LIGHT.ink == hexed(words)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(
        "before => getComputedStyle(document.querySelector('.js-plotly-plot .xtick text')).fill !== before",
        arg=words.evaluate("e => getComputedStyle(e).fill"),
    )
    settled(page)
    assert theme.DARK.ink == hexed(words)


def hexed(text) -> str:
    """The colour of a chart's text, as the palette writes it."""
    return "#" + "".join(f"{int(n):02x}" for n in re.findall(r"\d+", text.evaluate("e => getComputedStyle(e).fill"))[:3])


def test_fields_that_come_after_the_second_run_show_what_the_address_says(page):
    """On a slow line a page has run twice before the browser knows how to draw a field for the first time."""

    def late(route):
        page.wait_for_timeout(2000)
        route.continue_()

    page.route(re.compile(r"/(TextInput|Slider)\.[^/]*\.js"), late)
    open_at(page, "Outputs", mode="explore", step="all", a="The cat sat on the mat.", layer=2)
    field, slider = page.get_by_label("Sentence A", exact=True), page.get_by_role("slider", name="After layer").first
    slider.wait_for(state="attached")
    assert field.input_value() == "The cat sat on the mat."
    assert slider.input_value() == "2"
    page.get_by_role("radio", name="Guided").click()
    settled(page)
    assert field.input_value() == "The cat sat on the mat."


# steps
def shown_step(page) -> str:
    return page.locator('nav[aria-label="Steps"] a[aria-current="step"]').get_attribute("data-step")


def commit(page, choice: int = 0, sure: str = "not sure") -> None:
    page.get_by_test_id("stRadioOption").nth(choice).click()
    page.get_by_text(sure, exact=True).click()
    page.get_by_role("button", name="Answer", exact=True).click()
    settled(page)


def test_nothing_is_written_while_everything_is_as_it_begins(page):
    open_at(page, "Attention")
    assert page.url.endswith("/Attention")
    page.get_by_role("link", name="2 One head").click()
    settled(page)
    assert page.url.endswith("/Attention?step=heads")
    page.go_back()
    settled(page)
    assert page.url.endswith("/Attention")
    assert shown_step(page) == "most"


def test_three_quick_arrows_are_three_steps_and_three_entries(page):
    open_at(page, "Attention")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.wait_for_url("**/Attention?step=check")
    settled(page)
    assert shown_step(page) == "check"
    for _ in range(6):
        page.keyboard.press("ArrowLeft")
    page.wait_for_url("**/Attention")
    settled(page)
    assert shown_step(page) == "most"


def test_arrows_belong_to_the_field_that_has_the_keys(page):
    open_at(page, "Attention", step="heads")
    page.get_by_label("Sentence A", exact=True).focus()
    page.keyboard.press("ArrowRight")
    page.get_by_test_id("stRadioOption").first.locator("input").focus()
    page.keyboard.press("ArrowRight")
    settled(page)
    assert shown_step(page) == "heads"


def test_next_moves_the_focus_to_the_question(page):
    open_at(page, "Attention")
    page.get_by_role("button", name="Next: One head", exact=True).click()
    settled(page)
    page.wait_for_function("() => document.activeElement?.dataset?.question === 'attention-back'")


def test_the_picture_comes_after_the_guess_and_back_does_not_take_it_away(page):
    open_at(page, "Attention")
    first = page.url
    assert page.locator(".veil").count() == 1
    assert page.locator(".st-key-pic-most").count() == 0
    page.get_by_role("button", name="Answer", exact=True).click()  # nothing is preset, so nothing is committed
    settled(page)
    assert page.get_by_text("Choose an answer first").is_visible()
    commit(page)
    assert page.url == first  # a guess is in no address
    assert page.locator(".st-key-pic-most").count() == 1
    assert "You said" in page.locator("p.look").first.inner_text()
    page.get_by_role("button", name=re.compile("^Next: One head")).click()
    settled(page)
    page.go_back()
    settled(page)
    assert page.locator(".st-key-pic-most").count() == 1
    type_sentence(page, "Sentence B", "Another sentence asks again.")
    assert page.locator(".st-key-pic-most").count() == 0


def test_just_show_me_shows(page):
    open_at(page, "Attention")
    page.get_by_role("button", name="just show me").click()
    settled(page)
    assert page.locator(".st-key-pic-most").count() == 1
    assert "You said" not in page.locator("main, [data-testid=stMain]").first.inner_text()


def test_one_action_is_one_entry_of_the_history(page):
    open_at(page, "Masked_words", **PAIR, mode="explore", step="hide")
    entries = page.evaluate("history.length")
    page.get_by_role("option", name=re.compile("bank")).first.click()
    settled(page)
    assert "mask=" in page.url
    assert page.evaluate("history.length") == entries + 1


def test_a_link_of_an_earlier_day_opens_the_step_that_owns_its_view(page):
    open_at(page, "Attention", flow="every token, after the last layer")
    assert shown_step(page) == "rollout"
    assert page.get_by_role("radio", name="Explore").is_checked()
    open_at(page, "Attention", **PAIR)
    assert page.get_by_role("radio", name="Guided").is_checked()
    open_at(page, "Word_vectors", see="Arithmetic")
    assert shown_step(page) == "arithmetic"


def test_later_stages_are_veiled_until_they_are_reached(page):
    open_at(page, "Attention")
    veiled = page.locator("nav[aria-label=Stages] a:has(svg.veiled)")
    names = [text.split("\n")[0] for text in veiled.all_inner_texts()]  # what follows is for screen readers
    assert names == ["Attention", "Masked words", "Next sentence", "Outputs"]
    page.get_by_text("Explore", exact=True).click()
    settled(page)
    assert veiled.count() == 0


@pytest.mark.rest
def test_a_restarted_server_keeps_what_is_typed(browser, tmp_path):
    """The first message of the new session is the edit itself; the address is older than what the browser holds."""
    with helpers.running_server(tmp_path / "first.log") as url:
        context = browser.new_context(viewport={"width": 1280, "height": 720})
        context.add_init_script(helpers.WATCH_TRAFFIC)
        page = context.new_page()
        page.goto(f"{url}/Attention?a=One+old+sentence.&mode=explore&step=heads")
        settled(page)
        port = url.rsplit(":", 1)[1]
    with helpers.running_server(tmp_path / "second.log", port=int(port)):
        page.wait_for_function("() => document.querySelector('[data-testid=stApp]').dataset.testConnectionState === 'CONNECTED'")
        type_sentence(page, "Sentence A", "A new sentence, typed while nobody listened.")
        assert page.get_by_label("Sentence A", exact=True).input_value() == "A new sentence, typed while nobody listened."
        assert "A+new+sentence" in page.url
        context.close()


def test_the_opening_picture_can_be_read_on_a_phone(new_page):
    """A scaled picture would have letters of 5 px there; seven pieces that the drawn one looks at most stand for all."""
    heights = "all => all.map(e => e.getBoundingClientRect().height)"
    for width, pieces in ((390, 7), (1280, 14)):
        page = new_page(viewport={"width": width, "height": 900})
        open_at(page, "", **PAIR)
        drawn = page.locator("svg[data-picture] text.mono")
        expect(drawn).to_have_count(pieces)
        assert min(page.locator("svg[data-picture] text").evaluate_all(heights)) >= 10
        lefts = [piece.bounding_box()["x"] for piece in drawn.all()]
        assert lefts == sorted(lefts)
    page.set_viewport_size({"width": 390, "height": 900})  # a window made narrow, a phone turned
    expect(drawn).to_have_count(7)
    doors = [door.bounding_box() for door in page.locator(".st-key-doors a").all()]
    assert doors[1]["y"] - doors[0]["y"] - doors[0]["height"] >= 8
