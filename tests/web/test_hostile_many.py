"""Hostile requests by the hundred thousand: no server error, nothing kept of a forgery, and no memory eaten."""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import httpx
import pytest

from bot.web.ingress import ingress
from tests.faults.figures import measured
from tests.web.bare import Bare
from tests.web.conftest import (
    COMMANDS,
    EVENTS,
    FORM_TYPE,
    INTERACTIONS,
    JSON_TYPE,
    PATH,
    Platforms,
    event,
    message,
)

QUICK, LONG = 3_000, 1_000_000
MOST_GROWTH = 50 * 1024  # KiB
WARM = 640  # requests before memory is looked at: caches fill
AT_ONCE = 64
JUNK = (
    "\0",
    "\ud800",
    "U1",
    "T1",
    "block_actions",
    "",
    "9" * 400,
    "../../etc/passwd",
    "%00",
    "\u202e",
    "{" * 200,
)

HEADERS = (
    "Content-Type",
    "X-Telegram-Bot-Api-Secret-Token",
    "X-Slack-Request-Timestamp",
    "X-Slack-Signature",
)

pytestmark = pytest.mark.torture


@pytest.fixture
def tmp_path(in_memory: Path) -> Path:
    """A disk that stands still for seconds would be answered with a 503, and rightly so."""
    return in_memory


@pytest.mark.parametrize("count", [QUICK, pytest.param(LONG, marks=pytest.mark.long)])
@pytest.mark.parametrize("face", ["telegram", "slack", "stranger"])
async def test_nothing_that_a_client_sends_is_our_fault(platforms: Platforms, face: str, count: int) -> None:
    """Mutated updates with the right proof, and anything at all without one."""
    logging.disable(logging.CRITICAL)
    random, statuses, resident = Random(f"{face}/{count}"), Counter[int](), 0
    send = {"telegram": _telegram, "slack": _slack, "stranger": _stranger}[face]
    bare = replace(platforms, client=Bare(ingress(platforms.reception).app))
    try:
        for number in range(0, count, AT_ONCE):
            some = min(AT_ONCE, count - number)
            answers = await asyncio.gather(*(send(bare, random) for _ in range(some)))
            statuses.update(answer.status_code for answer in answers)
            if number == WARM:
                resident = _resident()
    finally:
        logging.disable(logging.NOTSET)
    growth = _resident() - resident
    measured("hostile requests", face=face, count=count, server_errors=_errors(statuses), growth_kib=growth)

    assert _errors(statuses) == 0, statuses
    assert growth < MOST_GROWTH
    if face == "stranger":
        assert platforms.inbox() == []


async def _telegram(platforms: Platforms, random: Random) -> httpx.Response:
    return await platforms.telegram(_bytes(_mutated(message(random.randrange(10**9)), random)))


async def _slack(platforms: Platforms, random: Random) -> httpx.Response:
    payload = _bytes(_mutated(event(f"Ev{random.randrange(10**9)}"), random))
    kind = random.choice((JSON_TYPE, JSON_TYPE, FORM_TYPE))
    body = payload if kind == JSON_TYPE else b"payload=" + payload
    return await platforms.slack(body, path=random.choice((EVENTS, INTERACTIONS, COMMANDS)), kind=kind)


async def _stranger(platforms: Platforms, random: Random) -> httpx.Response:
    headers = {
        name.encode(): random.choice(JUNK).encode("utf-8", "replace").replace(b"\0", b"")
        for name in (
            "Content-Type",
            "X-Telegram-Bot-Api-Secret-Token",
            "X-Slack-Request-Timestamp",
            "X-Slack-Signature",
        )
        if random.random() < 0.5
    }
    path = random.choice((PATH, EVENTS, INTERACTIONS, COMMANDS, "/readyz", "/", "/telegram/%00"))
    method = random.choice(("POST", "POST", "GET", "PUT", "X"))
    body = (
        _bytes(_mutated(message(), random))
        if random.random() < 0.5
        else random.randbytes(random.randrange(300))
    )
    return await platforms.client.request(method, path, content=body, headers=headers)


def _mutated(whole: object, random: Random) -> object:
    """The structure with some of its places gone, doubled or replaced."""
    if random.random() < 0.08:
        return random.choice(VALUES)(random)
    if isinstance(whole, dict):
        kept = {key: _mutated(value, random) for key, value in whole.items() if random.random() > 0.05}
        return {**kept, random.choice(JUNK): 1} if random.random() < 0.05 else kept
    if isinstance(whole, list):
        return [_mutated(value, random) for value in whole]
    return whole


VALUES: tuple[Callable[[Random], object], ...] = (
    lambda random: None,
    lambda random: random.choice(JUNK),
    lambda random: random.randrange(-(10**20), 10**20),
    lambda random: random.random() * 1e300,
    lambda random: [],
    lambda random: {random.choice(JUNK): random.choice(JUNK)},
    lambda random: bool(random.getrandbits(1)),
)


def _bytes(value: object) -> bytes:
    return json.dumps(value).encode()


def _errors(statuses: Counter[int]) -> int:
    return sum(count for status, count in statuses.items() if status >= 500)


def _resident() -> int:
    """KiB of memory that this process holds."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
