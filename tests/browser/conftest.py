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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was not looked at is said last and in red, since a run without a browser ends well."""
    skipped = [one.nodeid for one in terminalreporter.getreports("skipped") if "browser/" in one.nodeid]
    if skipped:
        terminalreporter.section("pages that no browser has seen", red=True, bold=True)
        terminalreporter.write_line("\n".join(skipped))
        terminalreporter.write_line(
            f"{len(skipped)} tests NOT RUN: {browsers.NO_BROWSER}", red=True, bold=True
        )


async def violations(page: Page) -> list[str]:
    """What axe-core has against the page as it is."""
    found = await Axe().run(page)
    return [
        f"{one['help']}: {node['target']}" for one in found.response["violations"] for node in one["nodes"]
    ]
