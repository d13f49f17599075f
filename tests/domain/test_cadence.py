"""The curve of reminders on the shipped campaign, for late joiners, on days of rest, and after a move."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.cadence import plan_closing, plan_correction, plan_notice, plan_steps
from bot.domain.campaign import Cadence, CampaignDocument, Halving, Offsets
from bot.domain.message import MessageKind
from bot.domain.plan import PlannedStep, StepState

JAKARTA = "Asia/Jakarta"
WEEKEND = frozenset({6, 7})
DOCUMENT = CampaignDocument(
    slug="claude-consumer-terms",
    template="claude-consumer-terms",
    announce=date(2025, 9, 2),
    deadline=date(2025, 9, 28),
    zone=JAKARTA,
    authoritative_locale="id",
    link="https://example.org/terms",
)
ASKED = datetime(2025, 9, 2, 2, 0, tzinfo=UTC)  # 09:00 in Jakarta
MOVED = replace(DOCUMENT, deadline=date(2025, 10, 8))


def test_26_days_give_reminders_at_a_half_a_quarter_an_eighth_and_on_the_last_day():
    """What the campaign promises: closer as the deadline nears."""
    steps = plan_steps(DOCUMENT, asked_at=ASKED, zone=JAKARTA)

    assert shown(steps) == {
        "reminder-1": "Mon 15 Sep 16:30",
        "reminder-2": "Mon 22 Sep 09:00",
        "reminder-3": "Thu 25 Sep 16:07",
        "reminder-4": "Sun 28 Sep 09:00",
    }
    days_left = [step.left / timedelta(days=1) for step in steps]
    assert days_left == pytest.approx([13.3, 6.6, 3.3, 0.6], abs=0.1)


def test_only_the_last_reminder_is_final():
    """It is worded and retried differently."""
    steps = plan_steps(DOCUMENT, asked_at=ASKED, zone=JAKARTA)

    assert [step.final for step in steps] == [False, False, False, True]
    assert [step.kind for step in steps] == [*[MessageKind.REMINDER] * 3, MessageKind.LAST_REMINDER]


def test_on_days_of_rest_the_final_reminder_goes_back_to_the_last_working_day():
    """28 September is a Sunday; at work nobody reads it, and Monday is too late."""
    steps = plan_steps(DOCUMENT, asked_at=ASKED, zone=JAKARTA, rest_days=WEEKEND)

    assert shown(steps) == {
        "reminder-1": "Mon 15 Sep 16:30",
        "reminder-2": "Mon 22 Sep 09:00",
        "reminder-3": "Thu 25 Sep 16:07",
        "reminder-4": "Fri 26 Sep 16:07",
    }


def test_the_time_left_counts_from_the_opening_of_the_window_of_the_day_of_asking():
    """All who were asked on one day share their reminders, however long the sending took."""
    late = plan_steps(DOCUMENT, asked_at=ASKED + timedelta(hours=11), zone=JAKARTA)

    assert shown(late) == shown(plan_steps(DOCUMENT, asked_at=ASKED, zone=JAKARTA))


def test_who_joins_with_four_days_left_gets_the_same_curve_over_four_days():
    """Fewer reminders, as the gap allows; the final one stays."""
    steps = plan_steps(DOCUMENT, asked_at=datetime(2025, 9, 24, 2, 0, tzinfo=UTC), zone=JAKARTA)

    assert shown(steps) == {
        "reminder-1": "Fri 26 Sep 16:30",
        "reminder-2": "Sat 27 Sep 20:15",
        "reminder-4": "Sun 28 Sep 20:15",
    }
    assert steps[2].state is StepState.MERGED


def test_who_is_asked_on_the_last_day_gets_no_reminder():
    """Nothing keeps a day's distance from the notice any more."""
    steps = plan_steps(DOCUMENT, asked_at=datetime(2025, 9, 28, 2, 0, tzinfo=UTC), zone=JAKARTA)

    assert [step.state for step in steps] == [StepState.SKIPPED] * 4


def test_who_is_asked_on_the_day_before_gets_the_final_reminder_alone():
    """Of two that meet the final one goes out."""
    steps = plan_steps(DOCUMENT, asked_at=datetime(2025, 9, 27, 5, 0, tzinfo=UTC), zone=JAKARTA)

    assert shown(steps) == {"reminder-4": "Sun 28 Sep 12:00"}


@pytest.mark.parametrize("count", range(5))
def test_no_more_reminders_than_the_campaign_allows(count):
    """The cap can be configured down, to none at all."""
    document = replace(DOCUMENT, cadence=Cadence(rule=Halving(max_reminders=count)))

    steps = plan_steps(document, asked_at=ASKED, zone=JAKARTA)

    assert len(shown(steps)) == count


def test_offsets_are_kept_and_their_last_one_is_final():
    """The other rule: fixed distances from the deadline, inside the same windows."""
    offsets = tuple(timedelta(days=days) for days in (14, 7, 3, 1))
    document = replace(DOCUMENT, cadence=Cadence(rule=Offsets(offsets)))

    steps = plan_steps(document, asked_at=ASKED, zone=JAKARTA)

    assert shown(steps) == {
        "reminder-1": "Mon 15 Sep 09:00",
        "reminder-2": "Mon 22 Sep 09:00",
        "reminder-3": "Fri 26 Sep 09:00",
        "reminder-4": "Sun 28 Sep 09:00",
    }
    assert [step.final for step in steps] == [False, False, False, True]


