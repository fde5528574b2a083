"""A headless Chromium for tests and benchmarks: the system's own, or the one that playwright has installed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome")


class NoBrowser(Exception):
    """Why there is no browser here."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser; raises NoBrowser where playwright or Chromium is missing."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise NoBrowser("the Python package playwright is not installed (pip install '.[dev]')") from None
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
        found = next(filter(None, map(shutil.which, NAMES)), own if Path(own).exists() else None)
        if found is None:
            raise NoBrowser("no Chromium: apt install chromium, or playwright install chromium")
        browser = playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


def wait_until(page: Page, condition: str, milliseconds: int = 20_000) -> None:
    """Wait for a JavaScript condition. Playwright's own wait evaluates text in the page, which the page forbids."""
    for _ in range(milliseconds // 20):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(20)
    raise TimeoutError(condition)
