"""One person with several addresses: one series of messages, one answer, shown everywhere."""

from datetime import timedelta

import pytest

from bot.domain.message import Verb
from bot.store import deliveries
from tests.conversation.chats import ASKED, OVER, SLACK, TELEGRAM


@pytest.fixture
async def both(chats):
    """The same person on Telegram and on Slack, who has the notice; the application serves."""
    places = chats.actor(TELEGRAM, "u-both"), chats.actor(SLACK, "u-both")
    async with chats.asked():
        yield places


async def test_the_preferred_place_gets_the_messages_and_the_other_none(both, chats):
    """One series of reminders, not one for each account."""
    telegram, slack = both
    await chats.until(OVER)

    assert len(telegram.seen) == 6
    assert slack.seen == []


async def test_a_block_makes_the_next_message_go_to_the_other_place_once(both, chats):
    telegram, slack = both
    chats.sandbox.telegram.block(int(telegram.external))
    await chats.until(OVER)

    steps = [
        row.step for row in chats.run(deliveries.of_person, telegram.recipient.id) if row.state == "sent"
    ]
    assert len(telegram.seen) == 1
    assert len(slack.seen) == 5
    assert len(steps) == len(set(steps)) == 6


async def test_a_place_that_refuses_hands_over_to_the_other(both, chats):
    """The account is gone, which the platform says only when it is written to."""
    telegram, slack = both
    chats.sandbox.telegram.delete_account(int(telegram.external))
    await chats.until(ASKED + timedelta(days=20))

    assert len(slack.seen) == 2
    assert {Verb.OPT_IN, Verb.OPT_OUT} <= set(slack.last.verbs)


@pytest.mark.parametrize("answering", ["telegram", "slack"])
async def test_an_answer_edits_the_latest_question_in_every_place(both, chats, answering):
    telegram, slack = both
    slack.commands("choice")
    slack.says("status")
    await chats.wait()

    one, other = (telegram, slack) if answering == "telegram" else (slack, telegram)
    one.taps(Verb.OPT_OUT)
    await chats.wait()

    assert one.history == ["opt_out"]
    code = one.choice.receipt
    assert code in one.last.text
    assert code in other.last.text
    assert one.last.edited
    assert other.last.edited


async def test_old_buttons_in_the_other_place_lead_to_the_same_choice(both, chats):
    """They stay, and change it."""
    telegram, slack = both
    slack.says("status")
    await chats.wait()
    old = slack.last
    telegram.taps(Verb.OPT_IN)
    await chats.wait()

    slack.taps(Verb.OPT_OUT, under=old)
    await chats.wait()

    assert telegram.history == ["opt_in", "opt_out"]
    assert telegram.choice.receipt in telegram.question.text


async def test_a_yes_in_a_place_where_nothing_was_asked_shows_the_question(both, chats):
    """It counts only where a question is open."""
    _, slack = both

    slack.says("yes")
    await chats.wait()
    assert slack.history == []
    assert {Verb.OPT_IN, Verb.OPT_OUT} <= set(slack.last.verbs)
    slack.says("yes")
    await chats.wait()

    assert slack.history == ["opt_in"]


async def test_stop_in_one_place_stops_both(both, chats):
    telegram, slack = both
    slack.says("stop")
    await chats.until(OVER)

    assert len(telegram.seen) == 1
