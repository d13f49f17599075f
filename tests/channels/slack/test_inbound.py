"""Receiving over Socket Mode: nothing is OKed before it is kept, and nothing is lost on the way."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from aiohttp import web

from bot.channels.base import Said, Tap
from bot.channels.slack import connection as connections
from bot.channels.slack.inbound import SlackInbound
from bot.clock import VirtualClock
from bot.domain.update import Update
from bot.exceptions import ChannelRefused
from bot.sandbox.faults import make
from bot.sandbox.slack import FakeSlack
from bot.sandbox.slack.socket_mode import Goodbye
from tests.channels.slack.conftest import NOT_SAVED, START, answering

Batch = Sequence[Update]
Result = TypeVar("Result")
PATIENCE = 10.0  # seconds of real time, for a test that would otherwise hang


@asynccontextmanager
async def listening(inbound: SlackInbound) -> AsyncIterator[AsyncIterator[Batch]]:
    """The batches that come in, each to be waited for by `anext`."""
    async with asyncio.timeout(PATIENCE), inbound, aclosing(inbound.updates()) as batches:
        yield batches


async def until(condition: Callable[[], object]) -> None:
    """Let everybody else have their turns until it is so."""
    while not condition():  # noqa: ASYNC110 - what is waited for sets no event
        await asyncio.sleep(0)


async def in_time(clock: VirtualClock, task: asyncio.Future[Result]) -> Result:
    """The task's result; virtual time passes as far as that takes, and no further."""
    passing = asyncio.ensure_future(clock.run(START + timedelta(hours=1)))
    both: set[asyncio.Future[Any]] = {task, passing}
    await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    await cancelled(passing)
    return await task


async def connected(slack: FakeSlack) -> None:
    """An act of a person that finds no connection fails; they would try again."""
    await until(lambda: slack.sockets.open_connections)


def asking_for_more(batches: AsyncIterator[Batch]) -> asyncio.Future[Batch]:
    return asyncio.ensure_future(anext(batches))


