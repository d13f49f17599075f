"""A browser that the system brings, driven by Playwright; for tests and for pictures."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from playwright.async_api import Browser, async_playwright

FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NO_BROWSER: Final = (
    "no Chromium here: apt-get install chromium fonts-noto-core fonts-noto-cjk fonts-noto-color-emoji"
)


def path() -> str | None:
    """Where the browser is; None when there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@asynccontextmanager
async def running(executable: str) -> AsyncIterator[Browser]:
    """The browser runs within the block."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        yield browser
        await browser.close()
