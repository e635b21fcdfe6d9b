"""The README's pictures, taken of the app as it is: python -m tests.browser.pictures"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.browser import helpers
from tests.browser.helpers import ROOT, open_at, settled

IMAGES = ROOT / "assets" / "images"
LAPTOP, PHONE = (1280, 720), (390, 844)
TALLEST = 1200  # px
RIVER = {"a": "She walked to the bank of the river.", "b": "The water was cold and clear."}
CAT = {"a": "The cat sat on the mat.", "b": "It was fast asleep."}


def _guess(page: Page) -> None:
    """A guess that is commonly made, and wrong."""
    page.get_by_role("radiogroup", name="Your answer").get_by_text("itself").click()
    page.get_by_text("sure", exact=True).click()
    page.get_by_role("button", name="Answer", exact=True).click()


@dataclass(frozen=True)
class Picture:
    """One file: what is opened, in which theme, at what size; `whole` where all of the page is to be seen."""

    name: str
    path: str
    params: dict[str, object]
    theme: str = "light"
    size: tuple[int, int] = LAPTOP
    whole: bool = True
    press: Callable[[Page], None] | None = None


PICTURES = (
    Picture("attention-step", "Attention", CAT | {"mode": "guided", "step": "most"}, whole=False, press=_guess),
    Picture("masked-words-light", "Masked_words", RIVER | {"mode": "explore", "step": "hide", "mask": 5}),
    Picture("inside-a-layer-dark", "Inside_a_layer", RIVER | {"mode": "explore", "step": "head"}, theme="dark"),
    Picture("attention-phone", "Attention", RIVER | {"mode": "explore", "step": "heads"}, size=PHONE),
)


def take(page: Page, picture: Picture) -> bytes:
    """What is seen, as PNG."""
    width, height = picture.size
    open_at(page, picture.path, **picture.params)
    if picture.press is not None:
        picture.press(page)
        settled(page)
    if picture.whole:
        tall = page.locator("[data-testid=stMain]").evaluate("e => e.scrollHeight")
        page.set_viewport_size({"width": width, "height": min(max(tall, height), TALLEST)})
        settled(page)
    page.mouse.move(0, 0)
    return page.screenshot()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=helpers.find_chromium(playwright), args=helpers.CHROMIUM_ARGUMENTS)
        with helpers.running_server(Path(folder) / "server.log") as url:
            for picture in PICTURES:
                size = dict(zip(("width", "height"), picture.size, strict=True))
                context = browser.new_context(base_url=url, viewport=size, color_scheme=picture.theme)
                context.set_default_timeout(helpers.TIMEOUT)
                context.add_init_script(helpers.WATCH_TRAFFIC)
                seen = Image.open(BytesIO(take(context.new_page(), picture))).convert("RGB")
                seen.save(IMAGES / f"{picture.name}.png", optimize=True)
                context.close()
        browser.close()


if __name__ == "__main__":
    main()
