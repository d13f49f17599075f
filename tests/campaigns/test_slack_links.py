"""Linking people to Slack by e-mail address, against the fake workspace on a virtual clock."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from bot.campaigns.slack_links import LinkResult, link_slack
from bot.channels.directory import Away, Looked, Member, Nobody
from bot.channels.slack.directory import SlackDirectory
from bot.exceptions import BadFile, ChannelAway, ChannelRefused
from bot.sandbox.faults import Faults
from bot.sandbox.oracle import Oracle
from bot.sandbox.server import Sandbox
from bot.sandbox.slack.workspace import Person
from bot.store import recipients
from bot.store.models import AuditRow
from tests.worlds import World, on_both, on_slack, on_telegram

SLOW_DOWN = '[[fault]]\nmethod = "users.lookupByEmail"\nnth = 2\nwhat = "429:40"\n'


@dataclass(slots=True)
class Office:
    """A workspace whose members the people are, and a file of their addresses."""

    world: World
    sandbox: Sandbox
    file: Path
    token: str = "xoxb-1"

    def hires(self, *numbers: int, deleted: bool = False) -> None:
        named = ((f"U{number}", f"Person {number}", f"p{number}@example.com") for number in numbers)
        self.sandbox.slack.slack.workspace.add(Person(*names, deleted=deleted) for names in named)

    def writes(self, *rows: str) -> None:
        self.file.write_text("\n".join(["ref,email", *rows]) + "\n")

    async def links(self) -> LinkResult:
        """What comes of the file; time passes as it needs."""
        clock = self.world.clock

        async def linking() -> LinkResult:
            async with SlackDirectory(self.token, api=self.sandbox.slack_url) as directory:
                return await link_slack(self.world.database, self.file, directory, clock=clock, by="ann")

        task = asyncio.ensure_future(linking())
        while not task.done():
            await clock.run(clock.now() + timedelta(seconds=5))
        return await task

    @property
    def looked_up(self) -> list[float]:
        """When each look-up was taken, in seconds from the first."""
        entries = [entry.at for entry in self.sandbox.oracle.entries if entry.method == "users.lookupByEmail"]
        return [(at - entries[0]).total_seconds() for at in entries]

    def slack_id(self, number: int) -> str | None:
        places = self.world.run(recipients.get, f"u{number}").addresses
        return next((place.external for place in places if place.workspace), None)

    def rejects(self) -> str:
        return self.file.with_name("mail.rejects.csv").read_text()


@pytest.fixture
async def office(world: World, tmp_path: Path) -> AsyncIterator[Office]:
    async with Sandbox(world.clock, Oracle(world.clock)) as sandbox:
        yield Office(world, sandbox, tmp_path / "mail.csv")


async def test_who_is_a_member_is_linked(office):
    """From then on they can be written to in Slack."""
    office.world.people(on_telegram(1), on_telegram(2, places=()))
    office.hires(1, 2)
    office.writes("u1,p1@example.com", "u2, P2@Example.COM ")

    result = await office.links()

    assert (result.read, result.linked, result.unchanged, result.rejected) == (2, 2, 0, 0)
    assert result.rejects_file is None
    assert (office.slack_id(1), office.slack_id(2)) == ("U1", "U2")


async def test_the_rate_stays_below_slacks(office):
    """Fifty a minute and no more, so that it never comes to a 429."""
    numbers = range(1, 121)
    office.world.people(*(on_telegram(number, places=()) for number in numbers))
    office.hires(*numbers)
    office.writes(*(f"u{number},p{number}@example.com" for number in numbers))

    result = await office.links()

    assert result.linked == 120
    times = office.looked_up
    assert len(times) == 120
    assert all(sum(start <= at < start + 60 for at in times) <= 50 for start in times)


async def test_a_429_is_waited_out_and_costs_nobody_their_row(office, world, tmp_path):
    """Slack says how long."""
    numbers = range(1, 5)
    world.people(*(on_telegram(number, places=()) for number in numbers))
    faults = Faults.parse(SLOW_DOWN, "f")
    async with Sandbox(world.clock, Oracle(world.clock), faults=faults) as sandbox:
        slowed = Office(world, sandbox, tmp_path / "mail.csv")
        slowed.hires(*numbers)
        slowed.writes(*(f"u{number},p{number}@example.com" for number in numbers))
        result = await slowed.links()

        assert result.linked == 4
        assert slowed.looked_up[1] >= 40


async def test_what_is_not_known_goes_to_the_rejects_without_its_address(office):
    """Unknown people, strangers to the workspace, those who have left, another's account, a bad address."""
    office.world.people(*(on_telegram(number, places=()) for number in (1, 2, 3, 4, 5)), on_slack(6))
    office.hires(6, 9)
    office.hires(2, deleted=True)
    rows = [
        "u1,p1@example.com",
        "u2,p2@example.com",
        "u3,nonsense",
        "u4,p6@example.com",
        "nobody,p9@example.com",
    ]
    office.writes(*rows, "u5,p9@example.com", "u5,p9@example.com", ",p9@example.com")

    result = await office.links()

    assert (result.read, result.linked, result.rejected) == (8, 1, 7)
    lines = office.rejects().splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["2", "3", "4", "5", "6", "8", "9"]
    assert "@" not in office.rejects()
    assert "T1" in lines[1]


