"""Telegram's webhook: who is let in, what is kept, and what is answered."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing, contextmanager

import pytest
from sqlalchemy import event

from bot.web.body import LARGEST
from tests.web.conftest import PATH, SECRET, TELEGRAM, message

DEEP = b'{"update_id":1,"message":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


async def test_an_update_is_kept_before_it_is_oked(platforms):
    answer = await platforms.telegram(message(10, text="saya setuju"))

    [row] = platforms.inbox()
    assert answer.status_code == 200
    assert (row.identity, row.dedupe, row.position, row.state) == (TELEGRAM, "u10", 10, "new")
    assert row.sender == "telegram:42"
    assert "saya setuju" in row.body


async def test_the_same_update_again_is_oked_and_kept_once(platforms):
    """Telegram delivers again whatever it did not see our OK for."""
    answers = [await platforms.telegram(message(10)) for _ in range(3)]

    assert {answer.status_code for answer in answers} == {200}
    assert len(platforms.inbox()) == 1


@pytest.mark.parametrize("secret", [None, "", SECRET[:-1], SECRET + "0", SECRET.upper(), "\u00e9" * 64])
async def test_who_does_not_know_the_secret_is_not_let_in(platforms, secret):
    answer = await platforms.telegram(message(), secret=secret)

    assert answer.status_code == 401
    assert answer.content == b""
    assert platforms.inbox() == []


@pytest.mark.parametrize(
    "path", ["/telegram/", "/telegram/x", "/telegram/%ff", f"{PATH}/", f"{PATH}0", "/telegram"]
)
async def test_the_path_is_secret_too(platforms, path):
    answer = await platforms.telegram(message(), path=path)

    assert answer.status_code == 404
    assert platforms.inbox() == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_only_posts_are_taken(platforms, method):
    """A link preview fetches what it sees; nothing that changes anything is a GET."""
    answer = await platforms.client.request(method, PATH)

    assert answer.status_code == 405


async def test_a_body_that_is_too_large_is_not_read(platforms):
    answer = await platforms.telegram(b" " * (LARGEST + 1))

    assert answer.status_code == 413
    assert platforms.inbox() == []


async def test_nor_is_one_that_does_not_say_how_large_it_is(platforms):
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(LARGEST // 65_536 + 2):
            yield b" " * 65_536

    answer = await platforms.client.post(
        PATH, content=endless(), headers={"X-Telegram-Bot-Api-Secret-Token": SECRET}
    )

    assert answer.status_code == 413


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\x00",
        b"{",
        b"[]",
        b"null",
        b'"update_id"',
        b"{}",
        b'{"update_id":true}',
        b'{"update_id":"1"}',
        b'{"update_id":1.5}',
        b'{"update_id":-1}',
        b'{"update_id":9223372036854775808}',
        b'{"update_id":' + b"9" * 5000 + b"}",
        b'{"update_id":1,"message":{"from":{"id":"\\u0000"}}}',
        b'{"update_id":1,"message":{"from":{"id":"\\ud800"}}}',
        b'{"update_id":1,"message":{"from":{"id":"' + b"9" * 5000 + b'"}}}',
        DEEP,
    ],
    ids=lambda body: str(body[:40]),
)
async def test_what_nobody_can_read_is_a_dead_letter_and_oked(platforms, body):
    """An update that is refused holds up every later one of that chat, a STOP too."""
    answer = await platforms.telegram(body)

    [row] = platforms.inbox()
    assert answer.status_code == 200
    assert (row.identity, row.state, row.sender) == (TELEGRAM, "dead", "")


@pytest.mark.parametrize("text", ["\ud83d", "\0", "\u202e", "🙂" * 3000])
async def test_whatever_a_person_writes_can_be_kept(platforms, text):
    answer = await platforms.telegram(message(10, text=text))

    [row] = platforms.inbox()
    assert answer.status_code == 200
    assert row.state == "new"


async def test_a_tap_is_answered_after_it_was_kept(platforms):
    """The button's spinner stops, and says nothing: the receipt will."""
    platforms.sandbox.telegram.tap(42, 7, "data")

    answer = await platforms.telegram(platforms.issued())

    assert answer.status_code == 200
    assert [row.state for row in platforms.inbox()] == ["new"]
    [told] = platforms.told("answerCallbackQuery")
    assert "text" not in told


