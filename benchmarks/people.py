"""A database with a running campaign, and so many people of whom everybody is due their notice."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

from sqlalchemy import insert

from bot import resources
from bot.campaigns.planner import Planner
from bot.clock import SystemClock
from bot.domain import campaign as rules
from bot.domain import campaign_file
from bot.domain.campaign import Campaign, Hours
from bot.domain.recipient import Address, ChannelName, Plan, Reach
from bot.store import campaigns, lanes
from bot.store.claims import no_rest
from bot.store.database import Database, Session
from bot.store.models import AddressRow, RecipientRow
from bot.store.statistics import count_anew

TELEGRAM, SLACK = "telegram:1", "slack:T1"
ZONES = ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura", "Asia/Tokyo", "Africa/Cairo", "Europe/Paris")
LOCALES = ("id", "en", "zh", "ja", "ar", "fr")
AT_ONCE = 50_000


def fill(
    database: Database, count: int, *, channel: ChannelName = ChannelName.TELEGRAM, lanes_of: int = 1
) -> Campaign:
    """So many people in six languages and six zones, all reachable, and a campaign that runs."""
    now = database.clock.now()
    for number in range(1, lanes_of + 1):
        database.run(lanes.register, f"{channel.value}:{_place(channel)}{number}", now=now)
    for first in range(1, count + 1, AT_ONCE):
        database.run(_people, first, min(first + AT_ONCE - 1, count), channel, lanes_of, now)
    database.run(count_anew, count, RecipientRow, AddressRow)
    source = (resources.examples() / "claude-consumer-terms.toml").read_text(encoding="utf-8")
    document = replace(
        campaign_file.parse(source, "example"),
        single_operator=True,
        announce=(now - timedelta(days=2)).date(),
        deadline=(now + timedelta(days=30)).date(),
        hours=Hours(time(0), time(23, 59)),
    )
    draft = database.run(campaigns.add, Campaign(document), now=now)
    started = rules.start(rules.approve(draft, by="bench"), now=now)
    return database.run(campaigns.save, started, now=now, by="bench")


def add_people(database: Database, first: int, last: int) -> None:
    """The people with these numbers are there as well, for the planner to find."""
    now = database.clock.now()
    for start in range(first, last + 1, AT_ONCE):
        database.run(_people, start, min(start + AT_ONCE - 1, last), ChannelName.TELEGRAM, 1, now)
    database.run(campaigns.audience_changed)


async def plan(database: Database) -> int:
    """Everything due is in the outbox; how many rows that made."""
    return await Planner(database, rest_days=no_rest).plan(database.clock.now())


def opened(url: str) -> Database:
    """A database by the machine's own clock."""
    return Database(url, clock=SystemClock())


def _place(channel: ChannelName) -> str:
    return "T" if channel is ChannelName.SLACK else ""


def _people(
    session: Session, first: int, last: int, channel: ChannelName, lanes_of: int, now: datetime
) -> None:
    telegram = channel is ChannelName.TELEGRAM
    people, places = [], []
    for number in range(first, last + 1):
        team = None if telegram else f"T{1 + number % lanes_of}"
        place = Address(channel, str(10_000 + number) if telegram else f"U{number}", team)
        people.append(
            {
                "id": number,
                "ref": f"u{number}",
                "plan": Plan.PRO.value,
                "zone": ZONES[number % len(ZONES)],
                "locale": LOCALES[number // 7 % len(LOCALES)],
                "registered_on": date(2024, 1, 1),
                "imported_at": now,
            }
        )
        places.append(
            {
                "id": number,
                "recipient_id": number,
                "key": place.key,
                "channel": channel.value,
                "external": place.external,
                "workspace": team,
                "reach": Reach.REACHABLE.value,
                "reachable_since": now,
            }
        )
    session.execute(insert(RecipientRow), people)
    session.execute(insert(AddressRow), places)
