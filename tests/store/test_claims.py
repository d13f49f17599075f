"""What may be begun, by whom, and what becomes of it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot.domain.campaign import CampaignState
from bot.domain.delivery import Accepted, Deferred, Failed, InDoubt, Moved, OnDoubt, Rejected, Why
from bot.domain.message import MessageKind
from bot.domain.recipient import Address, ChannelName, Plan, Reach
from bot.domain.update import Update
from bot.store import campaigns, candidates, claims, doubts, inbox, lanes, outbox, recipients
from bot.store.database import Database
from bot.store.outbox import Reply
from tests.worlds import MORNING, SLACK, TELEGRAM, jakarta, on_both, on_slack, on_telegram


@pytest.fixture
def asked(world):
    """Three people whose notices are due."""
    world.people(*map(on_telegram, (1, 2, 3)))
    world.campaign()
    world.at(MORNING).plan()
    return world


def test_a_claim_takes_what_is_due_in_order_and_up_to_its_limit(asked):
    lease = asked.lease()

    first, second = (asked.claim(limit=2, lease=lease) for _ in range(2))

    assert [outgoing.delivery.address.external for outgoing in first] == ["1001", "1002"]
    assert [outgoing.delivery.address.external for outgoing in second] == ["1003"]
    assert {outgoing.delivery.claim for outgoing in first} == {1}


def test_nothing_is_claimed_before_its_time(world):
    world.people(on_telegram())
    world.campaign()
    world.plan()

    assert world.at(jakarta(2, 8, 59)).claim() == []
    assert len(world.at(jakarta(2, 9)).claim()) == 1


def test_two_owners_never_claim_the_same_row(world, database_url):
    """A worker that was frozen and woke up again must not send what its successor sends."""
    world.people(*map(on_telegram, range(60)))
    world.campaign()
    world.at(MORNING).plan()
    leases = [world.lease(owner="a"), replace(world.lease(owner="a"), owner="b")]

    def claim(index: int) -> list[int]:
        with Database(database_url, clock=world.clock) as own:
            lease = leases[index % 2]
            found = own.run(claims.claim, lease, now=MORNING, limit=10)
            return [outgoing.delivery.id for outgoing in found]

    with ThreadPoolExecutor(4) as threads:
        claimed = [row for rows in threads.map(claim, range(6)) for row in rows]

    assert len(claimed) == len(set(claimed)) == 60


def test_a_result_counts_under_its_own_claim_alone(asked):
    """The fence: whoever was overtaken writes nothing."""
    (first, *_) = asked.claim(limit=1)
    asked.settle([first], Failed("connection refused"))
    asked.at(MORNING + timedelta(minutes=1))
    (again, *_) = [row for row in asked.claim() if row.delivery.id == first.delivery.id]

    assert asked.settle([first]) == 0
    assert asked.settle([again]) == 1
    assert asked.log("u1")[0].state == "sent"


def test_a_result_is_saved_once(asked):
    claimed = asked.claim(limit=1)

    assert [asked.settle(claimed), asked.settle(claimed)] == [1, 0]


def test_what_was_not_begun_is_due_again(asked):
    claimed = asked.claim()
    asked.run(outbox.unclaim, [outgoing.delivery for outgoing in claimed])

    assert len(asked.claim()) == 3


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Accepted("7"), "sent"),
        (Deferred(timedelta(seconds=30)), "due"),
        (Failed("refused"), "due"),
        (Rejected(Why.BLOCKED, "blocked"), "rejected"),
        (InDoubt("no answer"), "due"),  # a notice is sent again
        (Moved("77"), "due"),
    ],
)
def test_an_outcome_is_stored(asked, outcome, state):
    asked.settle(asked.claim(limit=1), outcome)

    assert asked.log("u1")[0].state == state


def test_slow_down_is_heeded(asked):
    asked.settle(asked.claim(), Deferred(timedelta(seconds=30)))

    assert asked.at(MORNING + timedelta(seconds=29)).claim() == []
    assert len(asked.at(MORNING + timedelta(seconds=30)).claim()) == 3


def test_a_blocked_address_is_blocked_and_a_moved_one_has_moved(asked):
    blocked, moved, _ = asked.claim()
    asked.settle([blocked], Rejected(Why.BLOCKED, "blocked"))
    asked.settle([moved], Moved("9999"))

    (first,) = asked.run(recipients.get, "u1").addresses
    (second,) = asked.run(recipients.get, "u2").addresses
    assert first.reach is Reach.BLOCKED
    assert second.key == "telegram:9999"


def test_in_doubt_is_counted_and_listed(asked):
    claimed = asked.claim(limit=1)
    asked.run(outbox.save, [replace(asked.settled(claimed[0], InDoubt("reset")), unsure=True)], now=asked.now)

    (doubt,) = asked.run(outbox.in_doubt)
    assert (doubt.delivery, doubt.sends, doubt.step) == (claimed[0].delivery.id, 1, "notice")


def test_a_successor_deals_with_what_a_dead_owner_began(asked):
    """What was sending may have arrived: it is in doubt, never simply sent again."""
    asked.claim(limit=2)
    asked.run(lanes.free_dead, lambda owner: True)
    lease = asked.lease(owner="successor")

    recovered = asked.run(outbox.recover, lease, now=asked.now)

    assert recovered == 2
    assert sorted(asked.states("u1").items()) == [("notice", "due")]
    assert len(asked.run(outbox.in_doubt)) == 2


def test_an_owner_does_not_recover_its_own(asked):
    lease = asked.lease()
    asked.claim(lease=lease)

    assert asked.run(outbox.recover, lease, now=asked.now) == 0


def test_a_held_doubt_stays_until_a_tap_proves_that_it_arrived(world):
    world.people(on_telegram())
    world.campaign(on_doubt=(("notice", OnDoubt.HOLD),))
    world.at(MORNING).plan()
    (outgoing,) = world.claim()
    world.settle([outgoing], InDoubt("no answer"))
    assert world.states() == {"notice": "in_doubt"}

    world.run(doubts.arrived, outgoing.delivery.id, message="5", now=world.now)

    assert world.states() == {"notice": "sent"}


def test_who_answered_or_muted_after_planning_is_left_alone(asked):
    asked.answer("u1")
    asked.mute("u2")

    claimed = asked.claim()

    assert [outgoing.delivery.address.external for outgoing in claimed] == ["1003"]
    assert asked.states("u1") == {"notice": "cancelled"}
    assert asked.states("u2") == {"notice": "cancelled"}


def test_an_excluded_plan_ends_it(asked):
    """A change to a plan that the campaign does not cover stops it for that person."""
    asked.people(on_telegram(1, plan=Plan.ENTERPRISE))

    assert len(asked.claim()) == 2
    assert asked.states("u1") == {"notice": "cancelled"}


def test_nothing_is_begun_while_paused_or_after_a_cancel(asked):
    asked.pause()
    assert asked.claim() == []

    campaign = asked.pause()
    asked.save(replace(campaign, state=CampaignState.CANCELLED))
    assert asked.claim() == []
    assert asked.states("u1") == {"notice": "cancelled"}


def test_nothing_is_begun_after_the_persons_own_deadline(asked):
    assert asked.at(jakarta(29, 9)).claim() == []
    assert asked.states("u1") == {"notice": "expired"}


def test_nothing_is_begun_outside_the_hours(asked):
    assert asked.at(jakarta(2, 20, 30)).claim() == []
    assert len(asked.at(jakarta(3, 9)).claim()) == 3


def test_who_has_written_is_read_before_they_are_written_to(asked):
    """Their message may be the answer."""
    asked.run(inbox.keep, [_update(sender="telegram:1001")])

    assert [outgoing.delivery.address.external for outgoing in asked.claim()] == ["1002", "1003"]


def test_a_claimed_message_is_overtaken_by_what_happened_since(asked):
    """From the answer, the mute, the pause and the new words on, nothing of it is begun."""
    ids = {outgoing.delivery.address.external: outgoing.delivery.id for outgoing in asked.claim()}

    def overtaken(*, revision: int = 1) -> set[str]:
        found = asked.run(claims.overtaken, dict.fromkeys(ids.values(), revision), now=asked.now)
        return {chat for chat, number in ids.items() if number in found}

    assert overtaken() == set()
    assert overtaken(revision=2) == set(ids)
    asked.answer("u1")
    asked.mute("u2")
    assert overtaken() == {"1001", "1002"}
    asked.pause()
    assert overtaken() == set(ids)


def test_a_person_gets_one_campaign_message_a_day(world):
    """Two campaigns share a person's patience."""
    world.people(on_telegram())
    world.campaign("first")
    world.campaign("second")
    world.at(MORNING).plan()

    assert len(world.send()) == 1
    assert world.at(MORNING + timedelta(hours=19)).send() == []
    assert world.at(jakarta(3, 9)).send() == ["notice"]


