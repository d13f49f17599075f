"""The ingress over a real database and both fakes; requests reach it in process, as bytes."""

import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from sqlmodel import select

from bot.app import Reception, receiving
from bot.clock import VirtualClock
from bot.config import Settings
from bot.sandbox.oracle import Direction, Entry, Oracle
from bot.sandbox.server import Sandbox
from bot.sandbox.slack.http_events import sign
from bot.store.database import Database
from bot.store.models import InboxRow
from bot.web.ingress import ingress
from bot.web.proof import telegram_path, telegram_secret
from bot.web.staff import counting
from tests.web.desk import ComeIn, at_the_door, drafted

START = datetime(2025, 9, 2, 3, tzinfo=UTC)
KEY = "0123456789abcdef0123456789abcdef"
SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
TELEGRAM, SLACK = "telegram:123456", "slack:T1"
PATH = f"/telegram/{telegram_path(KEY.encode(), TELEGRAM)}"
SECRET = telegram_secret(KEY.encode(), TELEGRAM)
EVENTS, INTERACTIONS, COMMANDS = "/slack/events", "/slack/interactions", "/slack/commands"
JSON_TYPE, FORM_TYPE = "application/json", "application/x-www-form-urlencoded"


@dataclass(slots=True)
class Platforms:
    """What the platforms post to the ingress, and what stands in the inbox afterwards."""

    client: httpx.AsyncClient
    reception: Reception
    sandbox: Sandbox
    clock: VirtualClock

    async def telegram(
        self, update: object, *, path: str = PATH, secret: str | None = SECRET
    ) -> httpx.Response:
        """Telegram delivers `update` (bytes as they are)."""
        headers = {"Content-Type": JSON_TYPE}
        if secret is not None:
            headers["X-Telegram-Bot-Api-Secret-Token"] = secret
        return await self.client.post(path, content=_bytes(update), headers=_as_bytes(headers))

    async def slack(
        self,
        body: bytes,
        *,
        path: str = EVENTS,
        kind: str = JSON_TYPE,
        skew: timedelta = timedelta(),
        **headers: str,
    ) -> httpx.Response:
        """Slack posts `body`, signed so much off the time."""
        stamp = str(int((self.clock.now() + skew).timestamp()))
        signed = {
            "Content-Type": kind,
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": sign(SIGNING_SECRET, stamp, body),
        }
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post(path, content=body, headers=_as_bytes(signed | given))

    async def slack_event(self, payload: object) -> httpx.Response:
        return await self.slack(_bytes(payload))

    async def slack_tap(self, payload: object) -> httpx.Response:
        body = urlencode({"payload": json.dumps(payload)}).encode()
        return await self.slack(body, path=INTERACTIONS, kind=FORM_TYPE)

    async def slack_command(self, payload: Mapping[str, object]) -> httpx.Response:
        return await self.slack(urlencode(payload).encode(), path=COMMANDS, kind=FORM_TYPE)

    def issued(self) -> Mapping[str, object]:
        """The payload of what a fake platform issued last."""
        return self._last(Direction.ISSUED).payload

    def told(self, method: str) -> list[Mapping[str, object]]:
        """The arguments of what was asked of a platform by `method`."""
        return [
            entry.payload
            for entry in self.sandbox.oracle.entries
            if entry.direction is Direction.ACCEPTED and entry.method == method
        ]

    def said(self, method: str) -> list[str]:
        """The texts that people were shown by `method`."""
        return [entry.text for entry in self.sandbox.oracle.entries if entry.method == method]

    def inbox(self) -> list[InboxRow]:
        """Every row, oldest first."""
        return self.reception.database.run(
            lambda session: [row.model_copy() for row in session.exec(select(InboxRow))]
        )

    @contextmanager
    def nothing_can_be_stored(self) -> Iterator[None]:
        """The database answers, but takes nothing."""
        file = str(self.reception.database.url.database)
        _execute(file, "ALTER TABLE inbox RENAME TO lost")
        try:
            yield
        finally:
            _execute(file, "ALTER TABLE lost RENAME TO inbox")

    def _last(self, direction: Direction) -> Entry:
        return next(e for e in reversed(self.sandbox.oracle.entries) if e.direction is direction)


