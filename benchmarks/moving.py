"""How long it takes to move the deadline of a campaign with a queue: `python -m benchmarks.moving [PEOPLE]
[sqlite|postgresql]`. Once with the notices queued, once with the notices sent and a reminder queued for all."""

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert, text

from benchmarks.ledger import database_address
from bot.campaigns import deadline
from bot.campaigns.planner import Planner
from bot.clock import VirtualClock
from bot.domain import campaign as rules
from bot.domain.calendar import NO_REST
from bot.domain.campaign import Campaign, CampaignDocument
from bot.store import campaigns, lanes
from bot.store.database import Database, Session
from bot.store.models import AddressRow, RecipientRow

BEGIN = datetime(2025, 9, 2, 3, tzinfo=UTC)
REMINDED = BEGIN + timedelta(days=14)  # the first reminder is due for everybody
SEPTEMBER, OCTOBER = date(2025, 9, 28), date(2025, 10, 8)
ZONES = ("Asia/Jakarta", "Europe/Paris", "America/New_York", "Asia/Tokyo", "Africa/Cairo")
AT_ONCE = 10_000


def main(count: int, engine: str) -> None:
    with _filled(count, engine) as database:
        print(f"{engine}: {count} people, {_queued(database)} notices queued")
        _timed("move", database, BEGIN)
    with _filled(count, engine) as database:
        database.run(_all_asked)
        _plan(database, BEGIN)
        _plan(database, REMINDED)
        print(f"{engine}: {count} people told the old date, {_queued(database)} reminders queued")
        _timed("move", database, REMINDED)
        begun = time.perf_counter()
        _plan(database, REMINDED)
        seconds = time.perf_counter() - begun
        print(f"planned anew afterwards: {seconds:.2f} s, {_queued(database)} corrections queued so far")


@contextmanager
def _filled(count: int, engine: str) -> Iterator[Database]:
    """So many people, and their notices queued."""
    with (
        tempfile.TemporaryDirectory() as folder,
        database_address(Path(folder), engine) as url,
        Database(url, clock=VirtualClock(BEGIN)) as database,
    ):
        database.migrate()
        _fill(database, count)
        _plan(database, BEGIN)
        yield database


def _timed(what: str, database: Database, now: datetime) -> None:
    """The processor's time stands beside: on a busy machine it tells more."""
    begun, worked = time.perf_counter(), time.process_time()
    database.run(deadline.move, "moving", to=OCTOBER, by="bench", now=now, rest_days=lambda zone: NO_REST)
    wall, used = time.perf_counter() - begun, time.process_time() - worked
    print(f"{what}: {wall:.3f} s, of which this process worked {used:.3f} s")


def _fill(database: Database, count: int) -> None:
    database.run(lanes.register, "telegram:1", now=BEGIN)
    for first in range(0, count, AT_ONCE):
        database.run(_people, range(first + 1, min(first + AT_ONCE, count) + 1))
    draft = database.run(campaigns.add, Campaign(_document()), now=BEGIN)
    started = rules.start(rules.approve(draft, by="bench"), now=BEGIN)
    database.run(campaigns.save, started, now=BEGIN, by="bench")


def _people(session: Session, numbers: range) -> None:
    session.execute(
        insert(RecipientRow),
        [
            {"id": n, "ref": f"u{n}", "plan": "pro", "zone": ZONES[n % len(ZONES)], "imported_at": BEGIN}
            for n in numbers
        ],
    )
    session.execute(
        insert(AddressRow),
        [
            {
                "recipient_id": n,
                "key": f"telegram:{n}",
                "channel": "telegram",
                "external": str(n),
                "reach": "reachable",
                "reachable_since": BEGIN,
            }
            for n in numbers
        ],
    )


def _plan(database: Database, now: datetime) -> None:
    asyncio.run(Planner(database, rest_days=lambda zone: NO_REST).plan(now))


def _all_asked(session: Session) -> None:
    """Every notice was accepted on the day of the announcement, with the date as it was then."""
    session.execute(
        text(
            "UPDATE delivery SET state = 'sent', asked_on = :day, deadline_shown = :shown,"
            " settled_at = created_at, platform_message = 'm' WHERE step = 'notice'"
        ),
        {"day": date(2025, 9, 2).isoformat(), "shown": SEPTEMBER.isoformat()}
        if session.get_bind().dialect.name == "sqlite"
        else {"day": date(2025, 9, 2), "shown": SEPTEMBER},
    )
    session.execute(
        text(
            "INSERT INTO cohort (campaign_id, zone, day_asked, channel, revision)"
            " SELECT DISTINCT d.campaign_id, r.zone, d.asked_on, d.channel, 0"
            " FROM delivery d JOIN recipient r ON r.id = d.recipient_id"
        )
    )


def _queued(database: Database) -> int:
    query = text("SELECT count(*) FROM delivery WHERE state = 'due'")
    return int(database.run(lambda session: session.execute(query).scalar_one()))


def _document() -> CampaignDocument:
    return CampaignDocument(
        slug="moving",
        template="claude-consumer-terms",
        announce=date(2025, 9, 2),
        deadline=SEPTEMBER,
        zone="Asia/Jakarta",
        authoritative_locale="id",
        link="https://example.com",
    )


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    main(next(iter(numbers), 100_000), "postgresql" if "postgresql" in sys.argv else "sqlite")