def test_replies_go_first_and_in_every_state_of_the_campaign(asked):
    campaign = asked.pause()
    place = Address(ChannelName.TELEGRAM, "1001")
    asked.run(inbox.keep, [_update(sender="telegram:1001")])
    (update,) = asked.run(inbox.waiting, [TELEGRAM], now=asked.now, limit=1)
    reply = Reply(update.id, 1, place, TELEGRAM, MessageKind.RECEIPT, "{}", campaign_id=campaign.id)
    asked.run(outbox.add_reply, reply, now=asked.now)

    (outgoing,) = asked.claim()

    assert (outgoing.kind, outgoing.body) == ("reply", "{}")


def test_a_reply_is_unique_by_its_update_and_number(asked):
    """The same update worked twice must not answer twice."""
    place = Address(ChannelName.TELEGRAM, "1001")
    asked.run(inbox.keep, [_update(sender="telegram:1001")])
    reply = Reply(1, 1, place, TELEGRAM, MessageKind.RECEIPT, "{}")
    asked.run(outbox.add_reply, reply, now=asked.now)

    with pytest.raises(Exception, match="(?i)unique"):
        asked.run(outbox.add_reply, reply, now=asked.now)


def test_withdrawing_spares_what_is_sent(asked):
    asked.settle(asked.claim(limit=1))

    for ref in ("u1", "u2"):
        person = asked.run(recipients.get, ref)
        asked.run(outbox.withdraw, person.id, why="erased", now=asked.now)

    assert asked.states("u1") == {"notice": "sent"}
    assert asked.states("u2") == {"notice": "cancelled"}


