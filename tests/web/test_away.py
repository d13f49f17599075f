"""The staff pages while their database is away: come again, and one line in the log."""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace

import httpx
import pytest
from sqlalchemy import event

from bot.app import Reception
from bot.config import Settings
from bot.domain.roles import Role
from tests.web.desk import ONE, without
from tests.web.test_server import allow_connections
from tests.web.test_staff import FORMS, PAGES
from tests.worlds import ON_SQLITE

Away = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def settings(settings: Settings, database_url: str) -> Settings:
    """Once on SQLite and once on PostgreSQL."""
    return replace(settings, database_url=database_url)


@pytest.fixture
def away(reception: Reception, locked: Callable[[], sqlite3.Connection]) -> Away:
    """SQLite belongs to another process, PostgreSQL takes no connections; nobody waits ten seconds to see it."""
    database = reception.database

    @contextmanager
    def away() -> Iterator[None]:
        if database.is_sqlite:
            event.listen(database.engine, "checkout", _do_not_wait)
            with closing(locked()):
                yield
            return
        allow_connections(database.address, False)
        try:
            yield
        finally:
            allow_connections(database.address, True)

    return away


async def test_whoever_asks_meanwhile_is_told_to_come_again(come_in, away, caplog):
    """Whether they have signed in or only say so; with one sentence in the log for each, and when the database
    is back so are the pages."""
    browser = await come_in(Role.ADMIN)
    guard = await browser.guard()
    caplog.set_level(logging.WARNING)

    with away():
        answers = [await browser.get(path) for path in PAGES]
        answers += [await browser.client.post(path, data={"guard": guard}) for path in FORMS]
        answers.append(await browser.client.post("/staff/lookup", data={"guard": guard, "told": "u1"}))
        answers.append(await browser.client.post("/staff/sign-in", data={"token": "any"}))
        browser.client.cookies = httpx.Cookies({"__Host-tenggat": "any"})
        answers.append(await browser.get("/staff"))
        told = [record for record in caplog.records if record.name.startswith("bot.")]

    assert {answer.status_code for answer in answers} == {503}
    assert {answer.headers["retry-after"] for answer in answers} == {"5"}
    assert all("<h1>" in answer.text and "sqlite" not in answer.text for answer in answers)
    assert [record.levelname for record in told] == ["WARNING"] * len(answers)
    assert all("does not answer" in record.getMessage() and not record.exc_info for record in told)
    assert (await browser.get("/staff")).status_code == 303


async def test_a_page_speaks_the_language_of_its_browser(come_in, away):
    browser = await come_in(Role.VIEWER)

    with away():
        english = await browser.client.get("/staff", headers={"Accept-Language": "en"})
        indonesian = await browser.client.get("/staff", headers={"Accept-Language": "id"})

    assert "<h1>Not just now</h1>" in english.text
    assert "<h1>Belum bisa sekarang</h1>" in indonesian.text


@ON_SQLITE
@pytest.mark.parametrize("path", ["/staff", ONE, f"{ONE}/words", f"{ONE}/forecast"])
async def test_within_a_page_it_is_no_mistake_of_whoever_asks(come_in, reception, path):
    """They are let in, and then the database is away; mistakes are shown, and come to 422."""
    browser = await come_in(Role.ADMIN)

    with without(reception.database, "campaign"):
        answer = await browser.get(path)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


@ON_SQLITE
@pytest.mark.parametrize("path", [f"{ONE}/request", f"{ONE}/words", "/staff/campaigns/new"])
async def test_nor_within_a_form(come_in, reception, path):
    """Also where the page that says what went wrong needs the database itself."""
    browser = await come_in(Role.ADMIN)
    guard = await browser.guard()

    with without(reception.database, "campaign"):
        answer = await browser.client.post(path, data={"guard": guard})

    assert answer.status_code == 503


def _do_not_wait(connection: sqlite3.Connection, *_: object) -> None:
    connection.execute("PRAGMA busy_timeout = 0")
