"""The dispatcher: what it sends, how fast, and what it leaves behind."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlmodel import Session, select

from bot.campaigns.composer import Written
from bot.channels.base import Post
from bot.domain.delivery import Deferred, DeliveryState, Failed, InDoubt, Outcome, Rejected, Why
from bot.domain.message import Verb
from bot.domain.pacing import pace, refused, reserve
from bot.domain.token import TapToken, read
from bot.exceptions import DatabaseAway
from bot.failpoints import armed
from bot.store import campaigns, claims, lanes, outbox, recipients
from bot.store.claims import Outgoing
from bot.store.models import AddressRow, DeliveryRow, InboxRow, RenderingRow
from tests.campaigns.sending import KEY, LANE, World, make_world, person, sqlite

__all__ = ["make_world", "sqlite"]  # fixtures

MakeWorld = Callable[[int], World]


def states(world: World) -> Counter[str]:
    return Counter(row.state for row in rows(world))


def rows(world: World) -> list[DeliveryRow]:
    def read_rows(session: Session) -> list[DeliveryRow]:
        found = list(session.exec(select(DeliveryRow).order_by(DeliveryRow.id)))  # type: ignore[arg-type]
        session.expunge_all()
        return found

    return world.database.run(read_rows)


async def test_everybody_due_gets_one_message_with_both_answers_signed_for_them(
    make_world: MakeWorld,
) -> None:
    """The trip out, whole."""
    world = make_world(5)

    await world.drain(world.dispatcher())

    assert [post.to.external for post in world.channel.posts] == ["1000", "1001", "1002", "1003", "1004"]
    assert states(world) == {"sent": 5}
    first = world.channel.posts[0]
    token = read(KEY, first.tokens[Verb.OPT_OUT], address=first.to.key)
    assert token == TapToken(first.delivery, Verb.OPT_OUT)


async def test_a_sent_notice_remembers_its_text_day_and_deadline(make_world: MakeWorld) -> None:
    """What a person was shown can be proved later."""
    world = make_world(2)

    await world.drain(world.dispatcher())

    first, second = rows(world)
    assert first.rendering == second.rendering
    assert str(first.asked_on) == "2025-09-02"
    assert first.deadline_shown == world.campaign.document.deadline
    texts = world.database.run(lambda session: len(list(session.exec(select(RenderingRow)))))
    assert texts == 1


async def test_what_a_message_says_is_on_record_before_it_is_sent(make_world: MakeWorld) -> None:
    """Whoever taps at once, or after a crash, has answered a text that is known."""
    world = make_world(1)
    original, on_record = world.channel.send, []

    async def watched(post: Post) -> Outcome:
        [row] = rows(world)
        on_record.append((row.state, row.rendering, row.revision))
        return await original(post)

    world.channel.send = watched  # type: ignore[method-assign]  # a channel that looks round

    await world.drain(world.dispatcher())

    [row] = rows(world)
    assert row.rendering is not None
    assert on_record == [("sending", row.rendering, world.campaign.revision)]


async def test_no_more_than_64_are_on_their_way_while_others_are_saved(make_world: MakeWorld) -> None:
    """What is claimed while results are saved must not come on top of what is still unsettled."""
    world = make_world(200)
    original, unsettled = world.channel.send, []

    async def slow(post: Post) -> Outcome:
        unsettled.append(states(world)["sending"])
        with world.clock.parked():  # the platform takes its time
            await world.clock.sleep(timedelta(milliseconds=1 + post.delivery % 7))
        return await original(post)

    world.channel.send = slow  # type: ignore[method-assign]
    await world.drain(world.dispatcher())

    assert states(world) == {"sent": 200}
    assert len({post.delivery for post in world.channel.posts}) == len(world.channel.posts) == 200
    assert max(unsettled) == 64


async def test_a_result_that_could_not_be_saved_is_saved_later(make_world: MakeWorld) -> None:
    """The database is away for a moment; nothing is sent again for that."""
    world = make_world(3)
    left = [DatabaseAway("sqlite", "away")]

    def away() -> None:
        if world.channel.posts and left:
            raise left.pop()

    with armed("database.before_commit", away):
        await world.drain(world.dispatcher())

    assert (len(world.channel.posts), states(world), left) == (3, {"sent": 3}, [])


async def test_who_is_told_to_end_while_the_database_is_away_leaves_nothing_in_doubt(
    make_world: MakeWorld,
) -> None:
    """What was claimed and not begun is due again once it is back."""
    world = make_world(5)
    dispatcher, original = world.dispatcher(rate=28), world.channel.send

    async def stopping(post: Post) -> Outcome:
        outcome = await original(post)
        dispatcher.stop()
        return outcome

    def away() -> None:
        if dispatcher.stopping and world.clock.monotonic() < 0.5:
            raise DatabaseAway("sqlite", "away")

    world.channel.send = stopping  # type: ignore[method-assign]
    with armed("database.before_commit", away):
        await world.drain(dispatcher)

    assert states(world) == {"sent": 1, "due": 4}


async def test_sends_are_evenly_spaced(make_world: MakeWorld) -> None:
    """No window of a second holds more than the rate allows."""
    world = make_world(12)
    instants = []
    original = world.channel.send

    async def noted(post: Post) -> Outcome:
        instants.append(world.clock.monotonic())
        return await original(post)

    world.channel.send = noted  # type: ignore[method-assign]
    await world.drain(world.dispatcher(rate=4))

    gaps = [later - earlier for earlier, later in pairwise(instants)]
    assert len(instants) == 12
    assert min(gaps) >= 0.25 - 1e-6


@pytest.mark.parametrize(("paid", "seconds"), [(False, 99 / 25), (True, 99 / 1000)])
async def test_a_campaign_that_pays_goes_out_faster_and_says_so(
    make_world: MakeWorld, paid: bool, seconds: float
) -> None:
    """Each message tells the platform, and nothing is faster without."""
    world = make_world(100)
    document = replace(world.campaign.document, allow_paid_broadcast=paid)
    world.database.run(
        campaigns.save, replace(world.campaign, document=document), now=world.clock.now(), by="admin"
    )
    instants = []
    original = world.channel.send

    async def noted(post: Post) -> Outcome:
        instants.append(world.clock.monotonic())
        return await original(post)

    world.channel.send = noted  # type: ignore[method-assign]
    await world.drain(world.dispatcher(rate=25, paid_rate=1000))

    assert [post.paid for post in world.channel.posts] == [paid] * 100
    assert instants[-1] - instants[0] == pytest.approx(seconds, abs=0.02)
    in_a_second = [sum(start <= at < start + 1 - 1e-6 for at in instants) for start in instants]
    assert max(in_a_second) <= (1000 if paid else 25)


async def test_slow_down_for_one_chat_lets_the_others_go_on(make_world: MakeWorld) -> None:
    """The first refusal is taken for the chat's own."""
    world = make_world(4)
    world.channel.answers.append(Deferred(timedelta(seconds=30)))

    await world.drain(world.dispatcher(rate=10))

    assert states(world) == {"sent": 3, "due": 1}


