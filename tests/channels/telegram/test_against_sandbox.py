"""The channel against the fake platform: what is said of a send, beside what really became of it."""

import asyncio
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.channels.base import Command, Post, ReachChange, ReachChanged, Said, Tap
from bot.channels.telegram.client import TelegramChannel
from bot.channels.telegram.inbound import TelegramInbound
from bot.domain.delivery import Accepted, Deferred, Failed, InDoubt, Rejected, Why
from bot.domain.message import Button, Fact, Link, Message, MessageKind, Paragraph, ShownTime, Verb
from bot.domain.recipient import Address, ChannelName
from bot.domain.token import TapToken, sign
from bot.sandbox.faults import NAMES, Faults, make
from bot.sandbox.oracle import Direction, Oracle
from bot.sandbox.server import Sandbox
from bot.sandbox.telegram import SentMessage, Standing, User
from tests.channels.telegram.conftest import TOKEN

ANI = "42"
QUESTION = Message(
    MessageKind.NOTICE,
    "ar",
    'تحديث <السياسة> & "خيار"',
    paragraphs=(Paragraph("• واحد 😀"), Paragraph("التفاصيل", long=True)),
    deadline=ShownTime("اختر حتى {when}.", "الأحد", datetime(2025, 9, 28, 20, 59, 59, tzinfo=UTC)),
    choices=(Button("أسمح", Verb.OPT_IN), Button("لا أسمح", Verb.OPT_OUT)),
    secondary=(Button("لاحقًا", Verb.LATER), Link("النص الكامل", "https://example.org/?a=1&b=2")),
)
RECEIPT = Message(MessageKind.RECEIPT, "ar", "سُجّل", facts=(Fact("الرمز", "X1"),), ref="TEN-7F3K-92QD-4WX")


def post(message=QUESTION, *, delivery=7, to=ANI, edits=None):
    address = Address(ChannelName.TELEGRAM, to)
    tokens = {verb: sign(b"k" * 32, TapToken(delivery, verb), address=address.key) for verb in Verb}
    return Post(delivery, message, address, tokens, edits=edits)


@pytest.fixture
def faults():
    return Faults()


@pytest.fixture
async def sandbox(clock, faults):
    async with Sandbox(clock, Oracle(clock), faults=faults) as sandbox:
        yield sandbox


@pytest.fixture
async def channel(sandbox, clock):
    read = timedelta(milliseconds=300)
    async with TelegramChannel(TOKEN, clock=clock, api=sandbox.telegram_url, read=read) as channel:
        yield channel


@pytest.fixture
async def inbound(sandbox, clock):
    async with TelegramInbound(
        TOKEN, clock=clock, api=sandbox.telegram_url, not_saved=lambda _: "Not saved yet."
    ) as inbound:
        yield inbound


def taken(sandbox):
    """What the platform itself has on its list."""
    return [entry for entry in sandbox.oracle.entries if entry.direction is Direction.ACCEPTED]


@pytest.mark.parametrize("what", sorted(NAMES))
async def test_no_refusal_is_told_of_what_arrived(channel, sandbox, faults, clock, what):
    """Whatever goes wrong: a message that is there is accepted or in doubt; one that is not is never accepted."""
    faults.add(make("sendMessage", 1, "slow_drip:0" if what == "slow_drip" else what))
    passing = asyncio.ensure_future(
        clock.run(clock.now() + timedelta(hours=1), is_quiet=lambda: clock.next_instant() is not None)
    )

    outcome = await channel.send(post())

    passing.cancel()
    if taken(sandbox):
        assert isinstance(outcome, Accepted | InDoubt)
    else:
        assert isinstance(outcome, Failed | Rejected | Deferred | InDoubt)


async def test_a_held_send_is_no_doubt(sandbox, faults, clock):
    """The platform holds a send for up to 8 s before it takes it; giving up earlier would double it."""
    faults.add(make("sendMessage", 1, "hold:8"))
    async with TelegramChannel(TOKEN, clock=clock, api=sandbox.telegram_url) as channel:
        sending = asyncio.ensure_future(channel.send(post()))
        passing = asyncio.ensure_future(
            clock.run(clock.now() + timedelta(hours=1), is_quiet=lambda: clock.next_instant() is not None)
        )

        outcome = await sending

    passing.cancel()
    assert isinstance(outcome, Accepted)
    assert len(taken(sandbox)) == 1