def message(number: object = 1, *, text: str = "halo", sender: object = 42) -> dict[str, object]:
    """An update in which a person says something."""
    person = {"id": sender, "is_bot": False, "first_name": "Ani"}
    chat = {"id": sender, "type": "private", "first_name": "Ani"}
    said = {"message_id": 5, "date": 1756782000, "chat": chat, "from": person, "text": text}
    return {"update_id": number, "message": said}


def event(key: str = "Ev1", *, text: str = "halo", user: str = "U1") -> dict[str, object]:
    """An event in which a person says something."""
    said = {
        "type": "message",
        "channel": "D1",
        "channel_type": "im",
        "user": user,
        "text": text,
        "ts": "1756782000.000100",
        "event_ts": "1756782000.000100",
    }
    return {"type": "event_callback", "team_id": "T1", "event_id": key, "event": said}


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page waits for its figures, however slow the machine is just now."""
    monkeypatch.setattr(counting, "PATIENCE", 30.0)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy."""
    file: Path = tmp_path_factory.mktemp("web") / "empty.db"
    with Database(f"sqlite:///{file}", clock=VirtualClock(START)) as database:
        database.migrate()
    _execute(str(file), "PRAGMA wal_checkpoint(TRUNCATE)")
    return file


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START)


@pytest.fixture
async def sandbox(clock: VirtualClock) -> AsyncIterator[Sandbox]:
    async with Sandbox(clock, Oracle(clock)) as sandbox:
        yield sandbox


@pytest.fixture
def settings(sandbox: Sandbox, migrated: Path, tmp_path: Path) -> Settings:
    (tmp_path / "web.db").write_bytes(migrated.read_bytes())
    return Settings(
        database_url=f"sqlite:///{tmp_path}/web.db",
        secret_key=KEY,
        telegram_token="123456:AAcanary_token-never_to_be_seen",
        telegram_api=sandbox.telegram_url,
        slack_bot_token="xoxb-canary",
        slack_api=sandbox.slack_url,
        slack_signing_secret=SIGNING_SECRET,
    )


@pytest.fixture
async def reception(settings: Settings, clock: VirtualClock) -> AsyncIterator[Reception]:
    async with receiving(settings, clock=clock) as reception:
        yield reception


@pytest.fixture
async def platforms(reception: Reception, sandbox: Sandbox, clock: VirtualClock) -> AsyncIterator[Platforms]:
    transport = httpx.ASGITransport(ingress(reception).app)
    async with httpx.AsyncClient(transport=transport, base_url="http://ingress") as client:
        yield Platforms(client, reception, sandbox, clock)


@pytest.fixture
async def campaign(reception: Reception) -> str:
    """A draft."""
    return await drafted(reception)


@pytest.fixture
async def come_in(reception: Reception, campaign: str) -> AsyncIterator[ComeIn]:
    """Lets somebody in this role in at the staff pages; there is one campaign."""
    async with at_the_door(reception) as come_in:
        yield come_in


@pytest.fixture
def locked(reception: Reception) -> Callable[[], sqlite3.Connection]:
    """Lock the database as another process may; close the connection to free it."""

    def lock() -> sqlite3.Connection:
        connection = sqlite3.connect(str(reception.database.url.database), isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        return connection

    return lock


def _bytes(content: object) -> bytes:
    return content if isinstance(content, bytes) else json.dumps(content).encode()


def _as_bytes(headers: Mapping[str, str]) -> dict[bytes, bytes]:
    """As they come over a socket, where anything may stand in them."""
    return {name.encode(): value.encode("latin-1") for name, value in headers.items()}


def _execute(file: str, statement: str) -> None:
    connection = sqlite3.connect(file)
    connection.execute(statement)
    connection.close()
