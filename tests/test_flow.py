"""The ways that fairness takes for granted are those that the bot has: as many taps either way, and no more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bot import resources
from bot.app import opened
from bot.campaigns import service
from bot.clock import VirtualClock
from bot.config import Settings
from bot.domain import campaign_file
from bot.domain.choice import ChoiceValue
from bot.domain.fairness import FLOW, Deed, Turn
from bot.domain.fairness import Path as Way
from bot.domain.people_file import Imported
from bot.domain.recipient import Address, ChannelName, Plan
from bot.sandbox.oracle import Oracle
from bot.sandbox.server import Sandbox
from bot.sandbox.telegram.chats import SentMessage
from bot.store import choices, recipients
from bot.store.database import Database

START = datetime(2025, 9, 2, 2, tzinfo=UTC)
CHAT = 101
ROWS = {Deed.OPT_IN: 0, Deed.OPT_OUT: 1, Deed.LATER: 2}


@dataclass(slots=True)
class Talk:
    """One person's chat with the bot."""

    clock: VirtualClock
    sandbox: Sandbox
    database: Database
    seen: list[SentMessage] = field(default_factory=list)

    async def wait(self) -> None:
        await self.clock.run(self.clock.now() + timedelta(minutes=1))

    async def tap(self, row: int) -> None:
        message = self.seen[-1]
        self.sandbox.telegram.tap(CHAT, message.message_id, message.buttons[row][0].value)
        await self.wait()

    async def write(self, text: str) -> None:
        self.sandbox.telegram.say(CHAT, text)
        await self.wait()

    def chosen(self) -> list[ChoiceValue]:
        person = self.database.run(recipients.get, "u-1")
        return [kept.record.value for kept in self.database.run(choices.history, person.id)]


@asynccontextmanager
async def asked(folder: Path) -> AsyncIterator[Talk]:
    """Somebody who has just got the notice."""
    clock = VirtualClock(START)
    async with Sandbox(clock, Oracle(clock)) as sandbox:
        settings = Settings(
            database_url=f"sqlite:///{folder}/flow.db",
            secret_key="k" * 40,
            telegram_token="123:" + "a" * 35,
            telegram_api=sandbox.telegram_url,
        )
        with Database(settings.database_url, clock=clock) as database:
            database.migrate()
            place = Address(ChannelName.TELEGRAM, str(CHAT))
            person = Imported("u-1", Plan.PRO, "id", "Asia/Jakarta", date(2024, 1, 1), (place,))
            database.run(recipients.put, [person], now=START)
            text = (resources.examples() / "claude-consumer-terms.toml").read_text(encoding="utf-8")
            document = campaign_file.parse(text, "example")
            database.run(service.load, document, author="ann", now=START)
            database.run(service.approve, document.slug, by="bob", now=START)
            database.run(service.start, document.slug, by="bob", now=START)
            talk = Talk(clock, sandbox, database)
            sandbox.telegram.on_message = talk.seen.append
            async with opened(settings, clock=clock, jumps=True) as app:
                serving = asyncio.ensure_future(app.run())
                try:
                    await talk.wait()
                    yield talk
                finally:
                    serving.cancel()
                    with suppress(asyncio.CancelledError, ExceptionGroup):
                        await serving


@pytest.mark.parametrize("way", FLOW.answers, ids=lambda way: way.end.value)
async def test_an_answer_is_one_tap_away(tmp_path: Path, way: Way) -> None:
    """Either one, and nothing is asked in between."""
    async with asked(tmp_path) as talk:
        await talk.tap(ROWS[way.end])

        assert way.turns == (Turn.TAP,)
        assert talk.chosen() == [way.end.value]


@pytest.mark.parametrize("way", FLOW.changes, ids=lambda way: way.end.value)
async def test_a_change_of_mind_is_one_tap_away(tmp_path: Path, way: Way) -> None:
    """The receipt has the other answer for its first button."""
    first = Deed.OPT_OUT if way.end is Deed.OPT_IN else Deed.OPT_IN
    async with asked(tmp_path) as talk:
        await talk.tap(ROWS[first])
        await talk.tap(0)

        assert way.turns == (Turn.TAP,)
        assert talk.chosen() == [first.value, way.end.value]


async def test_later_leads_to_a_pause_and_no_choice(tmp_path: Path) -> None:
    """Two taps: later, and until when; both answers stay at hand."""
    [way] = [way for way in FLOW.others if way.end is Deed.LATER]
    async with asked(tmp_path) as talk:
        await talk.tap(ROWS[Deed.LATER])
        await talk.tap(2)

        assert way.turns == (Turn.TAP, Turn.TAP)
        assert talk.chosen() == []
        assert len(talk.seen[-1].buttons) >= 2


async def test_to_stop_the_messages_is_no_answer(tmp_path: Path) -> None:
    """One word, and the register stays as it was."""
    [way] = [way for way in FLOW.others if way.end is Deed.STOP]
    async with asked(tmp_path) as talk:
        await talk.write("berhenti")

        assert way.turns == (Turn.WORDS,)
        assert talk.chosen() == []
