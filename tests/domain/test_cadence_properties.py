"""What holds for every plan, in every zone and on every day until 2030."""

import zoneinfo
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.cadence import PlannedStep, deadline_of, plan_notice, plan_steps
from bot.domain.calendar import is_rest, is_zone, local_date, next_window, window
from bot.domain.campaign import Cadence, CampaignDocument, Halving, Hours, Offsets
from bot.domain.later import LaterOption, plan_later
from bot.domain.step import number_of

ZONES = sorted(name for name in zoneinfo.available_timezones() if is_zone(name))
RESTS = [frozenset[int](), frozenset({6, 7}), frozenset({5, 6}), frozenset({7}), frozenset({5})]
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Case:
    """A campaign and a group of people in it."""

    document: CampaignDocument
    zone: str
    rest_days: frozenset[int]
    asked_at: datetime

    def plan(self, **more):
        """Their reminders that go out, in order."""
        return [step for step in self.all_steps(**more) if step.due_at is not None]

    def all_steps(self, **more) -> tuple[PlannedStep, ...]:
        return plan_steps(
            self.document, asked_at=self.asked_at, zone=self.zone, rest_days=self.rest_days, **more
        )


@st.composite
def cases(draw: st.DrawFn, rule: st.SearchStrategy[Halving | Offsets]) -> Case:
    announce = draw(st.dates(date(2025, 1, 1), date(2030, 10, 31)))
    document = CampaignDocument(
        slug="c",
        template="c",
        announce=announce,
        deadline=announce + DAY * draw(st.integers(0, 60)),
        zone="UTC",
        authoritative_locale="id",
        link="https://example.org",
        cadence=Cadence(rule=draw(rule)),
    )
    zone, rest_days = draw(st.sampled_from(ZONES)), draw(st.sampled_from(RESTS))
    start = window(announce, zone, Hours()).start + DAY * draw(st.integers(0, 60))
    notice = plan_notice(document, zone=zone, started_at=start, rest_days=rest_days)
    asked_at = notice.due_at or start
    if notice.due_at is not None:  # some are accepted hours after they were due, within the window
        asked_at += timedelta(minutes=draw(st.integers(0, 690)))
        asked_at = min(asked_at, next_window(notice.due_at, zone, Hours()).end)
    return Case(document=document, zone=zone, rest_days=rest_days, asked_at=asked_at)


halvings = st.builds(Halving, max_reminders=st.integers(0, 4))
offsets = st.lists(st.integers(1, 40 * 24), min_size=1, max_size=4, unique=True).map(
    lambda hours: Offsets(tuple(timedelta(hours=h) for h in sorted(hours, reverse=True)))
)


@settings(max_examples=300)
@given(cases(halvings | offsets))
def test_every_number_is_one_step_at_most(case):
    """One message per step."""
    numbers = [number_of(step.step) for step in case.all_steps()]

    assert numbers == sorted(set(numbers), key=lambda number: number or 0)
    assert len(numbers) <= 4


@settings(max_examples=600)
@given(cases(halvings | offsets))
def test_every_reminder_goes_out_in_a_window_on_a_working_day_before_the_deadline(case):
    """Nobody is woken, nobody is written to on a day of rest, nobody is reminded of what is over."""
    deadline = deadline_of(case.document, case.zone)
    for step in case.plan():
        day = local_date(step.due_at, case.zone)
        assert step.due_at in window(day, case.zone, Hours())
        assert not is_rest(day, case.rest_days)
        assert step.due_at < deadline == step.not_after
        assert step.left == deadline - step.due_at


@settings(max_examples=600)
@given(cases(halvings | offsets))
def test_no_two_messages_are_nearer_than_the_gap(case):
    """Also not the notice and the first reminder."""
    instants = [case.asked_at, *(step.due_at for step in case.plan())]

    assert all(later - earlier >= DAY for earlier, later in pairwise(instants))


@settings(max_examples=600)
@given(cases(halvings))
def test_no_gap_is_longer_than_the_one_before_by_more_than_25_hours_and_days_of_rest(case):
    """Reminders come closer; windows and days of rest may stretch a gap, nothing else may."""
    instants = [case.asked_at, *(step.due_at for step in case.plan())]
    for first, second, third in zip(instants, instants[1:], instants[2:], strict=False):
        rest = days_of_rest(case, first, third)
        assert third - second <= second - first + timedelta(hours=25) + rest


@settings(max_examples=300)
@given(cases(halvings))
def test_the_final_reminder_goes_out_whenever_a_gap_from_the_notice_leaves_room_for_it(case):
    """The others give way to it."""
    steps = case.all_steps()
    for final in (step for step in steps if step.final and step.due_at is None):
        last = max(step.not_after for step in steps)
        opening = next_window(case.asked_at + DAY, case.zone, Hours(), case.rest_days)
        assert max(case.asked_at + DAY, opening.start) >= last, final


@settings(max_examples=300)
@given(cases(halvings), st.integers(1, 20), st.integers(0, 19))
def test_after_a_move_nothing_is_made_up_and_every_number_keeps_its_place(case, days, moved_after):
    """What was sent stays sent, what is past stays past, and the gap is kept from both."""
    moved_at = case.asked_at + DAY * moved_after
    already = {step.step: step.due_at for step in case.plan() if step.due_at < moved_at}
    later = deadline_of(case.document, case.zone) + DAY * days

    steps = case.plan(already=already, moved_at=moved_at, deadline=later)

    assert not {step.step for step in steps} & set(already)
    assert all(step.due_at >= moved_at for step in steps)
    instants = [*sorted([case.asked_at, *already.values()]), *(step.due_at for step in steps)]
    assert all(second - first >= DAY for first, second in pairwise(instants))


@settings(max_examples=300)
@given(cases(halvings), st.sampled_from(LaterOption), st.integers(0, 30 * 24))
def test_a_reminder_put_off_keeps_every_promise(case, option, hours):
    """The wish moves a reminder, never the rules."""
    now = case.asked_at + timedelta(hours=hours)
    already = {step.step: step.due_at for step in case.plan() if step.due_at < now}

    steps = plan_later(
        case.document,
        option,
        now=now,
        asked_at=case.asked_at,
        zone=case.zone,
        rest_days=case.rest_days,
        already=already,
    )

    due = [step.due_at for step in steps if step.due_at is not None]
    last = deadline_of(case.document, case.zone)
    assert all(now <= at < last for at in due)
    assert all(at in next_window(at, case.zone, Hours(), case.rest_days) for at in due)
    instants = [max([case.asked_at, *already.values()]), *due]
    assert all(second - first >= DAY for first, second in pairwise(instants))
    assert len([step for step in steps if step.step.startswith("later")]) <= 1


def days_of_rest(case: Case, start: datetime, end: datetime) -> timedelta:
    """Those between the two, and those right before, off which the first may have been moved."""
    day, last = local_date(start, case.zone), local_date(end, case.zone)
    while is_rest(day - DAY, case.rest_days):
        day -= DAY
    return DAY * sum(is_rest(day + DAY * n, case.rest_days) for n in range((last - day).days + 1))