async def test_a_question_arrives_whole(channel, sandbox):
    seen: list[SentMessage] = []
    sandbox.telegram.on_message = seen.append

    outcome = await channel.send(post())

    assert outcome == Accepted(str(seen[0].message_id))
    assert seen[0].text == ('تحديث <السياسة> & "خيار"\n\n• واحد 😀\n\nاختر حتى الأحد.\n\nالتفاصيل')
    assert [len(row) for row in seen[0].buttons] == [1, 1, 2]
    assert taken(sandbox)[0].delivery == 7
    assert taken(sandbox)[0].asks


async def test_an_edit_changes_the_message_and_may_be_repeated(channel, sandbox):
    """After a doubt the same edit goes out again; the platform then says that nothing changed."""
    sent = await channel.send(post())
    edit = post(RECEIPT, edits=sent.message)

    first, again = await channel.send(edit), await channel.send(edit)

    assert first == again == Accepted(sent.message)
    assert taken(sandbox)[-1].text == "سُجّل\n\nالرمز: \u2068X1\u2069\n\nTEN-7F3K-92QD-4WX"


async def test_an_edit_of_nothing_says_so(channel):
    outcome = await channel.send(post(RECEIPT, edits="999"))

    assert isinstance(outcome, Rejected)
    assert outcome.why is Why.UNCHANGED


@pytest.mark.parametrize(
    ("standing", "why"),
    [
        (Standing.BLOCKED, Why.BLOCKED),
        (Standing.KICKED, Why.BLOCKED),
        (Standing.DEACTIVATED, Why.GONE),
        (Standing.DELETED, Why.GONE),
        (Standing.NOT_STARTED, Why.UNLINKED),
        (Standing.NOT_MEMBER, Why.UNLINKED),
    ],
)
async def test_a_closed_way_is_told_by_its_reason(channel, sandbox, standing, why):
    sandbox.telegram.add_user(User(42))
    sandbox.telegram.set_standing(42, standing)

    outcome = await channel.send(post())

    assert isinstance(outcome, Rejected)
    assert outcome.why is why


async def test_a_revoked_token_stops_the_lane(channel, sandbox):
    sandbox.telegram.revoke_token()

    outcome = await channel.send(post())

    assert isinstance(outcome, Rejected)
    assert outcome.why is Why.TOKEN


async def test_the_platform_takes_every_message_of_ours_and_none_too_long(channel):
    """A text at the limit is taken; the same with one more is refused by us, before the platform would."""
    rest = 4096 - len("تحديث\n\n")
    full = replace(QUESTION, headline="تحديث", paragraphs=(Paragraph("&" * rest),), deadline=None)

    taken_whole = await channel.send(post(full))
    refused = await channel.send(post(replace(full, paragraphs=(Paragraph("&" * (rest + 1)),))))

    assert isinstance(taken_whole, Accepted)
    assert isinstance(refused, Rejected)


async def test_what_people_do_comes_in_and_is_okayed_once(inbound, channel, sandbox):
    """From the platform's update to the event, with the order in which it happened."""
    telegram = sandbox.telegram
    telegram.add_user(User(42, username="ani", language_code="ar"))
    sent = await channel.send(post())
    data = post().tokens[Verb.OPT_OUT]
    telegram.press_start(42, "payload-1")
    telegram.tap(42, int(sent.message), data)
    telegram.say(42, "نعم")
    telegram.send_media(42, "voice")
    telegram.block(42)
    telegram.unblock(42)

    events = []
    async with aclosing(inbound.updates()) as updates:
        batch = await anext(updates)
        waiting_while_unread = telegram.pending
        for update in batch:
            await inbound.tapped(update, saved=True)
            events += await inbound.read(update.body)
        telegram.say(42, "?")
        await anext(updates)

    sender = events[0].sender
    assert (sender.key, sender.handle, sender.language, sender.private) == ("telegram:42", "ani", "ar", True)
    assert events == [
        Command(sender, "start", ("payload-1",)),
        Tap(sender, data, sent.message),
        Said(sender, "نعم"),
        Said(sender, ""),
        ReachChanged(sender, ReachChange.BLOCKED),
        ReachChanged(sender, ReachChange.OPENED),
    ]
    assert [update.order for update in batch] == sorted(update.order for update in batch)
    assert waiting_while_unread == 6
    assert telegram.pending == 1


async def test_what_was_not_okayed_comes_again(inbound, sandbox, clock):
    """A process that dies between taking and keeping loses nothing."""
    sandbox.telegram.say(42, "ya")
    async with aclosing(inbound.updates()) as updates:
        first = await anext(updates)

    async with (
        TelegramInbound(TOKEN, clock=clock, api=sandbox.telegram_url, not_saved=lambda _: "") as restarted,
        aclosing(restarted.updates()) as updates,
    ):
        again = await anext(updates)

    assert again == first
