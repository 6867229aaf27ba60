"""An article of the sample portal as it looks in a browser: in gb2312, with a picture and a style sheet."""

from pathlib import Path
from typing import NamedTuple

from tests.browser import Browser

ARTICLE = "http://www.js.sample.test/news/2025/0311/227437.html"


class Shown(NamedTuple):
    """What a browser shows of the article; None for what does not come in time."""

    headline: str | None
    picture_width: int | None
    headline_size: str | None


AS_IT_WAS = Shown("无锡：一座城市的“神经末梢”是怎样长成的", 400, "26px")
HEADLINE = "find(document, '#cont > h1')"


def look_at_article(browser: Browser, url: str, screenshot: Path) -> Shown:
    """Open an address, wait for headline, picture and style sheet of the article, and keep a picture of the tab."""
    browser.open(url)
    shown = Shown(
        browser.wait_for(f"{HEADLINE}.textContent"),
        browser.wait_for("find(document, '#txt img').naturalWidth"),
        browser.wait_for(f"getComputedStyle({HEADLINE}).fontSize"),
    )
    browser.save_screenshot(screenshot)
    return shown
