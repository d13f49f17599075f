"""How soon the staff pages answer when there are a million people: `python -m benchmarks.pages FILE [TIMES]`.

FILE is a database such as `python -m benchmarks.figures fill FILE 1000000` and then `ask FILE 1000000` make; it
gets 10,000 dead letters and sends in doubt besides. Each page is asked for over HTTP, by a member of the staff
who has signed in, once anew and then so many times in a row; what is printed is milliseconds on the clock.
"""

import asyncio
import os
import re
import secrets
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Final

import httpx
from sqlalchemy import text

from bot.campaigns import sign_in
from bot.clock import SystemClock
from bot.config import Settings
from bot.conversation import lookup
from bot.domain.roles import Role
from bot.store import staff
from bot.store.database import Database, Session
from bot.store.staff import Staff
from bot.web.server import receiver

TIMES: Final = 40
TROUBLES: Final = 10_000
ONE: Final = "/staff/campaigns/claude-consumer-terms"
PAGES: Final = {
    "campaign list": "/staff",
    "dead letters and doubts": "/staff/trouble",
    "older doubts": "/staff/trouble?before=5000",
    "ledger": "/staff/ledger",
}
COUNTED: Final = {  # last: their figures are counted beside them, and would disturb whatever comes after
    "campaign": ONE,
    "report": f"{ONE}/report",
    "forecast": f"{ONE}/forecast",
}
SOMEBODY: Final = (  # as support is told who it is about; none is looked up twice
    ("look-up by reference", "u-{number}"),
    ("look-up by handle", "@user_{number}"),
    ("look-up by address", "u-{number}@example.com"),
)
FIRST, STEP = 3, 20  # people who are in Telegram and have answered
MASKED: Final = "•••"  # what a card shows of a name
LETTERS: Final = """
INSERT INTO inbox (identity, dedupe, sender, body, received_at, state, attempts, error, done_at)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)
SELECT 'telegram:1', 'dead-' || i, 'telegram:' || i, '{}', '2025-09-16 12:00:00.000000', 'dead', 5,
       'ValueError', '2025-09-16 12:00:00.000000' FROM n
"""
DOUBTS: Final = "UPDATE delivery SET state = 'in_doubt', doubts = 1 WHERE id <= :count"

Ask = Callable[[int], Awaitable[httpx.Response]]


def main(file: str, times: int) -> None:
    """The figures are on stdout."""
    settings = Settings(
        database_url=f"sqlite:///{file}",
        secret_key="k" * 40,
        operator="Contoh Operator",
        lookups_an_hour=1_000_000,
    )
    with Database(settings.database_url, clock=SystemClock()) as database:
        database.migrate()
        people = database.run(_trouble)
        link = database.run(_appoint)
    print(f"{people} people; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; {times} times each")
    asyncio.run(_measure(settings, link, times=times))


async def _measure(settings: Settings, link: str, *, times: int) -> None:
    async with receiver(settings, host="127.0.0.1", port=0) as address, httpx.AsyncClient() as client:
        entered = await client.post(f"{address}/staff/sign-in", data={"token": link})
        client.headers["Cookie"] = entered.headers["set-cookie"].partition(";")[0]  # it is for HTTPS alone
        for name, path in PAGES.items():
            await _print(name, partial(_get, client, address + path), times)
        guard = re.search(r'name="guard" value="(\w+)"', (await client.get(f"{address}/staff/lookup")).text)
        assert guard is not None
        for name, told in SOMEBODY:
            await _print(name, partial(_look_up, client, f"{address}/staff/lookup", guard[1], told), times)
        for name, path in COUNTED.items():
            await _print(name, partial(_get, client, address + path), times)


async def _print(name: str, ask: Ask, times: int) -> None:
    first, *others = [await _milliseconds(ask, number) for number in range(times + 1)]
    print(
        f"{name}: first {first:.0f}, p50 {statistics.median(others):.0f}, max {max(others):.0f} ms",
        flush=True,
    )


async def _milliseconds(ask: Ask, number: int) -> float:
    begun = time.perf_counter()
    answer = await ask(number)
    took = time.perf_counter() - begun
    assert answer.status_code == 200, answer.status_code
    return took * 1000


async def _get(client: httpx.AsyncClient, url: str, number: int) -> httpx.Response:
    return await client.get(url)


async def _look_up(client: httpx.AsyncClient, url: str, guard: str, told: str, number: int) -> httpx.Response:
    person = told.format(number=FIRST + STEP * number)
    answer = await client.post(url, data={"guard": guard, "told": person, "purpose": lookup.PURPOSES[0]})
    assert MASKED in answer.text, f"no card for {person}"
    return answer


def _trouble(session: Session) -> int:
    """There is enough of it; how many people there are."""
    if not session.execute(text("SELECT count(*) FROM inbox WHERE state = 'dead'")).scalar_one():
        session.execute(text(LETTERS), {"count": TROUBLES})
        session.execute(text(DOUBTS), {"count": TROUBLES})
    return int(session.execute(text("SELECT count(*) FROM recipient")).scalar_one())


def _appoint(session: Session) -> str:
    """Somebody may see everything; the token of their link."""
    member, now = Staff(f"bench-{secrets.token_hex(4)}", Role.ADMIN, "telegram:1"), datetime.now(UTC)
    if (known := staff.find(session, member.key)) is None:
        staff.add(session, member, by="admin", now=now)
    return sign_in.offer(session, (known or member).key, now=now, random_bytes=secrets.token_bytes)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else TIMES)