async def test_an_address_must_be_the_one_that_was_imported(office):
    """A hash of it is enough to know."""
    right = hashlib.sha256(b"p1@example.com").hexdigest()
    office.world.people(
        on_telegram(1, places=(), email_hash=right), on_telegram(2, places=(), email_hash=right)
    )
    office.hires(1, 2)
    office.writes("u1, P1@example.com", "u2,p2@example.com")

    result = await office.links()

    assert (result.linked, result.rejected) == (1, 1)
    assert len(office.looked_up) == 1


async def test_it_goes_on_where_it_was_broken_off(office):
    """Who is linked already costs no call."""
    office.world.people(on_both(1), *(on_telegram(number, places=()) for number in (2, 3)))
    office.hires(1, 2, 3)
    office.writes("u1,p1@example.com", "u2,p2@example.com")
    await office.links()
    office.writes("u1,p1@example.com", "u2,p2@example.com", "u3,p3@example.com")

    result = await office.links()

    assert (result.linked, result.unchanged) == (1, 2)
    assert len(office.looked_up) == 2


async def test_no_address_is_kept_or_logged(office, caplog):
    """Neither in a table nor in a log line, whatever goes wrong."""
    caplog.set_level(logging.DEBUG)
    office.world.people(on_telegram(1, places=()), on_telegram(2, places=()))
    office.hires(1)
    office.writes("u1,p1@example.com", "u2,p2@example.com")

    await office.links()

    assert "@example.com" not in caplog.text
    assert "p1%40" not in caplog.text
    rows = office.world.run(lambda session: [row.model_dump_json() for row in session.exec(select(AuditRow))])
    assert len(rows) == 1
    assert "1 of 2 linked" in rows[0]
    assert "@" not in rows[0]


async def test_a_token_that_slack_refuses_ends_it(office):
    """Nothing can be looked up with it; what to do is said."""
    office.world.people(on_telegram(1, places=()))
    office.writes("u1,p1@example.com")
    office.sandbox.slack.slack.dead = "invalid_auth"

    with pytest.raises(ChannelRefused, match="BOT_SLACK_BOT_TOKEN"):
        await office.links()


async def test_a_missing_scope_is_named(office):
    """The operator adds it to the app."""
    office.world.people(on_telegram(1, places=()))
    office.writes("u1,p1@example.com")
    office.sandbox.slack.slack.scopes = ("chat:write",)

    with pytest.raises(ChannelRefused, match=r"users:read\.email"):
        await office.links()


@pytest.mark.parametrize("text", ["ref\nu1\n", "ref,email,name\nu1,a@b.example,x\n", "", "email;plan\n"])
async def test_a_file_with_other_columns_is_refused(office, text):
    office.file.write_text(text)

    with pytest.raises(BadFile, match="ref, email"):
        await office.links()


async def test_semicolons_and_any_order_will_do(office):
    """As spreadsheets write it."""
    office.world.people(on_telegram(1, places=()))
    office.hires(1)
    office.file.write_text("\ufeffEmail;Ref\np1@example.com;u1\n", encoding="utf-8")

    assert (await office.links()).linked == 1


class Unreliable:
    """A directory that answers as it was told, in order."""

    workspace = "T1"

    def __init__(self, answers: Sequence[Looked]) -> None:
        self.answers = list(answers)

    async def find(self, email: str) -> Looked:
        return self.answers.pop(0)


async def linked_over(world: World, file: Path, *answers: Looked) -> LinkResult:
    task = asyncio.ensure_future(
        link_slack(world.database, file, Unreliable(answers), clock=world.clock, by="ann")
    )
    while not task.done():
        await world.clock.run(world.now + timedelta(seconds=5))
    return await task


async def test_trouble_is_tried_again_a_few_times(world, tmp_path):
    """A connection may break; a Slack that stays away ends it, and what was linked stays linked."""
    world.people(*(on_telegram(number, places=()) for number in (1, 2)))
    file = tmp_path / "mail.csv"
    file.write_text("ref,email\nu1,p1@example.com\nu2,p2@example.com\n")
    away = Away("ClientConnectorError")

    with pytest.raises(ChannelAway, match="ClientConnectorError"):
        await linked_over(world, file, away, away, Member("U1"), *[away] * 5)

    assert [place.external for place in world.run(recipients.get, "u1").addresses] == ["U1"]
    assert (await linked_over(world, file, Nobody())).unchanged == 1
