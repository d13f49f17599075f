"""For real: servers restarted, connections cut, processes stopped and told to end, all under load."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from time import monotonic

import pytest
from sqlmodel import Session, select

from bot.domain.delivery import DeliveryState
from bot.store import outbox
from bot.store.models import DeliveryRow
from tests.faults.conftest import Server
from tests.faults.figures import measured
from tests.faults.harness import WITHIN, Child, Zygote, begin, end, play_out, staged, tell_where, zygote
from tests.faults.run import LOOKS_EVERY, Run

pytestmark = pytest.mark.torture

CLEAN = {"lost": [], "duplicates": [], "answers_lost": 0, "after_answer": [], "ledger": True}
EXIT_WITHIN = 15.0  # seconds, as promised to whoever stops the program
CUTS = 8  # a run
FILLS, FULL_FOR = 3, 2.0  # a run; seconds
STRIDE = 12  # entries in the fakes' list between two blows
ARRIVED = 1.0  # seconds, by which what was on its way to the fakes is there
PAST_ITS_LEASE = 9.0  # seconds; a lease runs eight
STARTS_UP = 0.3, 1.5  # seconds: it opens, plans and sends
WAKES = 2.0  # seconds in which it does what it had begun


def long(number: int) -> object:
    """A number of repetitions of the long form."""
    return pytest.param(number, marks=pytest.mark.long)


@pytest.mark.parametrize("restarts", [3, long(100)])
async def test_a_postgresql_restarted_under_load_loses_no_answer(
    server: Server, tmp_path: Path, restarts: int
) -> None:
    """X18: stopped as by a power cut, again and again."""
    while server.restarts < restarts:
        async with zygote() as forks, staged(server.make(), tmp_path, people=24) as run:
            await _under(run, forks, server.restart, at_most=restarts - server.restarts)

            assert run.verdict() == CLEAN
    measured("immediate restarts of PostgreSQL", count=server.restarts, answers_lost=0)


@pytest.mark.parametrize("rounds", [1, long(20)])
async def test_connections_cut_under_load_lose_no_answer(server: Server, tmp_path: Path, rounds: int) -> None:
    cuts = 0
    for _ in range(rounds):
        async with zygote() as forks, staged(server.make(), tmp_path, people=24) as run:
            cuts += await _under(run, forks, server.cut, at_most=CUTS)

            assert run.verdict() == CLEAN
    assert cuts
    measured("connections of PostgreSQL cut", count=cuts, answers_lost=0)


@pytest.mark.parametrize("rounds", [1, long(20)])
async def test_a_disk_that_is_full_for_a_while_costs_no_answer(
    shim: Path, tmp_path: Path, rounds: int
) -> None:
    """X18: nothing is OKed that could not be stored, and the program goes on by itself once there is room."""
    full, times = tmp_path / "full", 0

    async def fill() -> None:
        full.touch()
        await asyncio.sleep(FULL_FOR)
        full.unlink()

    async with zygote(LD_PRELOAD=str(shim), DISK_FULL=str(full)) as forks:
        for number in range(rounds):
            async with staged(f"sqlite:///{tmp_path}/{number}.db", tmp_path, people=24) as run:
                times += await _under(run, forks, fill, at_most=FILLS)

                assert "disk is full" in run.log.read_text()
                assert run.verdict() == CLEAN
    assert times
    measured("a disk that was full for a while", count=times, answers_lost=0)


@pytest.mark.parametrize("times", [4, long(50)])
async def test_told_to_end_under_load_it_ends_in_time_and_leaves_no_doubt(tmp_path: Path, times: int) -> None:
    """X19: each time a little later, so that it meets every part of the work."""
    slowest = 0.0
    async with zygote() as forks:
        for number in range(times):
            async with staged(f"sqlite:///{tmp_path}/{number}.db", tmp_path, people=24) as run:
                child = await begin(run, forks, "up")
                await _begun(run, child)
                await asyncio.sleep(number * 0.02)
                began = monotonic()
                await end(child)

                assert await child.ended == 0, run.log.read_text()
                slowest = max(slowest, monotonic() - began)
                assert slowest < EXIT_WITHIN
                assert run.database.run(outbox.in_doubt) == []
                await _to_its_end(run, forks)
                assert run.verdict() == CLEAN
                assert run.database.run(outbox.in_doubt) == []
    measured("SIGTERM under load", count=times, slowest_exit=round(slowest, 1), in_doubt=0)


@pytest.mark.parametrize("rounds", [1, long(40)])
async def test_an_owner_stopped_past_its_lease_does_no_harm_when_it_wakes(
    make_postgres: Callable[[], str], tmp_path: Path, rounds: int
) -> None:
    """X07: another one has taken over by then, whatever the first has in hand as it is stopped, and what the first
    knows is of yesterday: where both have sent a message, the other's is on record."""
    for number in range(rounds):
        async with zygote() as forks, staged(make_postgres(), tmp_path, people=24) as run:
            run.answering.clear()  # who has answered by then is not written to again
            first = await begin(run, forks, "up")
            await _begun(run, first, on="telegram")  # Slack tells what arrived: nothing is sent there again
            await asyncio.sleep(number * 0.005)
            os.kill(first.pid, signal.SIGSTOP)
            second = await begin(run, forks, "up")
            await asyncio.sleep(ARRIVED)
            before = len(run.oracle.entries)
            await asyncio.sleep(PAST_ITS_LEASE)
            await _taken_over(run, second)
            anew = _sent_since(run, before)
            os.kill(first.pid, signal.SIGCONT)
            run.answering.set()
            await _over(run, second)
            await end(first)
            await end(second)

            on_record = run.database.run(_messages_on_record)
            assert {delivery: on_record[delivery] for delivery in anew} == anew
            assert run.verdict() == CLEAN
    measured("owners stopped past their lease", count=rounds, broken=0)