async def test_a_tap_that_cannot_be_kept_is_said_to_be_unsaved(platforms):
    """It is OKed all the same: came it again, it would be kept after its person was told that it was not."""
    platforms.sandbox.telegram.tap(42, 7, "data")

    with platforms.nothing_can_be_stored():
        answer = await platforms.telegram(platforms.issued())

    assert answer.status_code == 200
    assert platforms.inbox() == []
    [told] = platforms.told("answerCallbackQuery")
    assert told["text"]


async def test_anything_else_that_cannot_be_kept_comes_again(platforms):
    with platforms.nothing_can_be_stored():
        refused = await platforms.telegram(message(10))
    taken = await platforms.telegram(message(10))

    assert refused.status_code == 503
    assert 0 < int(refused.headers["Retry-After"]) <= 10
    assert taken.status_code == 200
    assert len(platforms.inbox()) == 1


async def test_what_is_unreadable_comes_again_too_while_nothing_can_be_stored(platforms):
    with platforms.nothing_can_be_stored():
        answer = await platforms.telegram(b"{")

    assert answer.status_code == 503


async def test_a_tap_that_takes_too_long_is_not_saved_at_all(platforms, locked):
    """What was called unsaved after two seconds must not turn up later."""
    platforms.sandbox.telegram.tap(42, 7, "data")
    other = locked()

    answer = await platforms.telegram(platforms.issued())
    other.close()

    assert answer.status_code == 200
    assert platforms.told("answerCallbackQuery")[0]["text"]
    await platforms.telegram(message(11))  # stands behind the tap in the database's one thread
    assert [row.dedupe for row in platforms.inbox()] == ["u11"]


async def test_what_comes_at_once_is_kept_at_once(platforms):
    """Each waits for one commit, not for everybody's before it; none is OKed before its own."""
    with counted_commits(platforms.reception.database) as commits:
        answers = await asyncio.gather(*(platforms.telegram(message(number)) for number in range(1, 31)))

    assert {answer.status_code for answer in answers} == {200}
    assert len(platforms.inbox()) == 30
    assert 1 <= len(commits) < 15


async def test_one_that_cannot_be_kept_spoils_none_that_came_with_it(platforms):
    """Here the database itself refuses one sender."""
    refuse_in_inbox(platforms, sender="telegram:7")

    answers = await asyncio.gather(
        *(platforms.telegram(message(number, sender=7 if number == 5 else 42)) for number in range(1, 11))
    )

    assert [answer.status_code for answer in answers] == [200] * 4 + [503] + [200] * 5
    assert sorted(row.dedupe for row in platforms.inbox()) == sorted(f"u{n}" for n in range(1, 11) if n != 5)


async def test_what_comes_behind_one_that_is_given_up_is_kept(platforms, locked):
    """It has two seconds of its own."""
    other = locked()

    first = asyncio.ensure_future(platforms.telegram(message(1)))
    await asyncio.wait({first}, timeout=1.5)
    second = asyncio.ensure_future(platforms.telegram(message(2)))
    refused = await first
    other.close()

    assert refused.status_code == 503
    assert (await second).status_code == 200
    assert [row.dedupe for row in platforms.inbox()] == ["u2"]


@contextmanager
def counted_commits(database):
    """A list with something in it for each commit within the block."""
    commits = []

    def count(connection):
        commits.append(connection)

    event.listen(database.engine, "commit", count)
    try:
        yield commits
    finally:
        event.remove(database.engine, "commit", count)


def refuse_in_inbox(platforms, *, sender):
    """Rows of this sender break a rule of the database."""
    with closing(sqlite3.connect(str(platforms.reception.database.url.database))) as connection:
        connection.execute(
            f"CREATE TRIGGER no_such BEFORE INSERT ON inbox WHEN NEW.sender = '{sender}'"
            " BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )
