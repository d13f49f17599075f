"""Pausing and resuming, as the platform sees it, when another process does it."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.campaigns import service
from bot.domain.message import Verb
from bot.i18n import rest_days
from bot.sandbox.oracle import Direction, Entry
from tests.conversation.chats import SLUG, TELEGRAM, Chats

WINDOW = datetime(2025, 9, 2, 2, tzinfo=UTC)  # nine in Jakarta, on the day of the announcement
A_SECOND = timedelta(seconds=1)


async def test_nothing_is_begun_later_than_a_second_after_another_process_paused_it(chats: Chats) -> None:
    """Each message looks at the campaign again when its turn has come."""
    paused = await _paused_half_way(chats)

    sent = _campaign_messages(chats)
    assert 0 < len(sent) < 30
    assert all((entry.begun or entry.at) - paused <= A_SECOND for entry in sent)


async def test_a_resume_sends_the_latest_step_only(chats: Chats) -> None:
    """Two reminders fell due meanwhile; nobody gets more than one message for it."""
    await _paused_half_way(chats)
    before = len(_campaign_messages(chats))

    async with chats.running():
        await chats.until(datetime(2025, 9, 23, 3, tzinfo=UTC))
    assert len(_campaign_messages(chats)) == before
    chats.run(service.resume, SLUG, by="other", now=chats.clock.now(), rest_days=rest_days)
    async with chats.running():
        await chats.wait(timedelta(hours=5))

    after = Counter(entry.chat for entry in _campaign_messages(chats)[before:])
    assert len(after) == 30
    assert set(after.values()) == {1}


async def _paused_half_way(chats: Chats) -> datetime:
    """Thirty people are to be asked, two a second, and six seconds later the campaign is paused."""
    for number in range(30):
        chats.actor(TELEGRAM, f"u-{number}")
    chats.settings = replace(chats.settings, telegram_rate=2)
    async with chats.running():
        await chats.until(WINDOW + timedelta(seconds=6))
        chats.run(service.pause, SLUG, by="other", now=chats.clock.now())
        paused = chats.clock.now()
        await chats.wait(timedelta(minutes=2))
    return paused


def _campaign_messages(chats: Chats) -> list[Entry]:
    return [
        entry
        for entry in chats.sandbox.oracle.entries
        if entry.direction is Direction.ACCEPTED and entry.verbs >= {Verb.OPT_IN, Verb.OPT_OUT}
    ]