async def test_slow_down_for_the_lane_stops_it_for_as_long(make_world: MakeWorld) -> None:
    """Nothing is begun inside the window."""
    world = make_world(3)
    world.channel.answers.append(Deferred(timedelta(seconds=30), whole_lane=True))
    instants = []
    original = world.channel.send

    async def noted(post: Post) -> Outcome:
        instants.append(world.clock.monotonic())
        return await original(post)

    world.channel.send = noted  # type: ignore[method-assign]
    await world.drain(world.dispatcher(rate=10))

    assert instants[1] - instants[0] >= 30


@pytest.mark.parametrize("whole_lane", [False, True], ids=["chats", "lane"])
async def test_a_storm_of_refusals_costs_its_own_time_and_no_more(
    make_world: MakeWorld, whole_lane: bool
) -> None:
    """At most a twentieth over what the waits and the pace after them leave; nothing is begun inside a wait."""
    world, wait, storm = make_world(200), timedelta(seconds=30), (20, 60)
    requests = list[tuple[float, str]]()
    original = world.channel.send

    async def stormy(post: Post) -> Outcome:
        requests.append((world.clock.monotonic(), post.to.external))
        if len(requests) in storm:
            return Deferred(wait, whole_lane=whole_lane)
        return await original(post)

    world.channel.send = stormy  # type: ignore[method-assign]
    await world.drain(world.dispatcher(rate=4), until=world.clock.now() + timedelta(minutes=5))

    assert states(world) == {"sent": 200}
    lane, ideal = pace(4), 0.0
    for number in range(1, len(requests) + 1):
        lane, ideal = reserve(lane, ideal)
        if number in storm and whole_lane:
            lane = refused(lane, "chat", wait=wait, now=ideal, whole_lane=True)
    assert len(requests) == 202
    assert requests[-1][0] - requests[0][0] <= 1.05 * ideal
    for number in storm:
        at, chat = requests[number - 1]
        later = [one for one, other in requests[number:] if whole_lane or other == chat]
        assert later
        assert min(later) >= at + wait.total_seconds()


