"""A migrated database, on either engine, and short words for what tests do with it."""

import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pytest
from sqlmodel import SQLModel

from bot.campaigns import planner
from bot.clock import VirtualClock
from bot.domain import campaign as rules
from bot.domain.calendar import local_date
from bot.domain.campaign import Campaign, CampaignDocument, CampaignState
from bot.domain.choice import ChoiceRecord, ChoiceValue, Control
from bot.domain.delivery import Accepted, DeliveryState, InDoubt, Outcome, settle
from bot.domain.people_file import Imported
from bot.domain.pseudonym import pseudonym
from bot.domain.recipient import Address, Audience, ChannelName, Plan
from bot.domain.step import StepKind
from bot.store import campaigns, choices, claims, deliveries, lanes, outbox, recipients
from bot.store.claims import Outgoing
from bot.store.database import Database
from bot.store.deliveries import Logged
from bot.store.lanes import Lease
from bot.store.outbox import Settled
from bot.store.recipients import Verdict

T = TypeVar("T")

TELEGRAM, SLACK = "telegram:1", "slack:T1"
ANNOUNCED = date(2025, 9, 2)
DEADLINE = date(2025, 9, 28)
BEFORE = datetime(2025, 9, 1, 12, tzinfo=UTC)
MORNING = datetime(2025, 9, 2, 3, tzinfo=UTC)  # 10:00 in Jakarta
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # where it makes no difference
SATURDAY_AND_SUNDAY = frozenset({6, 7})


def rest_days(zone: str) -> frozenset[int]:
    """The week-end, wherever."""
    return SATURDAY_AND_SUNDAY


def document(slug: str = "terms", **changes: Any) -> CampaignDocument:
    """A campaign's document like that of the shipped one."""
    return replace(
        CampaignDocument(
            slug=slug,
            template="claude-consumer-terms",
            announce=ANNOUNCED,
            deadline=DEADLINE,
            zone="Asia/Jakarta",
            authoritative_locale="id",
            link="https://example.com/terms",
            audience=Audience(registered_before=date(2025, 8, 28)),
        ),
        **changes,
    )


def on_telegram(number: int = 1, **changes: Any) -> Imported:
    """Somebody with a Telegram chat."""
    return _person(f"u{number}", (Address(ChannelName.TELEGRAM, str(1_000 + number)),), changes)


def on_slack(number: int = 1, **changes: Any) -> Imported:
    """Somebody in the Slack workspace."""
    return _person(f"u{number}", (Address(ChannelName.SLACK, f"U{number}", workspace="T1"),), changes)


def on_both(number: int = 1, **changes: Any) -> Imported:
    """Somebody on both channels."""
    return _person(f"u{number}", (*on_telegram(number).places, *on_slack(number).places), changes)


def _person(ref: str, places: tuple[Address, ...], changes: dict[str, Any]) -> Imported:
    person = Imported(
        ref, Plan.PRO, locale="en", zone="Asia/Jakarta", registered_on=date(2024, 5, 1), places=places
    )
    return replace(person, **changes)


