"""The program as its operator runs it: real processes, the system's clock, and the fakes as the judge."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.domain import token
from bot.domain.message import Verb
from bot.i18n import rest_days

ROOT = Path(__file__).resolve().parents[2]
WITHIN = 60.0  # seconds until something must have come; it mostly takes one
KEY = "live-0123456789abcdef0123456789abcdef"
SLUG = "live-terms"
BOTH_ANSWERS = {Verb.OPT_IN, Verb.OPT_OUT}
NEW = {"sendMessage", "chat.postMessage"}

# Between them there is at every instant of the week a place where people work and it is not near midnight.
ZONES = ("Asia/Kabul", "Africa/Kampala", "Asia/Riyadh", "Asia/Kolkata")
FIRST, LAST = time_of_day(0, 5), time_of_day(23, 0)


def working_zone(now: datetime) -> str:
    """Where people can be written to right now, on a working day, and for the next hour."""
    for zone in ZONES:
        local = now.astimezone(ZoneInfo(zone))
        if local.isoweekday() not in rest_days(zone) and FIRST <= local.time() <= LAST:
            return zone
    raise AssertionError(f"nobody works at {now}")


@dataclass(frozen=True, slots=True)
class Seen:
    """One line of the oracle."""

    line: Mapping[str, Any]

    @property
    def platform(self) -> str:
        return str(self.line["platform"])

    @property
    def chat(self) -> str:
        return str(self.line["chat"])

    @property
    def direction(self) -> str:
        return str(self.line["direction"])

    @property
    def buttons(self) -> Mapping[Verb, str]:
        """What the buttons do, and their data."""
        claims = {data: token.peek(data) for data in self.line["tokens"]}
        return {claim.verb: data for data, claim in claims.items() if claim}

    @property
    def asks(self) -> bool:
        """Whether it is a campaign message: a new one with both answers."""
        return (
            self.direction == "accepted" and self.line["method"] in NEW and set(self.buttons) >= BOTH_ANSWERS
        )

    @property
    def is_to_person(self) -> bool:
        """Whether a person sees it: a new message, or an old one that changed."""
        return self.direction == "accepted" and self.line["message"] is not None


def notices(seen: Sequence[Seen]) -> dict[str, Seen]:
    """The first campaign message of each chat."""
    first: dict[str, Seen] = {}
    for one in seen:
        if one.asks:
            first.setdefault(one.chat, one)
    return first


def receipts(seen: Sequence[Seen]) -> set[str]:
    """The chats that were written to after a tap of theirs had been OKed."""
    answered: set[str] = set()
    told: set[str] = set()
    for one in seen:
        if one.direction == "okayed" and one.buttons.keys() & BOTH_ANSWERS:
            answered.add(one.chat)
        elif one.is_to_person and not one.asks and one.chat in answered:
            told.add(one.chat)
    return told


@dataclass(slots=True)
class Program:
    """The command line in processes of its own, with one environment, in one folder."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def run(self, *words: str) -> str:
        """What the command prints; it has ended well."""
        ended = subprocess.run(
            [sys.executable, "-m", "bot", *words],
            cwd=self.folder,
            env=self._environ(),
            capture_output=True,
            text=True,
            timeout=WITHIN,
            check=False,
        )
        assert ended.returncode == 0, f"tenggat {' '.join(words)}: {ended.stderr}"
        return ended.stdout

    def json(self, *words: str) -> Any:
        return json.loads(self.run(*words, "--json"))

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """The command runs; what it says goes into a file beside the others."""
        return self.spawn([sys.executable, "-m", "bot", *words], log=words[0])

    def spawn(self, command: Sequence[str], *, log: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{log}.log").open("ab") as file:
            process = subprocess.Popen(
                command, cwd=self.folder, env=self._environ(), stdout=file, stderr=subprocess.STDOUT
            )
        self.started.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """The process is gone, without having been asked."""
        process.kill()
        process.wait()
        self.started.remove(process)

    async def until(self, has_come: Callable[[], bool], what: str) -> None:
        """Return when it has come; fail when it does not come in time, or when a process has ended."""
        deadline = time.monotonic() + WITHIN
        while not has_come():
            ended = [process.args for process in self.started if process.poll() is not None]
            assert not ended, f"{what}: {ended} has ended\n{self.logged()}"
            assert time.monotonic() < deadline, f"{what}: not within {WITHIN} s\n{self.logged()}"
            await asyncio.sleep(0.05)

    def logged(self) -> str:
        """Everything that was said by what `start` and `spawn` started."""
        return "\n".join(file.read_text() for file in sorted(self.folder.glob("*.log")))

    def end(self) -> None:
        """Nothing that was started runs any more."""
        for process in self.started:
            process.terminate()
        for process in self.started:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _environ(self) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return {**inherited, "PATH": path, "PYTHONPATH": str(ROOT), **self.environment}


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    program = Program(tmp_path, {"BOT_SECRET_KEY": KEY, "BOT_OPERATOR": "Example Ltd, privacy@example.com"})
    yield program
    program.end()


@pytest.fixture
def begin(program: Program) -> Callable[[Sequence[str], Sequence[str]], None]:
    """Import people, load, approve and start a campaign whose deadline lies ahead and whose hours are open."""

    def act(telegram: Sequence[str], slack: Sequence[str]) -> None:
        now = datetime.now(UTC)
        zone = working_zone(now)
        (program.folder / "people.csv").write_text(_people(telegram, slack, zone), encoding="utf-8")
        (program.folder / "campaign.toml").write_text(_campaign(now, zone), encoding="utf-8")
        program.run("recipients", "import", "people.csv")
        program.run("campaign", "load", "campaign.toml")
        program.run("campaign", "approve", SLUG)
        program.run("campaign", "start", SLUG)

    return act


def _people(telegram: Sequence[str], slack: Sequence[str], zone: str) -> str:
    head = "ref,plan,locale,timezone,registered_at,telegram_chat_id,slack_team_id,slack_user_id"
    rows = [f"t-{chat},pro,en,{zone},2024-01-01,{chat},," for chat in telegram]
    rows += [f"s-{user},free,id,{zone},2024-01-01,,T1,{user}" for user in slack]
    return "\n".join([head, *rows, ""])


def _campaign(now: datetime, zone: str) -> str:
    today = now.astimezone(ZoneInfo(zone)).date()
    return f"""
slug = "{SLUG}"
template = "claude-consumer-terms"
announce = {today}
deadline = {today + timedelta(days=26)}
zone = "{zone}"
authoritative_locale = "id"
link = "https://www.anthropic.com/news/updates-to-our-consumer-terms"
single_operator = true
[audience]
plans = ["free", "pro", "max"]
registered_before = {today}
[hours]
from = "00:00"
to = "23:59"
"""
