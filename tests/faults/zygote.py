"""Forks applications that end by SIGKILL at a failpoint: everything is imported once, before the forks.

With the address of an empty database a campaign is played there first, so that each fork begins with what a process
has read and compiled by then. Then one job a line is read on stdin (JSON), and what became of each is written on
stdout: `{"id", "pid"}` at once, and `{"id", "status"}` when it has ended (negative: the signal). Jobs run side by side.
"""

import asyncio
import faulthandler
import gc
import json
import os
import signal
import sys
import threading
import traceback
from contextlib import suppress
from datetime import timedelta
from typing import Any

from bot import failpoints
from bot.app import opened, opening
from bot.campaigns import doubts, exchange
from bot.config import Settings
from bot.domain import delivery
from bot.engine import procrastinate
from bot.engine.procrastinate import Rhythm
from bot.store import outbox, planning
from bot.web.server import receiver
from tests.faults.warmth import Warmth, warmed
from tests.sabotage import planting  # noqa: F401 - under a planted fault the forks have it too


def main() -> None:
    """Serve jobs until stdin ends, then end every child that is left."""
    _hurry()
    warmth = asyncio.run(warmed(sys.argv[1])) if sys.argv[1:] else Warmth()
    gc.collect()
    gc.freeze()  # the forks share what is there by now as long as nobody goes through it
    told, children = threading.Lock(), set[int]()

    def tell(**facts: object) -> None:
        with told:
            sys.stdout.write(json.dumps(facts) + "\n")
            sys.stdout.flush()

    def reap(job: str, pid: int) -> None:
        _, status = os.waitpid(pid, 0)
        children.discard(pid)
        tell(id=job, status=os.waitstatus_to_exitcode(status))

    for line in sys.stdin:
        job = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _work(job, warmth)
        children.add(pid)
        tell(id=job["id"], pid=pid)
        threading.Thread(target=reap, args=(job["id"], pid), daemon=True).start()
    for pid in list(children):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _hurry() -> None:
    """A run is one of seconds, not of minutes: what waits for slow platforms waits for ours, which are quick. And the
    few people of a run are planned in several segments, so that a kill may fall between two."""
    planning.SEGMENT = 2
    for module in (delivery, exchange, outbox, opening):  # each has it by name
        vars(module)["FIRST_RETRY"] = timedelta(milliseconds=200)
    procrastinate.USUAL = Rhythm(alive=timedelta(milliseconds=500), dead=timedelta(seconds=1.5))
    doubts.SETTLED = timedelta(seconds=2)
    doubts.LOOK_EVERY = timedelta(milliseconds=500)
    doubts.ASK_FIRST = timedelta(seconds=20)


def _work(job: dict[str, Any], warmth: Warmth) -> None:
    """The child's whole life."""
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(os.open(job["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND), 1)
        os.dup2(1, 2)
        faulthandler.register(signal.SIGUSR2)
        if job["failpoint"]:
            failpoints.arm(job["failpoint"], _Killer(job["nth"]))
        asyncio.run(_serve(job, warmth))
        code = 0
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        os._exit(code)


async def _serve(job: dict[str, Any], warmth: Warmth) -> None:
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, _tell_tasks)
    settings = Settings(**job["settings"])
    stopping = asyncio.Event()
    if job["kind"] == "web":
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
        async with receiver(settings, host="127.0.0.1", port=settings.port):
            await stopping.wait()
        return
    database = warmth.database(settings.database_url)
    async with opened(
        settings, listens=job["kind"] == "up", catalogs=warmth.catalogs, database=database
    ) as app:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, app.stop)
        await app.run()


def _tell_tasks() -> None:
    """What every task waits for is in the log."""
    for task in asyncio.all_tasks():
        task.print_stack(file=sys.stderr)
    sys.stderr.flush()


class _Killer:
    """Kills this process, at once and without a chance to tidy up, at the n-th call."""

    def __init__(self, nth: int) -> None:
        self._left = nth

    def __call__(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