class World:
    """A database with what stands in it; `now` is what its clock shows."""

    def __init__(self, database: Database, clock: VirtualClock) -> None:
        self.database = database
        self.clock = clock
        self.run(lanes.register, TELEGRAM, now=self.now)
        self.run(lanes.register, SLACK, now=self.now)

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def at(self, instant: datetime) -> "World":
        """The clock shows this instant now."""
        self.clock._now = instant  # a clock that is a variable
        return self

    def run(self, function: Callable[..., T], *args: object, **kwargs: object) -> T:
        """What the function of a session returns, committed."""
        return self.database.run(function, *args, **kwargs)

    def people(self, *rows: Imported) -> list[Verdict]:
        """These are imported."""
        return self.run(recipients.put, rows, now=self.now)

    def campaign(self, slug: str = "terms", *, running: bool = True, **changes: Any) -> Campaign:
        """A campaign is there, approved and started."""
        added = self.run(campaigns.add, Campaign(document(slug, **changes)), now=self.now)
        if not running:
            return added
        return self.save(rules.start(rules.approve(added, by="bob"), now=self.now))

    def save(self, campaign: Campaign) -> Campaign:
        """The campaign stands so."""
        return self.run(campaigns.save, campaign, now=self.now, by="bob")

    def plan(self) -> int:
        """Everything due is in the outbox; how many rows that made."""
        rows = 0
        while True:
            done = self.run(planner.plan_segment, now=self.now, rest_days=rest_days)
            rows += done.rows
            if not done.more:
                return rows

    def lease(self, lane: str = TELEGRAM, owner: str = "worker") -> Lease:
        """The lane is this owner's."""
        lease = self.run(lanes.acquire, lane, owner=owner, now=self.now)
        assert lease is not None
        return lease

    def claim(self, lane: str = TELEGRAM, *, limit: int = 50, lease: Lease | None = None) -> list[Outgoing]:
        """What of the lane may be begun now."""
        return self.run(claims.claim, lease or self.lease(lane), now=self.now, limit=limit)

    def settle(self, claimed: Iterable[Outgoing], outcome: Outcome | None = None) -> int:
        """Each claimed delivery had this outcome (else it was accepted); how many were saved."""
        return self.run(outbox.save, [self.settled(outgoing, outcome) for outgoing in claimed], now=self.now)

    def settled(self, outgoing: Outgoing, outcome: Outcome | None = None) -> Settled:
        """What the dispatcher would save."""
        after = settle(outgoing.delivery, outcome or Accepted(f"m{outgoing.delivery.id}"), now=self.now)
        is_sent = after.state is DeliveryState.SENT
        is_asked = is_sent and outgoing.kind is StepKind.NOTICE
        campaign = outgoing.campaign
        return Settled(
            after,
            asked_on=local_date(self.now, outgoing.zone or "UTC") if is_asked else None,
            deadline_shown=campaign.document.deadline if campaign and is_sent else None,
            unsure=isinstance(outcome, InDoubt),
        )

    def send(self, *channels: str) -> list[str]:
        """Everything due is planned, claimed and accepted; the names of the steps that went out."""
        self.plan()
        steps = []
        for lane in channels or (TELEGRAM, SLACK):
            while claimed := self.claim(lane):
                self.settle(claimed)
                steps += [outgoing.delivery.step for outgoing in claimed]
        return steps

    def log(self, ref: str | None = None) -> list[Logged]:
        """The delivery log, of one person or of all."""
        found: Sequence[Logged] = self.run(deliveries.find)
        return [row for row in found if ref in (None, row.recipient)]

    def states(self, ref: str | None = None) -> dict[str, str]:
        """Step and state of each campaign row."""
        return {row.step: row.state.value for row in self.log(ref) if row.kind is not StepKind.REPLY}

    def answer(
        self, ref: str = "u1", value: ChoiceValue = ChoiceValue.OPT_OUT, *, slug: str = "terms", **more: Any
    ) -> ChoiceRecord:
        """The person has answered."""
        person, campaign = self.run(recipients.get, ref), self.run(campaigns.get, slug)
        record = ChoiceRecord(
            recipient=pseudonym(b"tests", ref),
            campaign=slug,
            revision=campaign.revision,
            value=value,
            channel=ChannelName.TELEGRAM,
            identity=TELEGRAM,
            control=Control.BUTTON,
            locale="en",
            receipt=f"TEN-{uuid.uuid4().hex}",
            received_at=self.now,
            recorded_at=self.now,
        )
        record = replace(record, **more)
        self.run(
            choices.add,
            record,
            recipient_id=person.id,
            campaign_id=campaign.id,
            random_bytes=lambda size: b"\x07" * size,
        )
        return record

    def mute(self, ref: str = "u1") -> None:
        """The person wants no more messages."""
        self.run(recipients.mute, self.run(recipients.get, ref).id, now=self.now)

    def pause(self, slug: str = "terms") -> Campaign:
        """The campaign is paused."""
        return self.save(replace(self.run(campaigns.get, slug), state=CampaignState.PAUSED))


def jakarta(day: int, hour: int = 9, minute: int = 0, *, month: int = 9) -> datetime:
    """An instant by Jakarta's clock, in 2025."""
    return datetime(2025, month, day, hour, minute, tzinfo=UTC) - timedelta(hours=7)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database with all tables and nothing in them."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    with Database(f"sqlite:///{path}", clock=VirtualClock(BEFORE)) as made:
        made.migrate()
    return path


@pytest.fixture(scope="session")
def migrated_server(postgres_server: str) -> str:
    """The address of a PostgreSQL database with all tables and nothing in them."""
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE migrated")
    url = _engine_url(postgres_server, "migrated")
    with Database(url, clock=VirtualClock(BEFORE)) as made:
        made.migrate()
    return url


class Shelf:
    """Databases that stay open from test to test: what a statement compiles to is worked out once."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "tenggat.db"
        self._open: dict[str, Database] = {}

    def take(self, url: str, clock: VirtualClock, *, inline: bool = False) -> Database:
        """The database at this address, under this clock; it is not for its taker to close."""
        key = f"{url} {inline}"
        if key not in self._open:
            self._open[key] = Database(url, clock=clock, inline=inline)
        taken = self._open[key]
        taken.clock = clock  # a clock that is a variable
        return taken

    def renew(self, migrated: Path) -> str:
        """The address of the SQLite database; there is nothing in its tables any more."""
        for taken in self._open.values():
            taken.engine.dispose()
        for left in self.file.parent.glob(f"{self.file.name}*"):
            left.unlink()
        shutil.copy(migrated, self.file)
        return f"sqlite:///{self.file}"

    def close(self) -> None:
        for taken in self._open.values():
            taken.close()


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """Where open databases stand between tests."""
    made = Shelf(tmp_path_factory.mktemp("shelf"))
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a migrated database, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    url: str = request.getfixturevalue("migrated_server")
    yield url
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        tables = ", ".join(table.name for table in SQLModel.metadata.sorted_tables)
        connection.execute(f"TRUNCATE {tables} RESTART IDENTITY".encode())
        connection.execute("TRUNCATE engine.procrastinate_jobs, engine.procrastinate_workers CASCADE")


@pytest.fixture
def sqlite_url(shelf: Shelf, migrated_file: Path) -> str:
    """The address of a migrated SQLite database."""
    return shelf.renew(migrated_file)


@pytest.fixture
def database(database_url: str, shelf: Shelf) -> Database:
    """A migrated database, once on SQLite and once on PostgreSQL."""
    return shelf.take(database_url, VirtualClock(BEFORE))


@pytest.fixture
def world(database: Database) -> World:
    """A database with two lanes, on the day before the announcement."""
    clock = database.clock
    assert isinstance(clock, VirtualClock)
    return World(database, clock)


def _engine_url(server: str, name: str) -> str:
    return server.replace("postgresql://", "postgresql+psycopg://").replace("/postgres?", f"/{name}?")
