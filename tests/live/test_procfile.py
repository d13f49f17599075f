"""The Procfile on a real PostgreSQL, with webhooks, while one process of each kind is killed."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.clock import SystemClock
from bot.domain.message import Verb
from bot.sandbox.oracle import Oracle
from bot.sandbox.server import Sandbox
from bot.sandbox.slack import FakeSlack
from tests.live.conftest import ROOT, SLUG, Program, Seen, notices, receipts
from tests.ports import free_port

TELEGRAM = ("2001", "2002", "2003", "2004")
SLACK = ("U2001", "U2002", "U2003", "U2004")
EVERYBODY = {*TELEGRAM, *SLACK}
RATE = 4  # messages a second on each lane, so that a kill falls among them; so many may be left in doubt
SIGNING_SECRET = "live-signing-secret"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    clock = SystemClock()
    oracle = Oracle(clock)
    slack = FakeSlack(clock, oracle, signing_secret=SIGNING_SECRET)
    async with Sandbox(clock, oracle, slack=slack) as sandbox:
        yield sandbox


@dataclass(slots=True)
class Procfile:
    """The Procfile's processes, each under a honcho of its own, as a host runs them."""

    program: Program
    port: int
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, kind: str) -> None:
        self.running[kind] = self.program.spawn(self._honcho(kind), log=kind)

    @property
    def address(self) -> str:
        """Where `web` listens."""
        return f"http://127.0.0.1:{self.port}"

    async def release(self) -> None:
        """What a host runs before it starts a new release."""
        honcho = self.program.spawn(self._honcho("release"), log="release")
        self.program.started.remove(honcho)
        assert await asyncio.to_thread(honcho.wait, 60) == 0, self.program.logged()

    async def kill(self, kind: str) -> None:
        """The process itself is killed; honcho sees it and ends."""
        await self._signalled(kind, signal.SIGKILL)

    async def end(self, kind: str) -> int:
        """The process is asked to end; its exit code, which honcho passes on."""
        return await self._signalled(kind, signal.SIGTERM)

    async def restart(self, kind: str) -> None:
        await self.kill(kind)
        self.start(kind)

    async def _signalled(self, kind: str, number: signal.Signals) -> int:
        honcho = self.running.pop(kind)
        self.program.started.remove(honcho)
        [pid] = [pid for pid in descendants(honcho.pid) if is_tenggat(pid)]
        os.kill(pid, number)
        return await asyncio.to_thread(honcho.wait, 15)

    def _honcho(self, kind: str) -> list[str]:
        honcho = [sys.executable, "-m", "honcho", "-d", str(ROOT), "-e", os.devnull]
        return [*honcho, "start", "-p", str(self.port), kind]


def descendants(pid: int) -> Iterator[int]:
    """The processes below this one, from the top."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (thread / "children").read_text().split()):
            yield child
            yield from descendants(child)


def is_tenggat(pid: int) -> bool:
    """Whether this is the program and not the shell or the runner above it."""
    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return any(Path(os.fsdecode(word)).name == "tenggat" for word in words[:2])


@pytest.fixture
def procfile(postgres_url: str, sandbox: Sandbox, program: Program) -> Procfile:
    port = free_port()
    program.environment |= {
        "BOT_DATABASE_URL": postgres_url,
        "BOT_BASE_URL": f"http://127.0.0.1:{port}",
        "BOT_TELEGRAM_API": sandbox.telegram_url,
        "BOT_TELEGRAM_TOKEN": "123456:AAcanary_token-never_to_be_seen",
        "BOT_TELEGRAM_RATE": str(RATE),
        "BOT_SLACK_RATE": str(RATE),
        "BOT_SLACK_API": sandbox.slack_url,
        "BOT_SLACK_BOT_TOKEN": "xoxb-live",
        "BOT_SLACK_SIGNING_SECRET": SIGNING_SECRET,
        "HOST": "127.0.0.1",
    }
    return Procfile(program, port)


def seen(sandbox: Sandbox) -> list[Seen]:
    return [Seen(json.loads(line)) for line in sandbox.oracle.as_json_lines(None)]


def tap(sandbox: Sandbox, notice: Seen, verb: Verb) -> None:
    """The person presses this button of the notice."""
    message, data = str(notice.line["message"]), notice.buttons[verb]
    if notice.platform == "telegram":
        sandbox.telegram.tap(int(notice.chat), int(message), data)
    else:
        sandbox.slack.tap(notice.chat, str(notice.line["payload"]["channel"]), message, "any", data)


async def test_a_campaign_outlives_one_process_of_each_kind(
    procfile: Procfile, program: Program, sandbox: Sandbox, begin: Callable[..., None]
):
    """Nothing is lost, nothing comes twice, and every answer has its receipt."""
    await procfile.release()
    for kind in ("web", "worker", "clock"):
        procfile.start(kind)
    await asyncio.to_thread(begin, TELEGRAM, SLACK)
    await program.until(lambda: "takes webhooks in" in program.logged(), "web")
    http = sandbox.slack.post_events_to(f"{procfile.address}/slack/events")
    assert await http.verify()

    await program.until(lambda: len(notices(seen(sandbox))) >= 2, "the first notices")
    await procfile.restart("worker")  # while it sends
    await procfile.restart("clock")
    await program.until(lambda: notices(seen(sandbox)).keys() == EVERYBODY, "all notices")
    asked = notices(seen(sandbox))

    for chat in ("2001", "2002", "U2001", "U2002"):
        tap(sandbox, asked[chat], Verb.OPT_IN)
    await program.until(lambda: len(receipts(seen(sandbox))) == 4, "the first receipts")
    await procfile.kill("web")
    tap(sandbox, asked["2003"], Verb.OPT_OUT)  # Telegram comes again until somebody is there
    procfile.start("web")
    await program.until(lambda: "2003" in receipts(seen(sandbox)), "the receipt of a tap at a closed door")
    for chat in ("2004", "U2003", "U2004"):
        tap(sandbox, asked[chat], Verb.OPT_OUT)
    await program.until(lambda: receipts(seen(sandbox)) == EVERYBODY, "all receipts")

    status = await asyncio.to_thread(program.json, "campaign", "status", SLUG)
    deliveries = await asyncio.to_thread(program.json, "deliveries")
    in_doubt = {delivery["id"]: delivery["lane"] for delivery in deliveries if delivery["doubts"]}
    ended = [await procfile.end(kind) for kind in ("web", "worker", "clock")]
    assert (status["opt_in"], status["opt_out"], status["no_answer"]) == (4, 4, 0)
    assert sandbox.oracle.duplicates(in_doubt) == []
    assert sandbox.oracle.after_answer() == []
    assert all(count <= RATE for count in Counter(in_doubt.values()).values())
    assert ended == [0, 0, 0]
    assert "Traceback" not in program.logged()
