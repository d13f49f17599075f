"""Moving a deadline: one transaction, one correction, nobody told the old date again."""

from collections import Counter
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from sqlmodel import Session, select

from bot.campaigns import deadline, service
from bot.campaigns.deadline import Move
from bot.campaigns.explain import explain
from bot.campaigns.planner import plan_segment
from bot.domain.campaign import CampaignState
from bot.domain.delivery import Accepted, Failed, InDoubt
from bot.domain.explain import shown
from bot.exceptions import BadMoment, InvalidTransition
from bot.store import campaigns, planning
from bot.store.claims import Outgoing
from bot.store.models import AuditRow
from tests.worlds import MORNING, World, document, jakarta, on_slack, on_telegram, rest_days

OCTOBER = date(2025, 10, 8)


@pytest.fixture
def asked(world: World) -> World:
    """Four people were told 28 September; one has answered, one is muted, and one is not asked yet."""
    world.people(*map(on_telegram, (1, 2, 3, 4)))
    world.campaign()
    world.at(MORNING).send()
    world.plan()
    world.answer("u2")
    world.mute("u3")
    world.at(jakarta(26, 23)).people(on_telegram(5))
    world.plan()
    return world


def test_it_is_told_first_what_a_move_will_do(asked):
    before = asked.run(campaigns.get, "terms")

    told = asked.run(deadline.preview, "terms", to=OCTOBER, now=asked.now, rest_days=rest_days)

    assert (told.corrections, told.answered, told.silent, told.not_told) == (2, 1, 1, 1)
    assert told.waits
    due = {step.step: shown(step.due_at, told.zone)[:16] for step in told.steps if step.due_at}
    assert due == {
        "correction-1": "2025-09-27T09:00",
        "reminder-4": "2025-10-08T09:00",
        "closing": "2025-10-09T09:00",
    }
    assert asked.run(campaigns.get, "terms") == before


def test_the_undecided_who_were_told_the_old_date_get_one_correction(asked):
    _move(asked, OCTOBER)

    sent = _days(asked, jakarta(27), 20)

    assert [step for step, _ in sent["u1"]].count("correction-1") == 1
    assert [step for step, _ in sent["u4"]].count("correction-1") == 1
    assert [sent[ref] for ref in ("u2", "u3")] == [[], []]
    assert next(step for step, _ in sent["u5"]) == "notice"
    assert "correction-1" not in [step for step, _ in sent["u5"]]


def test_nobody_is_shown_the_old_date_again(asked):
    _move(asked, OCTOBER)

    asked.at(jakarta(27, 9)).plan()

    shown = {outgoing.campaign.document.deadline for outgoing in asked.claim() if outgoing.campaign}
    assert shown == {OCTOBER}


def test_reminders_keep_their_number_and_are_counted_on(asked):
    """A moved deadline is no way to send more than four."""
    _move(asked, OCTOBER)

    sent = _days(asked, jakarta(27), 20)["u1"]

    reminders = [step for step, _ in sent if step.startswith("reminder")]
    assert reminders == sorted(set(reminders))
    assert len(reminders) <= 4
    assert sent[-1][0] == "closing"
    assert sent[-1][1] == date(2025, 10, 9)


def test_after_a_correction_a_reminder_keeps_the_gap(asked):
    _move(asked, OCTOBER)

    sent = _days(asked, jakarta(27), 20)["u1"]

    days = [day for step, day in sent if step.startswith(("correction", "reminder"))]
    assert all(later - day >= timedelta(days=1) for day, later in pairwise(days))


def test_what_is_in_line_when_the_date_moves_gives_way(asked):
    """A reminder and a correction within minutes would be one too many."""
    asked.at(jakarta(28, 10)).plan()
    assert asked.states("u1")["reminder-4"] == "due"

    _move(asked, OCTOBER)
    asked.plan()

    assert asked.states("u1")["reminder-4"] == "merged"
    assert [row.step for row in asked.log("u1") if row.state == "due"] == ["correction-1"]


def test_a_notice_in_line_may_go_out_until_the_new_deadline(world):
    world.people(on_telegram())
    world.campaign()
    world.at(MORNING).plan()
    _move(world, OCTOBER)

    assert len(world.at(jakarta(1, 10, month=10)).claim()) == 1


