"""What goes wrong on the way, and what people do that nobody expected: nothing breaks, nothing is made up."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.message import Verb
from bot.domain.token import TapToken, sign
from bot.sandbox.oracle import Direction
from bot.store import inbox
from tests.conversation.chats import ASKED, KEY, SLACK, TELEGRAM, kept_again


async def test_the_same_update_twice_counts_once(actor, chats):
    """Platforms hand an update over again when they did not hear our OK."""
    actor.taps(Verb.OPT_IN)
    await chats.wait()

    chats.run(kept_again, actor.key)
    await chats.wait()

    assert actor.history == ["opt_in"]


async def test_two_taps_at_once_both_count_in_the_platforms_order(actor, chats):
    """The second is a change of mind, if it is another answer."""
    question = actor.question

    actor.taps(Verb.OPT_IN, under=question)
    actor.taps(Verb.OPT_OUT, under=question)
    await chats.wait()

    assert actor.history == ["opt_in", "opt_out"]
    assert actor.choice.value == "opt_out"
    assert "Do not allow training." in actor.question.text


async def test_two_taps_on_the_same_answer_are_one(actor, chats):
    question = actor.question

    actor.taps(Verb.OPT_OUT, under=question)
    actor.taps(Verb.OPT_OUT, under=question)
    await chats.wait()

    assert actor.history == ["opt_out"]


async def test_last_weeks_message_still_takes_an_answer(actor, chats):
    """It becomes the receipt, and so does the newest one."""
    first = actor.seen[0]
    await chats.until(ASKED + timedelta(days=14))
    assert len(actor.seen) == 2

    actor.taps(Verb.OPT_OUT, under=first)
    await chats.wait()

    assert actor.history == ["opt_out"]
    edited = {shown.message for shown in actor.seen if shown.edited and "Recorded" in shown.text}
    assert edited == {first.message, actor.seen[1].message}


async def test_an_older_question_is_edited_only_when_it_is_touched(actor, chats):
    """Edits in bulk would cost the platform's limits."""
    first = actor.seen[0]
    await chats.until(ASKED + timedelta(days=14))

    actor.says("no")
    await chats.wait()

    edited = [shown.message for shown in actor.seen if shown.edited]
    assert edited == [actor.seen[1].message]
    assert first.message not in edited


async def test_another_persons_tap_records_nothing(chats, channel):
    """A forwarded button is nobody else's answer."""
    owner, other = chats.actor(channel, "u-1"), chats.actor(channel, "u-2")
    async with chats.asked():
        _, data, action = owner.question.button(Verb.OPT_IN)

        other.presses(other.question, data, action)
        await chats.wait()

    assert other.last.headline == "This question belongs to someone else."
    assert (owner.history, other.history) == ([], [])


@pytest.mark.parametrize("data", ["", "1", "1.i.AAAAAAAAAAAAAAAA", "💥", "999999.o.x", "1.i." + "A" * 400])
async def test_a_forged_button_records_nothing(actor, chats, data):
    actor.presses(actor.question, data[:64] if actor.channel is TELEGRAM else data or "-")
    await chats.wait()

    assert actor.history == []


async def test_a_genuine_button_of_a_delivery_that_never_was_records_nothing(actor, chats):
    actor.presses(actor.question, sign(KEY.encode(), TapToken(999_999, Verb.OPT_IN), address=actor.key))
    await chats.wait()

    assert actor.last.headline == "This question belongs to someone else."
    assert actor.history == []


@pytest.mark.parametrize(
    "text", ["a" * 4096, "yes " * 1024, "ya\n" * 1300, "\u202e \u0000", "<b>&amp;", "🙂" * 2000]
)
async def test_whatever_is_written_is_read_or_asked_again(actor, chats, text):
    actor.says(text)
    await chats.wait()

    assert actor.history == []
    assert not chats.run(inbox.dead)
    assert {Verb.OPT_IN, Verb.OPT_OUT} <= set(actor.last.verbs)