async def cancelled(task: asyncio.Future[Any]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def open_inbound(inbound_at, api):
    return lambda: inbound_at(api)


async def test_an_update_is_not_okayed_before_the_next_is_asked_for(open_inbound, slack, oracle):
    """Asking for the next batch says that this one is in the inbox."""
    issued = slack.say("U1", "ya")
    async with listening(open_inbound()) as batches:
        [update] = await anext(batches)
        for _ in range(50):
            await asyncio.sleep(0)
        assert issued.okayed_at is None

        asking = asking_for_more(batches)
        await until(lambda: issued.okayed_at)
        await cancelled(asking)

    assert update.sender == "slack:T1:U1"


async def test_what_was_not_okayed_comes_again_under_the_same_key(open_inbound, slack):
    """Killed before the commit, the next process gets it; killed after it, it knows the copy."""
    issued = slack.say("U1", "tidak")
    async with listening(open_inbound()) as batches:
        [first] = await anext(batches)

    async with listening(open_inbound()) as batches:
        [again] = await anext(batches)

    assert issued.okayed_at is None
    assert again == replace(first, received_at=again.received_at)


async def test_what_says_nothing_is_okayed_at_once_and_not_handed_on(open_inbound, slack):
    """A row for it would be of no use, and left unanswered it would come again."""
    edited = slack.say("U1", "ya")
    async with listening(open_inbound()) as batches:
        await anext(batches)
        stamp = str(edited.payload["event"]["ts"])
        empty = slack.edit_message("U1", "D1", stamp, "tidak")
        asking = asking_for_more(batches)
        await until(lambda: empty.okayed_at)

        assert not asking.done()
        slack.say("U1", "sudah")
        [update] = await asking

    assert "sudah" in update.body


async def test_the_clock_stands_still_while_an_update_is_on_its_way_in(open_inbound, slack, clock):
    """Else virtual time would run on between the platform and the inbox."""
    async with listening(open_inbound()) as batches:
        slack.say("U1", "ya")
        await anext(batches)
        passing = asyncio.ensure_future(clock.settle())
        for _ in range(50):
            await asyncio.sleep(0)
        assert not passing.done()

        asking = asking_for_more(batches)
        await asyncio.wait_for(passing, PATIENCE)
        await cancelled(asking)


async def test_a_closed_side_leaves_the_clock_alone(open_inbound, slack, clock):
    async with listening(open_inbound()) as batches:
        slack.say("U1", "ya")
        await anext(batches)

    await asyncio.wait_for(clock.settle(), PATIENCE)


async def test_what_comes_together_is_one_batch_in_order(open_inbound, slack):
    """A batch is one transaction of the inbox."""
    async with listening(open_inbound()) as batches:
        slack.say("U1", "1")
        await anext(batches)
        asking = asking_for_more(batches)
        said = [slack.say(f"U{n}", str(n)) for n in range(2, 6)]
        updates = list(await asking)
        while len(updates) < len(said):
            updates += await anext(batches)

    assert [update.sender for update in updates] == [f"slack:T1:U{n}" for n in range(2, 6)]


@pytest.mark.parametrize("reason", list(Goodbye))
async def test_a_connection_that_is_told_to_go_is_replaced(open_inbound, slack, clock, reason):
    async with listening(open_inbound()) as batches:
        first = slack.say("U1", "1")
        await anext(batches)
        asking = asking_for_more(batches)
        await until(lambda: first.okayed_at)
        await slack.disconnect(reason)
        slack.say("U2", "2")

        [update] = await in_time(clock, asking)

        assert update.sender == "slack:T1:U2"
        await until(lambda: slack.sockets.open_connections == 1)


async def test_a_connection_that_is_cut_is_replaced_at_once(open_inbound, slack):
    """The library by itself would find it at its next ping, half a minute later."""
    async with listening(open_inbound()) as batches:
        first = slack.say("U1", "1")
        await anext(batches)
        asking = asking_for_more(batches)
        await until(lambda: first.okayed_at)
        slack.sockets.drop()
        await until(lambda: slack.sockets.open_connections == 0)
        await until(lambda: slack.sockets.open_connections == 1)
        slack.say("U2", "2")

        [update] = await asking

    assert update.sender == "slack:T1:U2"


async def test_what_waited_for_its_commit_when_the_connection_was_cut_comes_again(open_inbound, slack, clock):
    issued = slack.say("U1", "ya")
    async with listening(open_inbound()) as batches:
        [first] = await anext(batches)
        slack.sockets.drop()
        [again] = await in_time(clock, asking_for_more(batches))
        asking = asking_for_more(batches)
        await until(lambda: issued.okayed_at)
        await cancelled(asking)

    assert again.dedupe == first.dedupe


async def test_a_silent_connection_is_not_trusted(open_inbound, slack, monkeypatch):
    """A websocket can stay open and deaf for ever: only a ping tells."""
    monkeypatch.setattr(connections, "WATCH_EVERY", 0.01)
    monkeypatch.setattr(connections, "DEAF_AFTER", -1.0)
    inbound = open_inbound()
    async with listening(inbound) as batches:
        asking = asking_for_more(batches)
        opened: set[int] = set()
        async with asyncio.timeout(PATIENCE):
            while len(opened) < 3:
                opened |= {id(connection) for connection in slack.sockets._connections}
                await asyncio.sleep(0)
        monkeypatch.setattr(connections, "DEAF_AFTER", 120.0)
        slack.say("U1", "ya")

        [update] = await asking

    assert update.sender == "slack:T1:U1"


async def test_slack_may_be_away_when_we_come(open_inbound, slack, faults, clock):
    """A deploy during an outage must not end the process."""
    for nth, what in enumerate(["502_html", "reset", "429:3", "odd_json"], start=1):
        faults.add(make("apps.connections.open", nth, what))
    slack.say("U1", "ya")
    async with listening(open_inbound()) as batches:
        asking = asking_for_more(batches)

        [update] = await in_time(clock, asking)

    assert update.sender == "slack:T1:U1"


async def test_a_refused_app_token_is_named_by_its_setting(inbound_at, api):
    async with listening(inbound_at(api, app_token="xoxb-not-an-app-token")) as batches:
        with pytest.raises(ChannelRefused, match="BOT_SLACK_APP_TOKEN"):
            await anext(batches)


async def test_a_ticket_that_leads_nowhere_is_given_up(inbound_at, clock, monkeypatch):
    """The library would try the same ticket for ever."""
    monkeypatch.setattr(connections, "OPEN_WITHIN", 0.05)
    asked = asyncio.Event()
    tickets = 0

    async def handle(request):
        nonlocal tickets
        if request.path.endswith("apps.connections.open"):
            tickets += 1
            if tickets == 2:
                asked.set()
            return web.json_response({"ok": True, "url": f"http://{request.host}/gone"})
        return web.Response(status=404)

    async with answering(handle) as api, listening(inbound_at(api)) as batches:
        asking = asking_for_more(batches)
        await in_time(clock, asyncio.ensure_future(asked.wait()))
        await cancelled(asking)


async def test_a_notice_is_tapped_and_read(open_inbound, slack, channel, post):
    """The whole way: our message, their finger, our event."""
    sent = await channel.send(post)
    inbound = open_inbound()
    async with listening(inbound) as batches:
        asking = asking_for_more(batches)
        await connected(slack)
        slack.tap("U1", "D1", sent.message, "choice:1:o", "1.o.bbbb")
        [update] = await asking

        [tap] = await inbound.read(update.body)

    assert isinstance(tap, Tap)
    assert (tap.data, tap.message, tap.sender.key, tap.sender.conversation) == (
        "1.o.bbbb",
        sent.message,
        post.to.key,
        "D1",
    )


async def test_words_are_read_as_they_were_typed(open_inbound, slack):
    slack.say("U1", "a < b & c")
    inbound = open_inbound()
    async with listening(inbound) as batches:
        [update] = await anext(batches)

        [said] = await inbound.read(update.body)

    assert isinstance(said, Said)
    assert said.text == "a < b & c"


@pytest.fixture
async def tapped(open_inbound, slack, channel, post):
    """A tap that has come in, and the open side that it came in by."""
    sent = await channel.send(post)
    inbound = open_inbound()
    async with listening(inbound) as batches:
        asking = asking_for_more(batches)
        await connected(slack)
        slack.tap("U1", "D1", sent.message, "choice:0:i", "1.i.aaaa")
        [update] = await asking
        yield inbound, update


async def test_a_tap_that_was_saved_is_answered_by_the_ok_alone(tapped, seen):
    """What happened is said by the message, edited."""
    inbound, update = tapped

    await inbound.tapped(update, saved=True)

    assert not any(message.ephemeral for message in seen)


async def test_a_tap_that_was_not_saved_says_so_to_its_author_alone(tapped, seen):
    """Never may a person believe that an answer counts which does not."""
    inbound, update = tapped

    await inbound.tapped(update, saved=False)

    told = seen[-1]
    assert (told.text, told.user_id, told.ephemeral) == (NOT_SAVED, "U1", True)


async def test_words_have_no_quick_answer(open_inbound, slack, seen):
    slack.say("U1", "ya")
    inbound = open_inbound()
    async with listening(inbound) as batches:
        [update] = await anext(batches)

        await inbound.tapped(update, saved=False)

    assert seen == []


async def test_a_quick_answer_that_fails_is_logged_and_harms_nobody(tapped, faults, caplog):
    inbound, update = tapped
    faults.add(make("response_url", 1, "502_html"))

    with caplog.at_level(logging.WARNING):
        await inbound.tapped(update, saved=False)

    assert "could not say that an update was not saved" in caplog.text


async def test_an_iterator_that_nobody_closes_is_closed_with_the_side(inbound_at, slack, api):
    """Whoever is cancelled while it holds a batch may forget the iterator."""
    async with inbound_at(api) as inbound:
        batches = inbound.updates()
        slack.say("U1", "ya")
        await anext(batches)
        assert slack.sockets.open_connections == 1

    await until(lambda: slack.sockets.open_connections == 0)
    await batches.aclose()
