"""A browser for the tests that need one: the system's Chromium, driven by Playwright."""

import shutil
from collections.abc import AsyncIterator

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright, expect

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NO_BROWSER = "no Chromium here: apt-get install chromium fonts-noto-core fonts-noto-cjk"

expect.set_options(timeout=600_000)  # milliseconds: a loaded machine is no fault of the page


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A running browser; without one the test is skipped, and says what to install."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip(NO_BROWSER)
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield running
        await running.close()


async def violations(page: Page) -> list[str]:
    """What axe-core has against the page as it is."""
    found = await Axe().run(page)
    return [
        f"{one['help']}: {node['target']}" for one in found.response["violations"] for node in one["nodes"]
    ]
