"""Reminders put off: what is offered, and what becomes of the rest."""

from datetime import UTC, date, datetime

from bot.domain.campaign import CampaignDocument
from bot.domain.later import LaterOption, later_options, plan_later
from bot.domain.plan import StepState

JAKARTA = "Asia/Jakarta"
DOCUMENT = CampaignDocument(
    slug="claude-consumer-terms",
    template="claude-consumer-terms",
    announce=date(2025, 9, 2),
    deadline=date(2025, 9, 28),
    zone=JAKARTA,
    authoritative_locale="id",
    link="https://example.org/terms",
)
ASKED = datetime(2025, 9, 2, 2, 0, tzinfo=UTC)
SENT = {
    "reminder-1": datetime(2025, 9, 15, 9, 30, tzinfo=UTC),
    "reminder-2": datetime(2025, 9, 22, 2, 0, tzinfo=UTC),
}


def test_only_days_before_the_end_are_offered_each_once():
    """Two days before the end "tomorrow" and "the day before" are one day, and in three days it is over."""
    early, late = datetime(2025, 9, 16, 3, 0, tzinfo=UTC), datetime(2025, 9, 26, 3, 0, tzinfo=UTC)

    assert later_options(DOCUMENT, now=early, zone=JAKARTA) == tuple(LaterOption)
    assert later_options(DOCUMENT, now=late, zone=JAKARTA) == (LaterOption.TOMORROW,)


def test_on_the_last_day_nothing_is_offered():
    """There is no later any more."""
    assert later_options(DOCUMENT, now=datetime(2025, 9, 28, 3, 0, tzinfo=UTC), zone=JAKARTA) == ()


def test_the_next_reminder_is_replaced_and_keeps_its_number():
    """The third one comes when the person asked for it, and the final one stays where it was."""
    steps = plan_later(
        DOCUMENT,
        LaterOption.TOMORROW,
        now=datetime(2025, 9, 22, 5, 0, tzinfo=UTC),
        asked_at=ASKED,
        zone=JAKARTA,
        already=SENT,
    )

    assert [step.step for step in steps] == ["later-3", "reminder-4"]
    assert steps[0].due_at == datetime(2025, 9, 23, 2, 0, tzinfo=UTC)


def test_reminders_that_fall_into_the_pause_are_merged_into_its_end():
    """Who asks for quiet until the day before gets it."""
    steps = plan_later(
        DOCUMENT,
        LaterOption.DAY_BEFORE,
        now=datetime(2025, 9, 2, 5, 0, tzinfo=UTC),
        asked_at=ASKED,
        zone=JAKARTA,
    )

    going_out = [step.step for step in steps if step.due_at is not None]
    assert going_out == ["later-1", "reminder-4"]
    assert [step.state for step in steps[1:3]] == [StepState.MERGED] * 2


def test_a_wish_for_the_last_day_is_granted_by_the_final_reminder():
    """Of two that meet the final one goes out."""
    steps = plan_later(
        DOCUMENT,
        LaterOption.THREE_DAYS,
        now=datetime(2025, 9, 25, 5, 0, tzinfo=UTC),
        asked_at=ASKED,
        zone=JAKARTA,
        already=SENT,
    )

    assert [step.step for step in steps if step.due_at is not None] == ["reminder-4"]


def test_the_final_reminder_put_off_stays_final():
    """It keeps the words of the last one, without "later"."""
    already = {**SENT, "reminder-3": datetime(2025, 9, 25, 9, 7, tzinfo=UTC)}

    (step,) = plan_later(
        DOCUMENT,
        LaterOption.TOMORROW,
        now=datetime(2025, 9, 27, 5, 0, tzinfo=UTC),
        asked_at=ASKED,
        zone=JAKARTA,
        already=already,
    )

    assert (step.step, step.final) == ("later-4", True)


def test_when_all_reminders_were_sent_nothing_can_be_put_off():
    """An empty plan tells the caller to say so."""
    already = {f"reminder-{n}": datetime(2025, 9, 20 + n, 5, 0, tzinfo=UTC) for n in (1, 2, 3, 4)}

    steps = plan_later(
        DOCUMENT,
        LaterOption.TOMORROW,
        now=datetime(2025, 9, 25, 5, 0, tzinfo=UTC),
        asked_at=ASKED,
        zone=JAKARTA,
        already=already,
    )

    assert steps == ()