@pytest.mark.parametrize(
    ("outcome", "state", "doubts"),
    [
        (Failed("refused"), "due", 0),
        (InDoubt("reset"), "due", 1),
        (Rejected(Why.MESSAGE, "too long"), "rejected", 0),
    ],
)
async def test_an_outcome_is_stored(make_world: MakeWorld, outcome: Outcome, state: str, doubts: int) -> None:
    """A notice in doubt is sent again, and the doubt is counted."""
    world = make_world(1)
    world.channel.answers.append(outcome)

    await world.drain(world.dispatcher())

    [row] = rows(world)
    assert (row.state, row.doubts) == (state, doubts)


async def test_a_blocked_person_is_marked_and_not_tried_again(make_world: MakeWorld) -> None:
    """Refusals are the platform's last word."""
    world = make_world(1)
    world.channel.answers.append(Rejected(Why.BLOCKED, "Forbidden: bot was blocked by the user"))

    await world.drain(world.dispatcher())
    await world.drain(world.dispatcher())

    reach = world.database.run(lambda session: session.exec(select(AddressRow.reach)).one())
    assert (len(world.channel.posts), reach, states(world)) == (1, "blocked", {"rejected": 1})


async def test_a_dead_token_stops_the_lane_and_burns_nothing(make_world: MakeWorld) -> None:
    """It goes on when the token is mended."""
    world = make_world(3)
    world.channel.answers.append(Rejected(Why.TOKEN, "Unauthorized"))

    await world.drain(world.dispatcher(rate=5))
    stopped = world.database.run(lanes.stopped)
    world.database.run(lanes.register, LANE, now=world.clock.now())
    await world.drain(world.dispatcher())

    assert stopped == [(LANE, "Unauthorized")]
    assert states(world) == {"sent": 3}


async def test_who_has_written_since_is_not_sent_a_campaign_message(make_world: MakeWorld) -> None:
    """Their words may be the answer; from the OK on, nothing is begun."""
    world = make_world(2)

    def write(session: Session) -> None:
        session.add(
            InboxRow(
                identity=LANE,
                dedupe="u1",
                sender="telegram:1000",
                body="{}",
                received_at=world.clock.now(),
                state="new",
            )
        )

    world.database.run(write)
    await world.drain(world.dispatcher())

    assert [post.to.external for post in world.channel.posts] == ["1001"]


async def test_a_message_claimed_before_its_turn_is_looked_at_again(make_world: MakeWorld) -> None:
    """A mute between claim and send still counts."""
    world = make_world(3)
    dispatcher = world.dispatcher(rate=20)

    def mute_all() -> None:
        if not world.channel.posts:
            for number in (1, 2, 3):
                world.database.run(recipients.mute, number, now=world.clock.now())

    with armed("outbox.after_claim", mute_all):
        await world.drain(dispatcher)

    assert world.channel.posts == []
    assert states(world) == {"cancelled": 3}


async def test_who_is_cancelled_while_taking_a_lane_over_gives_back_what_was_claimed(
    make_world: MakeWorld,
) -> None:
    """Nothing of it was begun, so that nothing may be in doubt."""
    world = make_world(3)
    loop, dispatcher = asyncio.get_running_loop(), world.dispatcher()
    draining = asyncio.create_task(dispatcher.drain())

    def cancel() -> None:
        loop.call_soon_threadsafe(draining.cancel)

    with armed("database.before_commit", cancel):
        await asyncio.wait({draining})

    assert (draining.cancelled(), world.channel.posts, states(world)) == (True, [], {"due": 3})
    await world.drain(world.dispatcher(owner="host:2:b"))
    assert states(world) == {"sent": 3}


async def test_a_second_owner_waits_for_the_lease(make_world: MakeWorld) -> None:
    """One lane has one owner at a time."""
    world = make_world(1)
    world.database.run(lanes.acquire, LANE, owner="elsewhere:1:b", now=world.clock.now())

    await world.drain(world.dispatcher())

    assert world.channel.posts == []


async def test_who_stood_still_before_a_request_looks_at_its_lease_again(make_world: MakeWorld) -> None:
    """Its turn had come, but another one may have the lane by now: it begins nothing under what it knew then."""
    world = make_world(1)
    dispatcher = world.dispatcher()

    def stand_still() -> None:
        if [row.claim for row in rows(world)] == [1]:
            dispatcher.lease_ends = world.clock.monotonic()

    with armed("outbox.before_send", stand_still):
        await world.drain(dispatcher)

    assert [row.claim for row in rows(world)] == [2]
    assert [post.to.external for post in world.channel.posts] == ["1000"]


