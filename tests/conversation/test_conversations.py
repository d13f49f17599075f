"""What is said, what is answered to it and what is stored: `conversations.csv`, on both fakes, in six languages.

A row's `before` is how the person stands: `asked`, `allowed` or `refused` (has answered), `stopped`, `over`
(the deadline has passed), `new` (registered later). `said` are words, a `/command`, or a `[button]`.
`answered` names the message, by the names of `tests/words.py`. `stored` is every answer kept, the first one
first, after `muted` if messages are off.
"""

import asyncio
import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from bot.clock import VirtualClock
from bot.domain.choice import ChoiceValue
from bot.domain.message import Verb
from bot.domain.recipient import ChannelName
from bot.i18n import LOCALES
from bot.store.database import Database
from tests.conversation.chats import BEFORE, CHANNELS, OVER, Actor, Chats, Shown, chats
from tests.words import replies, template, words
from tests.worlds import Shelf

FILE = Path(__file__).with_name("conversations.csv")
ANSWERED = {"allowed": Verb.OPT_IN, "refused": Verb.OPT_OUT}


@dataclass(frozen=True, slots=True)
class Row:
    """A conversation of one turn."""

    locale: str
    before: str
    said: str
    answered: str
    stored: str


@dataclass(frozen=True, slots=True)
class Played:
    """What came of it."""

    shown: tuple[Shown, ...]
    stored: str
    locale: str | None


ROWS = [Row(**row) for row in csv.DictReader(FILE.read_text(encoding="utf-8").splitlines())]


@pytest.fixture(scope="module")
def played(shelf: Shelf, migrated_file: Path) -> Mapping[tuple[Row, ChannelName], Played]:
    """All of them, each with a person of its own, in one run of the application."""
    clock = VirtualClock(BEFORE)
    return asyncio.run(_play(shelf.take(shelf.renew(migrated_file), clock, inline=True), clock))


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.locale}-{row.before}-{row.said}")
def test_a_conversation(played, row, channel):
    """Answered as it should be, in the person's language, and stored as it was meant."""
    came = played[row, channel]

    assert came.shown, "no answer"
    assert any(_is(row.answered, shown.text, row.locale) for shown in came.shown), came.shown[-1].text
    assert came.stored == row.stored
    assert came.locale == row.locale


def test_the_table_is_large_and_even():
    """At least 120 conversations, as many in each language."""
    per_locale = Counter(row.locale for row in ROWS)

    assert len(ROWS) >= 120
    assert len(set(ROWS)) == len(ROWS)
    assert set(per_locale) == set(LOCALES)
    assert len(set(per_locale.values())) == 1


async def _play(database: Database, clock: VirtualClock) -> dict[tuple[Row, ChannelName], Played]:
    async with chats(database, clock, limited=False) as opened:
        actors = {
            (row, channel): _actor(opened, row, channel, number)
            for number, row in enumerate(ROWS)
            for channel in CHANNELS
        }
        async with opened.asked():
            await _prepare(opened, actors)
            now = {key: actor for key, actor in actors.items() if key[0].before != "over"}
            results = await _act(opened, now)
            await opened.until(OVER)
            late = {key: actor for key, actor in actors.items() if key[0].before == "over"}
            return results | await _act(opened, late)


def _actor(opened: Chats, row: Row, channel: ChannelName, number: int) -> Actor:
    registered = date(2025, 9, 1) if row.before == "new" else date(2024, 5, 1)
    return opened.actor(channel, f"u-{channel}-{number}", locale=row.locale, registered=registered)


async def _prepare(opened: Chats, actors: Mapping[tuple[Row, ChannelName], Actor]) -> None:
    for (row, _), actor in actors.items():
        if row.before in ANSWERED:
            actor.taps(ANSWERED[row.before])
        elif row.before == "stopped":
            actor.commands("stop")
    await opened.wait()


async def _act(
    opened: Chats, actors: Mapping[tuple[Row, ChannelName], Actor]
) -> dict[tuple[Row, ChannelName], Played]:
    before = {key: len(actor.seen) for key, actor in actors.items()}
    for (row, _), actor in actors.items():
        _say(actor, row.said)
    await opened.wait()
    return {
        key: Played(tuple(actor.since(before[key])), _stored(actor), actor.recipient.locale)
        for key, actor in actors.items()
    }


def _say(actor: Actor, said: str) -> None:
    if said.startswith("["):
        actor.taps(Verb[said.strip("[]").upper()])
    elif said.startswith("/"):
        actor.commands(said.removeprefix("/"))
    else:
        actor.says(said)


def _stored(actor: Actor) -> str:
    muted = ["muted"] if actor.recipient.muted_at else []
    return " ".join([*muted, *actor.history])


def _is(name: str, text: str, locale: str) -> bool:
    """Whether this is the message of that name, in this language."""
    kind, _, value = name.rpartition(" ")
    if value not in set(ChoiceValue):
        return text.startswith(replies(locale)[name].headline)
    said = words(locale)
    label = template(locale).label(ChoiceValue(value))
    recorded = said.gettext("Recorded: {choice}.", choice=label)
    if kind == "on record":
        return said.gettext("Your choice on record: {choice}.", choice=label) in text
    if kind == "late":
        told = said.gettext("Your answer came after the deadline; it is recorded all the same.")
        return recorded in text and told in text
    return recorded in text
