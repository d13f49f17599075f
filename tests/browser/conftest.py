"""A browser for the tests that need one: the system's Chromium, driven by Playwright."""

from collections.abc import AsyncIterator

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from tools import browser as browsers

expect.set_options(timeout=600_000)  # milliseconds: a loaded machine is no fault of the page


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A running browser; without one the test is skipped, and says what to install."""
    executable = browsers.path()
    if executable is None:
        pytest.skip(browsers.NO_BROWSER)
    async with browsers.running(executable) as running:
        yield running


async def violations(page: Page) -> list[str]:
    """What axe-core has against the page as it is."""
    found = await Axe().run(page)
    return [
        f"{one['help']}: {node['target']}" for one in found.response["violations"] for node in one["nodes"]
    ]