def test_offsets_from_before_the_notice_are_left_out():
    """A reminder of something not yet said would be a second notice."""
    offsets = tuple(timedelta(days=days) for days in (14, 7, 3, 1))
    document = replace(DOCUMENT, cadence=Cadence(rule=Offsets(offsets)))

    steps = plan_steps(document, asked_at=datetime(2025, 9, 23, 2, 0, tzinfo=UTC), zone=JAKARTA)

    assert list(shown(steps)) == ["reminder-3", "reminder-4"]


def test_the_notice_goes_out_on_the_morning_of_the_announcement():
    """Also for those who were imported long before."""
    notice = plan_notice(DOCUMENT, zone=JAKARTA)

    assert shown([notice]) == {"notice": "Tue 02 Sep 09:00"}


def test_a_late_start_and_a_late_joiner_put_the_notice_off():
    """The latest of the three decides; within an open window it goes out at once."""
    started, joined = datetime(2025, 9, 3, 5, 0, tzinfo=UTC), datetime(2025, 9, 10, 15, 0, tzinfo=UTC)

    assert shown([plan_notice(DOCUMENT, zone=JAKARTA, started_at=started)]) == {"notice": "Wed 03 Sep 12:00"}
    assert shown([plan_notice(DOCUMENT, zone=JAKARTA, started_at=started, reachable_since=joined)]) == {
        "notice": "Thu 11 Sep 09:00"
    }


def test_a_notice_waits_for_a_working_day_but_rather_breaks_the_rest_than_misses_the_deadline():
    """A Saturday's notice can wait for Monday three weeks before the end, not on the last weekend."""
    early, late = datetime(2025, 9, 6, 3, 0, tzinfo=UTC), datetime(2025, 9, 27, 3, 0, tzinfo=UTC)

    notices = [
        plan_notice(DOCUMENT, zone=JAKARTA, started_at=start, rest_days=WEEKEND) for start in (early, late)
    ]

    assert [shown([notice])["notice"] for notice in notices] == ["Mon 08 Sep 09:00", "Sat 27 Sep 10:00"]


def test_who_joins_after_the_last_window_is_not_asked():
    """Nobody is asked a question that is over."""
    late = datetime(2025, 9, 28, 14, 0, tzinfo=UTC)  # 21:00

    notice = plan_notice(DOCUMENT, zone=JAKARTA, reachable_since=late)

    assert notice.state is StepState.SKIPPED
    assert notice.due_at is None


def test_the_closing_note_goes_out_in_the_first_window_after_the_recipients_own_deadline():
    """Whose day ends later hears later."""
    assert shown([plan_closing(DOCUMENT, zone=JAKARTA)]) == {"closing": "Mon 29 Sep 09:00"}


def test_a_correction_goes_out_in_the_first_window_after_the_move():
    """The old date is wrong from then on, so it does not wait for the gap."""
    correction = plan_correction(
        MOVED, number=1, moved_at=datetime(2025, 9, 27, 3, 0, tzinfo=UTC), zone=JAKARTA
    )

    assert shown([correction]) == {"correction-1": "Sat 27 Sep 10:00"}


def test_after_a_move_the_open_reminders_keep_their_numbers_and_the_past_ones_are_not_made_up():
    """One was sent; the second was about to be, and with the new deadline its time lies ahead again."""
    moved_at = datetime(2025, 9, 23, 3, 0, tzinfo=UTC)
    already = {
        "reminder-1": datetime(2025, 9, 15, 9, 30, tzinfo=UTC),
        "correction-1": moved_at,
    }

    steps = plan_steps(MOVED, asked_at=ASKED, zone=JAKARTA, already=already, moved_at=moved_at)

    assert shown(steps) == {
        "reminder-2": "Mon 29 Sep 20:15",
        "reminder-3": "Sat 04 Oct 10:07",
        "reminder-4": "Wed 08 Oct 09:00",
    }


def test_a_reminder_that_the_new_curve_puts_into_the_past_is_skipped():
    """The deadline came nearer: half of the time had passed before anybody knew."""
    moved_at = datetime(2025, 9, 14, 3, 0, tzinfo=UTC)
    nearer = replace(DOCUMENT, deadline=date(2025, 9, 20))

    steps = plan_steps(nearer, asked_at=ASKED, zone=JAKARTA, moved_at=moved_at)

    assert steps[0].state is StepState.SKIPPED
    assert list(shown(steps)) == ["reminder-2", "reminder-3", "reminder-4"]


def test_the_reminder_after_a_correction_keeps_the_gap_from_it():
    """A correction may come at any time; two messages a day from us may not."""
    corrected = datetime(2025, 9, 29, 5, 0, tzinfo=UTC)  # four and a half hours before reminder 2
    already = {"reminder-1": datetime(2025, 9, 15, 9, 30, tzinfo=UTC), "correction-1": corrected}

    steps = plan_steps(MOVED, asked_at=ASKED, zone=JAKARTA, already=already)

    assert steps[0].due_at == corrected + timedelta(hours=24)


def test_every_step_says_why_in_a_sentence():
    """`explain` is read by people who decide whether to trust it."""
    steps = plan_steps(DOCUMENT, asked_at=ASKED, zone=JAKARTA, rest_days=WEEKEND)

    assert [step.why for step in steps] == [
        "13.3 d left, 1/2 of 26.6 d",
        "6.7 d left, 1/4 of 26.6 d; moved to the window 09:00–20:30",
        "3.3 d left, 1/8 of 26.6 d",
        "last window before the deadline; moved to keep 24 h from reminder-3",
    ]


def shown(steps: tuple[PlannedStep, ...] | list[PlannedStep]) -> dict[str, str]:
    """What goes out, on the clock in Jakarta."""
    return {
        step.step: step.due_at.astimezone(ZoneInfo(JAKARTA)).strftime("%a %d %b %H:%M")
        for step in steps
        if step.due_at is not None
    }