def test_a_notice_that_came_too_late_for_the_old_deadline_goes_out(world):
    """Who had no answer at the old deadline is open again, and so is who was never asked."""
    world.people(on_telegram())
    world.campaign()
    world.at(MORNING).plan()
    assert world.at(jakarta(29, 10)).claim() == []

    _move(world, OCTOBER)

    assert world.send() == ["notice"]


def test_one_who_comes_between_the_deadlines_is_asked(world):
    world.campaign()
    world.at(jakarta(28, 22)).people(on_telegram())
    assert world.plan() == 0

    _move(world, OCTOBER)

    assert world.at(jakarta(29, 10)).send() == ["notice"]


def test_a_message_on_its_way_during_the_move_is_corrected(world):
    """It showed the old date, though the move was done when its result came in."""
    world.people(on_telegram())
    world.campaign()
    world.at(MORNING).plan()
    claimed = world.claim()
    _move(world, OCTOBER)

    world.settle(claimed)
    world.at(MORNING + timedelta(minutes=5))

    assert world.send() == ["correction-1"]


def test_a_second_message_on_its_way_is_corrected_too(world):
    """The others of its day had their corrections made already."""
    late = _moved_with_one_on_its_way(world)

    world.settle([late])
    world.at(MORNING + timedelta(minutes=5)).plan()
    world.at(MORNING + timedelta(minutes=10))

    assert world.send() == ["correction-1", "correction-1"]


def test_others_that_come_in_one_after_the_other_are_corrected_together(world):
    """The correction of the first is sent; that of the others is computed anew for each, and waits for the morning."""
    world.people(*map(on_telegram, (1, 2, 3)))
    world.campaign()
    world.at(MORNING).plan()
    first, second, third = world.claim()
    world.settle([first])
    _move(world, OCTOBER)
    world.plan()
    world.at(MORNING + timedelta(minutes=5))
    assert world.send() == ["correction-1"]

    for late, minutes in ((second, 0), (third, 30)):
        world.at(jakarta(2, 23, minutes)).settle([late])
        world.plan()
    world.at(jakarta(3)).plan()

    assert world.send() == ["correction-1", "correction-1"]


@pytest.mark.parametrize("outcome", [Accepted("m"), InDoubt("reset"), Failed("refused")])
def test_who_is_being_corrected_while_another_message_comes_in_is_not_corrected_twice(world, outcome):
    """Their correction is on its way, and nobody knows yet whether it will arrive."""
    late = _moved_with_one_on_its_way(world)
    world.at(MORNING + timedelta(minutes=5)).plan()
    correction = world.claim()

    world.settle([late])
    world.at(MORNING + timedelta(minutes=6)).plan()
    world.settle(correction, outcome)
    world.at(MORNING + timedelta(minutes=10)).send()

    assert [row.step for row in world.log("u1")] == ["notice", "correction-1"]
    assert [row.step for row in world.log("u2")] == ["notice", "correction-1"]


def test_a_step_of_which_only_some_are_made_is_no_longer_made(world, monkeypatch):
    """Whoever had none of it yet is corrected as all others are."""
    monkeypatch.setattr(planning, "SEGMENT", 3)
    world.people(*map(on_telegram, range(5)))
    world.campaign()
    world.at(MORNING).send()
    world.plan()
    world.at(jakarta(15, 16, 30))
    assert world.run(plan_segment, now=world.now, rest_days=rest_days).rows == 3

    _move(world, OCTOBER)
    world.plan()

    steps = Counter(row.step for row in world.log())
    assert (steps["reminder-1"], steps["correction-1"]) == (3, 5)


def test_a_step_of_the_present_revision_of_which_some_are_made_goes_on(world, monkeypatch):
    """A result that comes late has all slots computed anew; those who wait for theirs still get it."""
    world.people(*map(on_telegram, range(5)))
    world.campaign()
    world.at(MORNING).plan()
    *others, late = world.claim()
    world.settle(others)
    _move(world, OCTOBER)
    world.plan()
    world.at(jakarta(3)).send()
    monkeypatch.setattr(planning, "SEGMENT", 2)
    world.at(jakarta(20, 18))
    assert world.run(plan_segment, now=world.now, rest_days=rest_days).rows == 2

    world.settle([late])
    world.plan()

    assert Counter(row.step for row in world.log())["reminder-1"] == 4


