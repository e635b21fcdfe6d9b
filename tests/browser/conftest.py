"""One server and one Chromium for all tests in this folder; a fresh, watched page for each."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright, TimeoutError, expect, sync_playwright

from tests.browser import helpers

HERE = Path(__file__).parent

# An expectation that is not met is no timeout, and is not tried again; so it is waited for longer than Playwright's own 5 s.
expect.set_options(timeout=30_000)


# What was found was drawn anew before it was clicked: the same kind of bad luck.
NOT_THERE = "Element is not attached to the DOM"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each of these is tried once more when it waited in vain, or for what was gone: a machine can be too busy, and the run says
    how often that was. What was found to be wrong is wrong at once."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.flaky(reruns=1, only_rerun=[TimeoutError, NOT_THERE]))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    """With a test that fails: a picture of each of its pages, and the end of the server's log."""
    report = yield
    if report.when == "call" and report.failed:
        for number, page in enumerate(getattr(item, "watched_pages", ())):
            try:
                picture = helpers.screenshot(page, f"failed-{item.name}-{number}")
                report.sections.append(("page", f"{page.url}\n{picture.relative_to(helpers.ROOT)}"))
            except Error as error:
                report.sections.append(("page", f"no picture: {error}"))
        if hasattr(item, "watched_pages"):
            report.sections.append(("the server's log, its end", helpers.end_of(_server_log())))
    return report


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Chromium, or a skip that says there is none (a failure where BERT_EXPLAIN_NEEDS_BROWSER is set)."""
    path = helpers.find_chromium(playwright)
    if path is None:
        stop = pytest.fail if os.environ.get("BERT_EXPLAIN_NEEDS_BROWSER") else pytest.skip
        stop("no Chromium found: install one, or name it in BERT_EXPLAIN_CHROMIUM")
    running = playwright.chromium.launch(executable_path=path, args=helpers.CHROMIUM_ARGUMENTS)
    yield running
    running.close()


@pytest.fixture(scope="session")
def server(browser: Browser) -> Iterator[str]:
    """The running app's address. It asks for the browser first: without one no server is started."""
    with helpers.running_server(_server_log()) as url:
        yield url


def _server_log() -> Path:
    return helpers.ARTIFACTS / f"server-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}.log"


@pytest.fixture
def watch() -> helpers.Watch:
    """What this test's pages did; clear a list of it where a test means to provoke what it holds."""
    return helpers.Watch()


@pytest.fixture(scope="session")
def contexts(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """A context for each set of Playwright's options, made once: what a page has fetched need not be fetched by the next one."""
    made: dict[str, BrowserContext] = {}

    def of(**options) -> BrowserContext:
        name = repr(sorted(options.items()))
        if name not in made:
            made[name] = browser.new_context(**options)
            made[name].set_default_timeout(helpers.TIMEOUT)
            made[name].add_init_script(helpers.WATCH_TRAFFIC)
        return made[name]

    yield of
    for context in made.values():
        context.close()


@pytest.fixture
def new_page(
    contexts: Callable[..., BrowserContext], server: str, watch: helpers.Watch, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Page]]:
    """A maker of fresh pages, which find nothing that an earlier test's page kept; takes Playwright's options of a context.

    `new_page(color_scheme="dark")`, `new_page(viewport={"width": 390, "height": 844})`. When the test is over
    it fails if any page wrote an error to its console, raised one, or asked another host for anything.
    """
    used: list[BrowserContext] = []
    pages: list[Page] = []
    request.node.watched_pages = pages

    def make(**options) -> Page:
        context = contexts(**{"base_url": server, "viewport": {"width": 1280, "height": 900}} | options)
        if context not in used:
            used.append(context)
            context.on("page", watch.on)  # this page, and any it opens
        pages.append(context.new_page())
        return pages[-1]

    yield make
    for context in used:
        for page in context.pages:
            with suppress(Error):  # a page that never got anywhere has nothing to forget
                page.evaluate("localStorage.clear(); sessionStorage.clear()")
            page.close()
        context.remove_listener("page", watch.on)
        context.clear_cookies()
    if problems := watch.problems():
        pytest.fail("\n".join(problems), pytrace=False)


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """One fresh page, 1280 x 900, light."""
    return new_page()
