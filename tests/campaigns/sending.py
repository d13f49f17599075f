"""A small world: a migrated database, a virtual clock, people, and a running campaign."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bot import i18n, resources
from bot.campaigns.composer import Composer
from bot.campaigns.dispatcher import Dispatcher
from bot.campaigns.planner import plan_segment
from bot.channels.memory import MemoryChannel
from bot.clock import VirtualClock
from bot.domain import campaign as rules
from bot.domain import campaign_file
from bot.domain.campaign import Campaign
from bot.domain.people_file import Imported
from bot.domain.recipient import Address, ChannelName, Plan
from bot.store import campaigns, lanes, recipients
from bot.store.database import Database

START = datetime(2025, 9, 2, 2, tzinfo=UTC)  # 09:00 in Jakarta
LANE = "telegram:1"
KEY = b"k" * 32


@dataclass(slots=True)
class World:
    """Everything that a dispatcher needs."""

    database: Database
    clock: VirtualClock
    campaign: Campaign
    channel: MemoryChannel
    composer: Composer

    def dispatcher(self, *, rate: float = 0, owner: str = "host:1:a", paid_rate: float = 0) -> Dispatcher:
        return Dispatcher(
            self.database,
            self.channel,
            self.composer,
            clock=self.clock,
            owner=owner,
            key=KEY,
            rate=rate,
            rest_days=i18n.rest_days,
            paid_rate=paid_rate,
        )

    async def drain(self, dispatcher: Dispatcher, until: datetime | None = None) -> None:
        """The dispatcher has drained its lane, in virtual time."""
        import asyncio

        draining = asyncio.ensure_future(dispatcher.drain())
        await self.clock.run(until or self.clock.now())
        while not draining.done():
            instant = self.clock.next_instant()
            await self.clock.run(instant or self.clock.now())
        await draining

    def plan(self) -> int:
        return self.database.run(plan_segment, now=self.clock.now(), rest_days=i18n.rest_days).rows

    def import_people(self, *people: Imported) -> None:
        self.database.run(recipients.put, people, now=self.clock.now())


def person(number: int, *, zone: str = "Asia/Jakarta", locale: str = "id", plan: Plan = Plan.PRO) -> Imported:
    place = Address(ChannelName.TELEGRAM, str(1000 + number))
    return Imported(f"u-{number}", plan, locale, zone, date(2024, 1, 1), (place,))


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    clock = VirtualClock(START)
    with Database(f"sqlite:///{tmp_path}/world.db", clock=clock) as opened:
        opened.migrate()
        yield opened


@pytest.fixture
def make_world(sqlite: Database) -> Callable[[int], World]:
    """A world with so many people, all of them due their notice now."""

    def make(people: int) -> World:
        clock = sqlite.clock
        assert isinstance(clock, VirtualClock)
        document = campaign_file.parse(
            (resources.examples() / "claude-consumer-terms.toml").read_text(encoding="utf-8"), "example"
        )
        sqlite.run(lanes.register, LANE, now=clock.now())
        sqlite.run(recipients.put, [person(number) for number in range(people)], now=clock.now())
        draft = sqlite.run(campaigns.add, Campaign(replace(document, single_operator=True)), now=clock.now())
        started = rules.start(rules.approve(draft, by="admin"), now=clock.now())
        campaign = sqlite.run(campaigns.save, started, now=clock.now(), by="admin")
        composer = Composer(i18n.Catalogs.load(resources.locales()), operator="Contoh Operator")
        world = World(sqlite, clock, campaign, MemoryChannel(LANE), composer)
        world.plan()
        return world

    return make
