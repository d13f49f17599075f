"""Sends of which nobody knows: Slack is asked, Telegram tells by a tap, and what is open is listed."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.message import Verb
from bot.sandbox.faults import Fault
from bot.sandbox.oracle import Direction
from bot.store import deliveries, doubts
from tests.conversation.chats import SLACK, TELEGRAM, Actor, Chats

WINDOW = datetime(2025, 9, 2, 2, tzinfo=UTC)  # nine in Jakarta, on the day of the announcement


def _notices(chats: Chats, actor: Actor) -> int:
    """How often the platform took the question to this person."""
    return sum(
        entry.verbs >= {Verb.OPT_IN, Verb.OPT_OUT}
        and entry.direction is Direction.ACCEPTED
        and entry.method in ("chat.postMessage", "sendMessage")
        for entry in chats.sandbox.oracle.entries
        if entry.chat == actor.external
    )


@pytest.fixture(params=[False, True], ids=["internal", "restricted"])
def people(request: pytest.FixtureRequest, chats: Chats) -> list[Actor]:
    """Four in Slack, which answers questions about its history freely, or once a minute."""
    chats.sandbox.slack.slack.restricts_history = request.param
    return [chats.actor(SLACK, f"u-{number}") for number in range(4)]


async def test_what_slack_has_is_not_sent_again(chats, people):
    """The answer was lost, the message was not: without asking there would be two."""
    chats.faults.add(Fault("chat.postMessage", 2, "drop", accepted=True))

    async with chats.running():
        await chats.until(WINDOW + timedelta(days=1))

    assert [_notices(chats, actor) for actor in people] == [1, 1, 1, 1]
    notices = [row for row in chats.run(deliveries.find) if row.step == "notice"]
    assert [(row.state.value, row.asked_on is not None) for row in notices] == [("sent", True)] * 4
    assert [row.doubts for row in notices].count(1) == 1
    assert chats.run(doubts.open_ones) == []


async def test_what_slack_has_not_got_is_sent_within_minutes(chats, people):
    """It surely did not arrive, so that nothing is held and nothing is doubled."""
    chats.faults.add(Fault("chat.postMessage", 2, "500"))

    async with chats.running():
        await chats.until(WINDOW + timedelta(days=1))

    assert [_notices(chats, actor) for actor in people] == [1, 1, 1, 1]
    assert chats.run(doubts.open_ones) == []


async def test_the_memory_is_tried_once_and_then_known(chats, people):
    """One question tells whether metadata comes back in this installation; the others are about doubts."""
    chats.faults.add(Fault("chat.postMessage", 2, "drop", accepted=True, times=2))

    async with chats.running():
        await chats.until(WINDOW + timedelta(days=1))

    assert chats.run(doubts.remembers, "slack:T1") is True
    assert [_notices(chats, actor) for actor in people] == [1, 1, 1, 1]


async def test_an_installation_without_a_memory_does_as_the_step_says(chats, people):
    """Nothing is taken for absent where metadata never comes back: the notice is sent again, and listed."""
    chats.sandbox.slack.slack.forgets_metadata = True
    chats.faults.add(Fault("chat.postMessage", 2, "drop", accepted=True))

    async with chats.running():
        await chats.until(WINDOW + timedelta(days=1))

    assert chats.run(doubts.remembers, "slack:T1") is False
    assert sorted(_notices(chats, actor) for actor in people) == [1, 1, 1, 2]


async def test_a_later_tap_on_telegram_proves_that_it_arrived(chats):
    """The button carries the delivery's number; the person is reminded as everybody else is."""
    person = chats.actor(TELEGRAM)
    chats.faults.add(Fault("sendMessage", 1, "drop", accepted=True))

    async with chats.running():
        await chats.until(WINDOW + timedelta(seconds=2))
        [doubt] = chats.run(doubts.open_ones)
        assert doubt.fate.value == "it is sent again"
        person.taps(Verb.LATER)
        await chats.until(WINDOW + timedelta(days=1))

    assert _notices(chats, person) == 1
    [notice] = [row for row in chats.run(deliveries.find) if row.step == "notice"]
    assert (notice.state.value, str(notice.asked_on)) == ("sent", "2025-09-02")
    assert chats.run(doubts.open_ones) == []


async def test_an_answer_in_words_is_to_the_text_that_surely_lay_there(chats):
    """A reminder went lost on the way; what is on record as shown is the notice, which was there."""
    person = chats.actor(TELEGRAM)
    chats.faults.add(Fault("sendMessage", 2, "drop"))

    async with chats.running():
        await chats.until(WINDOW + timedelta(days=14))
        [doubt] = chats.run(doubts.open_ones)
        person.says("Tidak")
        await chats.wait()

    [notice, reminder] = [row for row in chats.run(deliveries.find) if row.step in ("notice", doubt.step)]
    assert (notice.state.value, reminder.state.value) == ("sent", "in_doubt")
    assert person.choice.delivery == notice.id
