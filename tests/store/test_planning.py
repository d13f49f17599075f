"""Who gets which step, and when: the statements that fill the outbox."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select, update

from bot.campaigns import ahead, deadline, planner
from bot.domain.campaign import CampaignState
from bot.domain.delivery import Rejected, Why
from bot.domain.recipient import Plan
from bot.store import campaigns, planning, recipients
from bot.store.database import Database
from bot.store.models import DeliveryRow
from bot.store.outlook import outlook
from tests.worlds import MORNING, SLACK, TELEGRAM, jakarta, on_both, on_slack, on_telegram, rest_days


def test_a_notice_goes_to_everybody_in_the_audience_and_to_nobody_else(world):
    world.people(
        on_telegram(1),
        on_telegram(2, plan=Plan.ENTERPRISE),
        on_telegram(3, registered_on=date(2025, 8, 28)),
        on_telegram(4, registered_on=date(2025, 8, 27)),
        on_telegram(5, registered_on=None),
        on_telegram(6, places=()),
        on_slack(7),
    )
    world.mute("u5")
    world.campaign()

    world.plan()

    assert sorted(row.recipient for row in world.log()) == ["u1", "u4", "u7"]


def test_planning_again_adds_nothing(world):
    """One row per campaign, person and step, however often and by how many it is planned."""
    world.people(*map(on_telegram, range(5)))
    world.campaign()

    assert [world.plan(), world.plan()] == [5, 0]


def test_two_planners_at_once_do_no_harm(world, database_url):
    world.people(*map(on_telegram, range(40)), *map(on_slack, range(40, 80)))
    world.campaign()

    def plan(_: int) -> int:
        with Database(database_url, clock=world.clock) as own:
            return own.run(planner.plan_segment, now=MORNING, rest_days=rest_days).rows

    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(plan, range(4)))

    assert len(world.log()) == 80
    assert sum(made) == 80


def test_more_people_than_a_segment_holds_are_planned_in_turn(world, monkeypatch):
    """A writer that takes its time lets nobody else in."""
    monkeypatch.setattr(planning, "SEGMENT", 3)
    world.people(*map(on_telegram, range(8)))
    world.campaign()

    assert world.plan() == 8


def test_telegram_is_preferred_and_slack_takes_over_what_it_refuses(world):
    world.people(on_both())
    world.campaign()
    world.plan()
    world.at(MORNING)

    world.settle(world.claim(TELEGRAM), Rejected(Why.BLOCKED, "blocked"))
    on_slack_now = world.claim(SLACK)

    assert [outgoing.delivery.address.key for outgoing in on_slack_now] == ["slack:T1:U1"]


def test_reminders_come_closer_together_and_the_closing_note_follows(world):
    world.people(on_telegram())
    world.campaign()
    sent = []

    for day in range(40):
        world.at(jakarta(1) + timedelta(days=day, hours=8))
        sent += [(step, world.now.date()) for step in world.send()]

    assert sent == [
        ("notice", date(2025, 9, 2)),
        ("reminder-1", date(2025, 9, 15)),
        ("reminder-2", date(2025, 9, 22)),
        ("reminder-3", date(2025, 9, 25)),
        ("reminder-4", date(2025, 9, 28)),
        ("closing", date(2025, 9, 29)),
    ]


def test_slack_keeps_the_days_of_rest(world):
    world.people(on_slack())
    world.campaign()
    days = []

    for day in range(28):
        world.at(jakarta(1) + timedelta(days=day, hours=8))
        days += [world.now.date() for _ in world.send()]

    assert [day for day in days if day.isoweekday() in (6, 7)] == []
    assert days[-1] == date(2025, 9, 26)


def test_who_has_answered_gets_nothing_more(world):
    world.people(on_telegram(1), on_telegram(2))
    world.campaign()
    world.at(MORNING).send()
    world.answer("u1")

    world.at(jakarta(15, 17)).send()

    assert world.states("u1") == {"notice": "sent"}
    assert world.states("u2") == {"notice": "sent", "reminder-1": "sent"}


def test_of_missed_steps_only_the_latest_goes_out(world):
    """After an outage a person gets one message, not a burst."""
    world.people(on_telegram())
    world.campaign()
    world.at(MORNING).send()

    world.at(jakarta(23, 12))

    assert world.send() == ["reminder-2"]


def test_a_reminder_in_line_is_merged_into_its_successor(world):
    world.people(on_telegram())
    world.campaign()
    world.at(MORNING).send()
    world.at(jakarta(15, 17)).plan()

    world.at(jakarta(22, 10)).plan()

    assert world.states() == {"notice": "sent", "reminder-1": "merged", "reminder-2": "due"}


def test_nothing_is_planned_while_paused(world):
    world.people(on_telegram())
    world.campaign()
    world.pause()

    assert world.at(MORNING).plan() == 0


def test_who_comes_into_reach_after_the_start_is_asked_then(world):
    world.people(on_telegram(1))
    world.campaign()
    world.at(MORNING).send()

    world.at(jakarta(20, 22)).people(on_telegram(2))
    world.plan()

    assert [row.due_at for row in world.log("u2")] == [jakarta(21)]


def test_one_who_comes_late_in_the_day_holds_up_nobody_who_came_early(world):
    """Both are asked on one day, so that they share a slot; it must not open later for the first."""
    world.campaign()
    world.at(jakarta(10, 10)).people(on_telegram(1))
    world.plan()

    world.at(jakarta(10, 15)).people(on_telegram(2))
    world.plan()

    assert [row.due_at for row in world.log("u1")] == [jakarta(10, 10)]
    assert len(world.claim()) == 2


def test_a_zone_of_ones_own_decides_the_hour(world):
    world.people(on_telegram(1, zone="Pacific/Auckland"), on_telegram(2, zone=None))
    world.campaign()

    world.plan()

    assert [row.due_at for row in world.log("u1")] == [datetime.fromisoformat("2025-09-02T09:00+12:00")]
    assert [row.due_at for row in world.log("u2")] == [jakarta(2)]


def test_a_zone_that_changes_is_followed_from_then_on(world):
    world.people(on_telegram())
    world.campaign()
    world.at(MORNING).send()

    world.people(on_telegram(zone="America/New_York"))
    world.at(jakarta(15, 17))

    assert world.send() == []
    assert world.at(jakarta(16, 7)).send() == ["reminder-1"]


def test_the_campaign_finishes_when_all_is_out(world):
    world.people(on_telegram())
    world.campaign()
    world.at(MORNING).send()

    world.at(jakarta(29, 12)).send()
    world.at(jakarta(30, 12)).plan()

    assert world.run(campaigns.get, "terms").state is CampaignState.FINISHED


def test_steps_missed_for_good_do_not_keep_a_campaign_open(world):
    """A process that slept through the deadline must not leave it running for ever."""
    world.people(on_telegram())
    world.campaign()
    world.at(MORNING).send()
    world.plan()

    world.at(jakarta(20, month=10)).plan()

    assert world.run(campaigns.get, "terms").state is CampaignState.FINISHED


def test_a_campaign_without_anybody_finishes_after_its_deadline(world):
    world.campaign()

    world.at(jakarta(29, 20)).plan()

    assert world.run(campaigns.get, "terms").state is CampaignState.FINISHED


def test_the_next_instant_is_the_next_thing_to_do(world):
    world.people(on_telegram())
    world.campaign()
    world.plan()

    assert world.run(planner.next_instant, now=world.now) == jakarta(2)
    world.at(MORNING).send()
    world.plan()
    assert world.run(planner.next_instant, now=world.now) == jakarta(15, 16, 30)


def test_the_next_instant_is_also_that_of_what_is_tried_again_unless_its_campaign_is_paused(world):
    again = MORNING + timedelta(minutes=10)
    world.people(on_telegram(1), on_telegram(2))
    world.campaign()
    world.plan()
    first = select(DeliveryRow.id).order_by(col(DeliveryRow.id)).limit(1).scalar_subquery()
    world.run(
        lambda session: session.execute(
            update(DeliveryRow).where(col(DeliveryRow.id) == first).values(due_at=again)
        )
    )

    assert world.run(planner.next_instant, now=world.now) == jakarta(2)
    assert world.run(planner.next_instant, now=MORNING) == again
    assert world.run(planner.next_instant, now=again) == jakarta(29, 19)
    world.pause()
    assert world.run(planner.next_instant, now=world.now) is None


def test_a_scheduled_campaign_starts_at_its_instant(world):
    world.people(on_telegram())
    campaign = world.campaign(running=False)
    world.save(
        replace(
            campaign,
            state=CampaignState.SCHEDULED,
            start_at=jakarta(3),
            approved_hash=campaign.document.content_hash,
        )
    )

    assert world.at(jakarta(2, 23)).plan() == 0
    assert world.at(jakarta(3, 9, 1)).plan() == 1


@pytest.mark.parametrize("person", [on_telegram(), on_slack()])
def test_each_address_gets_its_lane(world, person):
    world.people(person)
    world.campaign()
    world.plan()

    (row,) = world.log()
    assert row.lane == {"telegram": TELEGRAM, "slack": SLACK}[row.channel]


def test_the_plan_survives_a_new_import_of_the_same_people(world):
    world.people(on_telegram())
    world.campaign()
    world.at(MORNING).send()

    world.people(on_telegram(locale="fr"))

    assert world.plan() == 0
    assert world.run(recipients.get, "u1").locale == "fr"


def test_slots_are_one_for_all_who_share_their_instants(world):
    """A moved deadline then moves some hundred rows, not a million."""
    world.people(*map(on_telegram, range(30)))
    campaign = world.campaign()
    world.at(MORNING).send()
    world.plan()

    (cohort,) = {row.asked_on for row in world.log()}
    assert cohort == date(2025, 9, 2)
    assert world.run(outlook, campaign, now=world.now).next_slot == jakarta(15, 16, 30)


def test_a_person_has_each_step_once_whoever_plans_it(world):
    """The key in the database says so; planners only make use of it."""
    world.people(on_telegram(1))
    world.campaign()
    world.plan()

    def again(session):
        row = session.exec(select(DeliveryRow)).one()
        session.add(DeliveryRow(**row.model_dump(exclude={"id"})))
        session.flush()

    with pytest.raises(IntegrityError):
        world.run(again)


def test_a_segment_goes_on_where_the_last_one_ended_and_comes_back_for_who_came_meanwhile(world, monkeypatch):
    """Nobody is read twice for nothing, and nobody is forgotten."""
    monkeypatch.setattr(planning, "SEGMENT", 2)
    world.people(*map(on_telegram, range(1, 8)))
    world.mute("u1")
    world.campaign()
    world.at(MORNING)
    first = world.run(planner.plan_segment, now=world.now, rest_days=rest_days)
    world.run(recipients.mute, world.run(recipients.get, "u1").id, now=None)

    world.plan()

    assert (first.rows, first.more) == (2, True)
    assert [len(world.log(f"u{number}")) for number in range(1, 8)] == [1] * 7


def test_one_pass_makes_no_more_than_a_segment_over_all_zones(world, monkeypatch):
    """An answer waits for a transaction, however many zones people live in."""
    monkeypatch.setattr(planning, "SEGMENT", 4)
    monkeypatch.setattr(ahead, "SHARE", 0)
    zones = ("Asia/Jakarta", "Asia/Tokyo", "Europe/Paris", "Africa/Cairo", "America/New_York")
    world.people(*(on_telegram(number, zone=zones[number % 5]) for number in range(15)))
    world.campaign()
    made, course, more = [], planner.Course(), True

    while more:
        done, course = world.run(planner.advance, course, now=world.now, rest_days=rest_days)
        made.append(done.rows)
        more = done.more
        if course.wanted:
            course = replace(course, seen=_look(world, course))

    assert sum(made) == len({row.recipient for row in world.log()}) == 15
    assert max(made) == 4


def test_who_comes_into_reach_after_the_look_is_neither_lost_nor_doubled(world):
    """What was seen is a hint: the planner looks once more for who came after it."""
    world.people(on_telegram(1), on_telegram(2, places=()))
    campaign = world.campaign()
    _, course = world.run(planner.advance, planner.Course(), now=world.now, rest_days=rest_days)
    course = replace(course, seen=_look(world, course))

    world.people(on_telegram(2), on_telegram(3))
    world.mute("u1")
    done, _ = world.run(planner.advance, course, now=world.now, rest_days=rest_days)
    is_open = world.run(outlook, campaign, now=world.now).notices
    made = [world.plan(), world.plan()]

    assert (done.rows, done.more, is_open) == (0, True, True)
    assert made == [2, 0]
    assert sorted(row.recipient for row in world.log()) == ["u2", "u3"]


def test_a_look_that_nobody_ended_is_taken_up_by_another(world):
    """A planner may die between its look and what it found."""
    world.people(on_telegram(1))
    campaign = world.campaign()

    world.run(planner.advance, planner.Course(), now=world.now, rest_days=rest_days)

    assert world.run(outlook, campaign, now=world.now).notices
    assert world.plan() == 1
    assert not world.run(outlook, campaign, now=world.now).notices


def test_what_was_seen_before_the_deadline_moved_counts_no_more(world):
    """The slot that it was seen for may be gone, or stand at another instant."""
    world.people(on_telegram(1))
    world.campaign()
    world.at(MORNING).send()
    world.plan()
    world.at(jakarta(15, 17))
    _, course = world.run(planner.advance, planner.Course(), now=world.now, rest_days=rest_days)
    course = replace(course, seen=_look(world, course))

    world.run(deadline.move, "terms", to=date(2025, 10, 8), by="bob", now=world.now, rest_days=rest_days)
    done, _ = world.run(planner.advance, course, now=world.now, rest_days=rest_days)

    assert done.rows == 0
    assert world.states() == {"notice": "sent"}


def _look(world, course):
    return world.run(ahead.look, course.wanted, limit=planning.AHEAD, rest_days=rest_days)