def test_a_second_move_brings_a_second_correction(asked):
    _move(asked, OCTOBER)
    first = _days(asked, jakarta(27), 2)
    _move(asked, date(2025, 10, 20))
    second = _days(asked, jakarta(29), 10)

    assert "correction-1" in [step for step, _ in first["u1"]]
    assert [step for step, _ in second["u1"] if step.startswith("correction")] == ["correction-2"]


def test_an_earlier_deadline_closes_earlier(asked):
    _move(asked, date(2025, 9, 27))

    sent = _days(asked, jakarta(27), 4)["u1"]

    assert [step for step, _ in sent] == ["correction-1", "closing"]
    assert sent[-1][1] == date(2025, 9, 28)


def test_the_move_is_on_record(asked):
    _move(asked, OCTOBER, by="eve")

    def last(session: Session) -> tuple[str, str | None, str | None, datetime]:
        row = session.exec(select(AuditRow).where(AuditRow.act == "campaign.move_deadline")).one()
        return row.actor, row.subject, row.detail, row.at

    assert asked.run(last) == ("eve", "terms", "2025-09-28 -> 2025-10-08", asked.now)
    campaign = asked.run(campaigns.get, "terms")
    assert (campaign.revision, campaign.approver) == (2, "eve")
    assert campaign.approved_hash == campaign.document.content_hash


def test_before_the_start_a_move_needs_the_approval_again(world):
    world.run(service.load, document(), author="ann", now=world.now)
    world.run(service.approve, "terms", by="bob", now=world.now)

    _move(world, OCTOBER)

    assert world.run(campaigns.get, "terms").state is CampaignState.DRAFT


@pytest.mark.parametrize("to", [date(2025, 9, 28), date(2025, 9, 1), date(2025, 9, 20)])
def test_a_deadline_moves_to_another_day_to_come(asked, to):
    with pytest.raises(BadMoment):
        _move(asked, to)


def test_what_is_over_is_not_moved(world):
    world.campaign()
    world.run(service.cancel, "terms", by="bob", now=world.now)

    with pytest.raises(InvalidTransition):
        _move(world, OCTOBER)


def test_who_was_told_earlier_than_others_is_corrected_too(world):
    """What counts is the last date that each was shown, not the last that anybody was."""
    world.people(on_telegram(1, zone="Asia/Tokyo"), on_telegram(2), on_telegram(3, zone="Europe/Paris"))
    world.campaign()
    for hour in (7, 10, 16):
        world.at(jakarta(2, hour)).send()

    told = world.run(deadline.preview, "terms", to=OCTOBER, now=world.now, rest_days=rest_days)

    assert told.corrections == 3


def test_slack_and_other_zones_move_as_well(world):
    world.people(on_slack(1, zone="America/New_York"), on_telegram(2, zone="Pacific/Auckland"))
    world.campaign()
    for hour in (7, 14, 22):
        world.at(jakarta(3, hour)).send()

    _move(world, OCTOBER)

    for ref in ("u1", "u2"):
        told = world.run(explain, "terms", ref, rest_days=rest_days)
        assert told.deadline.date() >= OCTOBER
        assert "correction-1" in [step.step for step in told.steps]


def _moved_with_one_on_its_way(world: World) -> Outgoing:
    """The deadline has moved, the first of two was told and is to be corrected; the second's notice, of which nobody
    knows yet."""
    world.people(on_telegram(1), on_telegram(2))
    world.campaign()
    world.at(MORNING).plan()
    first, second = world.claim()
    world.settle([first])
    _move(world, OCTOBER)
    world.plan()
    return second


def _move(world: World, to: date, by: str = "bob") -> Move:
    return world.run(deadline.move, "terms", to=to, by=by, now=world.now, rest_days=rest_days)


def _days(world: World, begin: datetime, count: int) -> dict[str, list[tuple[str, date]]]:
    """What each person gets on so many days from then on, looked at every four hours."""
    known = {row.id for row in world.log() if row.state == "sent"}
    for hour in range(0, 24 * count, 4):
        world.at(begin + timedelta(hours=hour)).send()
    sent: dict[str, list[tuple[str, date]]] = {f"u{number}": [] for number in range(1, 6)}
    rows = [row for row in world.log() if row.state == "sent" and row.id not in known]
    for row in sorted(rows, key=lambda row: row.settled_at or begin):
        sent[row.recipient or ""].append((row.step, (row.settled_at or begin).date()))
    return sent