@pytest.mark.parametrize("kind", ["voice", "sticker", "photo"])
async def test_a_voice_message_a_sticker_or_a_picture_gets_a_short_help_once(actor, chats, kind):
    for _ in range(3):
        actor.shares(kind)
        await chats.wait()

    assert [shown.headline for shown in actor.since(1)] == ["This bot reads short answers and buttons only."]
    assert actor.history == []


async def test_an_edited_message_is_no_answer(actor, chats):
    """What somebody makes of an old message later is not said to us."""
    actor.says("hm")
    await chats.wait()
    seen = len(actor.seen)

    actor.edits("hm", "yes")
    await chats.wait()

    assert actor.history == []
    assert len(actor.seen) == seen
    assert not chats.run(inbox.dead)


async def test_a_reply_in_a_thread_is_an_answer(chats):
    """Slack's people answer under a message."""
    actor = chats.actor(SLACK)
    async with chats.asked():
        chats.sandbox.slack.say(actor.external, "no", thread_ts=actor.question.message)
        await chats.wait()

    assert actor.history == ["opt_out"]


async def test_what_is_said_in_a_channel_is_ignored(chats):
    actor = chats.actor(SLACK)
    async with chats.asked():
        before = len(actor.seen)
        chats.sandbox.slack.say(actor.external, "yes", channel="C0001")
        await chats.wait()

    assert len(actor.seen) == before
    assert actor.history == []


async def test_a_group_is_declined_politely_and_nothing_is_kept(chats):
    """The group itself is answered, not the person who wrote."""
    actor = chats.actor(TELEGRAM)
    chats.sandbox.telegram.add_group(-100, "Everybody")
    async with chats.asked():
        before = len(actor.seen)
        chats.sandbox.telegram.say(-100, "/choice", by=int(actor.external))
        await chats.wait()

    [answer] = [call for call in chats.calls("-100") if call.method == "sendMessage"]
    assert "pribadi" in answer.text
    assert len(actor.seen) == before


async def test_a_button_in_a_channel_never_moves_the_conversation_there(chats):
    """What a person sees of us in a channel is theirs alone; their messages stay in the direct message."""
    actor = chats.actor(SLACK)
    async with chats.asked():
        chats.sandbox.slack.command(actor.external, "/policy", "choice", channel="C0001")
        await chats.wait()
        shown = actor.last
        _, data, action = shown.button(Verb.OPT_OUT)
        chats.sandbox.slack.tap(actor.external, "C0001", shown.message, action, data)
        await chats.wait()
        await chats.until(ASKED + timedelta(days=20))

    assert actor.history == ["opt_out"]
    direct = chats.sandbox.slack.slack.workspace.direct(actor.external).id
    [place] = actor.recipient.addresses
    assert place.conversation in (None, direct)
    posts = [e for e in chats.sandbox.oracle.entries if e.method == "chat.postMessage"]
    assert {entry.payload["channel"] for entry in posts} == {direct}


async def test_the_first_call_after_a_tap_answers_it(chats):
    """The button must stop spinning, whatever comes of the tap."""
    actor = chats.actor(TELEGRAM)
    async with chats.asked():
        before = len(chats.sandbox.oracle.entries)
        actor.taps(Verb.OPT_IN)
        await chats.wait()

    after = chats.sandbox.oracle.entries[before:]
    calls = [e.method for e in after if e.direction is Direction.ACCEPTED]
    assert calls[:2] == ["answerCallbackQuery", "editMessageText"]


async def test_what_answers_a_person_goes_before_the_campaign(chats):
    """A lane that is busy with a campaign still answers at once."""
    crowd = [chats.actor(TELEGRAM, f"u-{n}") for n in range(40)]
    chats.settings = replace(chats.settings, telegram_rate=2.0)
    async with chats.running():
        await chats.until(ASKED.replace(day=2, hour=2, second=3))
        asked = next(actor for actor in crowd if actor.seen)
        waiting = sum(not actor.seen for actor in crowd)
        asked.commands("help")
        await chats.wait(timedelta(seconds=2))

    assert waiting > 10
    assert "This bot asks you one question" in asked.last.headline
    assert sum(not actor.seen for actor in crowd) > 5