async def test_what_a_dead_owner_left_sending_is_in_doubt(make_world: MakeWorld) -> None:
    """It may have arrived; the notice is sent again and the doubt is listed."""
    world = make_world(1)
    dispatcher = world.dispatcher()

    lease = world.database.run(lanes.acquire, LANE, owner="gone:1:x", now=world.clock.now())
    assert lease is not None
    world.database.run(claims.claim, lease, now=world.clock.now(), limit=5)
    await world.clock.run(world.clock.now() + lanes.LEASE + timedelta(seconds=1))
    await world.drain(dispatcher)
    await world.clock.run(world.clock.now() + timedelta(seconds=10))
    await world.drain(world.dispatcher())

    [doubt] = world.database.run(outbox.in_doubt)
    assert (doubt.state, doubt.sends, len(world.channel.posts)) == (DeliveryState.SENT, 1, 1)


async def test_a_late_result_of_a_lost_claim_is_refused(make_world: MakeWorld) -> None:
    """The fence: only the claim that began a send may store what became of it."""
    world = make_world(1)
    lease = world.database.run(lanes.acquire, LANE, owner="a:1:x", now=world.clock.now())
    assert lease is not None
    [old] = world.database.run(claims.claim, lease, now=world.clock.now(), limit=1)
    world.database.run(outbox.unclaim, [old.delivery])
    [new] = world.database.run(claims.claim, lease, now=world.clock.now(), limit=1)

    saved = world.database.run(outbox.save, [outbox.Settled(old.delivery)], now=world.clock.now())

    assert (saved, new.delivery.claim) == (0, old.delivery.claim + 1)


async def test_one_message_that_cannot_be_written_stops_no_other(make_world: MakeWorld) -> None:
    """Poison is set aside and said."""
    world = make_world(3)
    original = world.composer.write

    def broken(outgoing: Outgoing) -> Written:
        if outgoing.delivery.address.external == "1001":
            raise KeyError("no such place in the template")
        return original(outgoing)

    world.composer.write = broken  # type: ignore[method-assign]
    await world.drain(world.dispatcher())

    assert states(world) == {"sent": 2, "rejected": 1}


async def test_a_language_that_cannot_be_written_stops_no_other(make_world: MakeWorld) -> None:
    """Everybody else is told, and of those who are not it is on record why."""
    world = make_world(3)
    world.import_people(*(person(number, locale="ja") for number in (7, 8)))
    world.plan()
    original = world.composer.write

    def broken(outgoing: Outgoing) -> Written:
        if outgoing.locale == "ja":
            raise KeyError("no such place in the template")
        return original(outgoing)

    world.composer.write = broken  # type: ignore[method-assign]
    await world.drain(world.dispatcher())

    assert states(world) == {"sent": 3, "rejected": 2}
    assert {row.reason for row in rows(world) if row.state == "rejected"} == {
        "could not be written in this person's language"
    }


async def test_a_bug_in_a_channel_is_a_doubt_and_stops_no_other(make_world: MakeWorld) -> None:
    """Nobody knows how far the send came; the rest of the lane goes on."""
    world = make_world(3)
    original = world.channel.send

    async def broken(post: Post) -> Outcome:
        if post.to.external == "1001":
            raise KeyError("a bug")
        return await original(post)

    world.channel.send = broken  # type: ignore[method-assign]
    await world.drain(world.dispatcher())

    assert states(world) == {"sent": 2, "due": 1}
    [doubt] = world.database.run(outbox.in_doubt)
    assert doubt.reason == "KeyError"


async def test_what_waited_long_for_its_turn_is_claimed_anew(make_world: MakeWorld) -> None:
    """A lane that was told to wait for hours must not send at night what it had claimed by day."""
    world = make_world(3)
    await world.clock.run(datetime(2025, 9, 2, 13, 29, tzinfo=UTC))  # 20:29 in Jakarta
    world.channel.answers.append(Deferred(timedelta(hours=2), whole_lane=True))

    await world.drain(world.dispatcher(rate=30))

    assert len(world.channel.posts) == 1
    assert states(world) == {"due": 3}


async def test_a_lane_that_was_slowed_down_claims_no_more_than_it_can_send_soon(
    make_world: MakeWorld,
) -> None:
    """What waits too long after its claim is claimed again: each message would cost many claims."""
    world = make_world(40)
    dispatcher = world.dispatcher(rate=30)
    dispatcher.turns.pace = replace(dispatcher.turns.pace, rate=2.0)

    await world.drain(dispatcher)

    assert states(world) == {"sent": 40}
    assert sum(row.claim for row in rows(world)) < 50