@pytest.mark.parametrize("rounds", [long(40)])
async def test_a_process_that_stands_still_at_any_moment_is_in_nobodys_way(
    make_postgres: Callable[[], str], tmp_path: Path, rounds: int
) -> None:
    """X07: not even amid a transaction, of its own or of the engine's; the server ends what stands still."""
    for number in range(rounds):
        async with zygote() as forks, staged(make_postgres(), tmp_path, people=24) as run:
            first = await begin(run, forks, "up")
            await asyncio.sleep(Random(number).uniform(*STARTS_UP))
            os.kill(first.pid, signal.SIGSTOP)
            second = await begin(run, forks, "up")
            await _over(run, second)
            os.kill(first.pid, signal.SIGCONT)
            await asyncio.sleep(WAKES)
            await end(first)
            await end(second)

            assert run.verdict(thawed=True) == CLEAN
    measured("processes frozen at any moment", count=rounds, broken=0)


async def _under(run: Run, forks: Zygote, hurt: Callable[[], Awaitable[object]], *, at_most: int) -> int:
    """The campaign is played out, and each time that it got somewhere the database is hurt; how often."""
    child, count = await begin(run, forks, "up"), 0
    try:
        async with asyncio.timeout(WITHIN):
            while True:
                goal = len(run.oracle.entries) + STRIDE
                while len(run.oracle.entries) < goal and not run.is_over:
                    if child.ended.done():  # whoever watches over it starts it again
                        child = await begin(run, forks, "up")
                    await asyncio.wait({child.ended}, timeout=0.02)
                if run.is_over:
                    return count
                if count < at_most:
                    await hurt()
                    count += 1
    except TimeoutError:
        await tell_where(child)
        raise
    finally:
        await end(child)


async def _to_its_end(run: Run, forks: Zygote) -> None:
    async with asyncio.timeout(WITHIN):
        await play_out(run, forks, "up")


async def _begun(run: Run, child: Child, on: str = "") -> None:
    """The first message has gone out, on any platform or on this one."""
    while not any(entry.platform.startswith(on) for entry in run.oracle.campaign_messages()):
        await asyncio.wait({child.ended}, timeout=0.01)
        assert not child.ended.done(), run.log.read_text()


def _sent_since(run: Run, known: int) -> dict[int, str | None]:
    """The campaign's messages that came in after so many entries, the last of each delivery."""
    return {entry.delivery or 0: entry.message for entry in run.oracle.entries[known:] if entry.asks}


def _is_all_sent(session: Session) -> bool:
    """Whether everybody on Telegram is known to have been asked."""
    states = session.exec(select(DeliveryRow.state).where(DeliveryRow.channel == "telegram")).all()
    return bool(states) and set(states) == {DeliveryState.SENT}


def _messages_on_record(session: Session) -> dict[int, str | None]:
    return {row.id or 0: row.platform_message for row in session.exec(select(DeliveryRow))}


async def _taken_over(run: Run, child: Child) -> None:
    """By this process everybody on Telegram is known to have been asked."""
    async with _in_time(run, child):
        while not await run.database.transact(_is_all_sent):
            await asyncio.wait({child.ended}, timeout=LOOKS_EVERY)


async def _over(run: Run, child: Child) -> None:
    async with _in_time(run, child):
        while not run.is_over:
            await asyncio.wait({child.ended}, timeout=0.05)


@asynccontextmanager
async def _in_time(run: Run, child: Child) -> AsyncIterator[None]:
    """What takes too long fails with all that is known of who waits for what."""
    try:
        async with asyncio.timeout(WITHIN):
            yield
    except TimeoutError:
        await tell_where(child)
        raise AssertionError(run.told_at_the_end()) from None