def test_an_answer_does_not_wait_for_what_is_being_claimed(asked, database_url):
    """Whoever answers for several people, and whoever saves what became of several messages, would wait for each
    other. What was claimed is looked at again before it is begun."""
    if asked.database.is_sqlite:
        pytest.skip("SQLite has one writer")
    lease, people = asked.lease(), [asked.run(recipients.get, f"u{n}").id for n in (1, 2, 3)]
    (campaign,) = asked.run(campaigns.every)

    def withdraw(session):
        session.execute(text("SET LOCAL lock_timeout = '2s'"))
        outbox.withdraw_each(session, people, campaign_id=campaign.id, why="answered", now=asked.now)
        outbox.withdraw(session, people[0], why="muted", now=asked.now)

    def claim(session):
        claimed = claims.claim(session, lease, now=asked.now, limit=2)
        with Database(database_url, clock=asked.clock) as other:
            other.run(withdraw)
        return claimed

    assert len(asked.run(claim)) == 2
    assert [asked.states(f"u{n}")["notice"] for n in (1, 2, 3)] == ["sending", "sending", "cancelled"]


def test_a_step_refused_for_good_is_not_sent_to_the_same_place_again(world):
    world.people(on_both())
    world.campaign()
    world.at(MORNING).plan()
    world.settle(world.claim(TELEGRAM), Rejected(Why.BLOCKED, "blocked"))
    world.settle(world.claim(SLACK), Rejected(Why.GONE, "gone"))

    assert world.states() == {"notice": "rejected"}
    assert world.claim(TELEGRAM) == world.claim(SLACK) == []


def test_lanes_with_work_are_those_with_something_due(world):
    world.people(on_slack())
    world.campaign()
    world.plan()

    assert world.run(candidates.lanes, now=world.now) == []
    assert world.run(candidates.lanes, now=MORNING) == [SLACK]


def _update(sender: str = "telegram:1001", dedupe: str = "1") -> Update:
    return Update(TELEGRAM, dedupe, 1, sender, "{}", received_at=MORNING)
