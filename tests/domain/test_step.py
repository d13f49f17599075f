"""Names of steps, and what is done when nobody knows whether one arrived."""

import pytest

from bot.domain.delivery import OnDoubt
from bot.domain.message import MessageKind
from bot.domain.step import (
    StepKind,
    default_on_doubt,
    is_reminder,
    kind_of,
    message_kind,
    name_of,
    number_of,
    on_doubt,
)


@pytest.mark.parametrize(
    ("name", "kind", "number"),
    [
        ("notice", StepKind.NOTICE, None),
        ("reminder-3", StepKind.REMINDER, 3),
        ("later-2", StepKind.LATER, 2),
        ("correction-1", StepKind.CORRECTION, 1),
        ("closing", StepKind.CLOSING, None),
    ],
)
def test_a_name_tells_kind_and_number(name, kind, number):
    """The outbox keeps names alone."""
    assert (kind_of(name), number_of(name)) == (kind, number)
    assert name_of(kind, number) == name


def test_a_reminder_put_off_is_still_a_reminder():
    """It must not be sent beside the one that it replaces."""
    assert [is_reminder(name) for name in ("notice", "reminder-1", "later-1", "closing")] == [
        False,
        True,
        True,
        False,
    ]


def test_what_would_harm_by_its_absence_is_sent_again():
    """A notice twice is a nuisance; none at all takes the choice away."""
    again = {kind for kind in StepKind if default_on_doubt(kind) is OnDoubt.RESEND}

    assert again == {StepKind.NOTICE, StepKind.CORRECTION, StepKind.REPLY}
    assert default_on_doubt(StepKind.REMINDER, final=True) is OnDoubt.RESEND
    assert default_on_doubt(StepKind.LATER, final=True) is OnDoubt.RESEND


def test_a_campaign_can_say_otherwise_step_by_step():
    """The last reminder has a name of its own there."""
    said = (("notice", OnDoubt.HOLD), ("last_reminder", OnDoubt.HOLD))

    assert on_doubt(said, StepKind.NOTICE) is OnDoubt.HOLD
    assert on_doubt(said, StepKind.REMINDER, final=True) is OnDoubt.HOLD
    assert on_doubt(said, StepKind.CORRECTION) is OnDoubt.RESEND


def test_the_final_reminder_shows_the_last_message():
    """It is the one without "later"."""
    assert message_kind(StepKind.LATER, final=True) is MessageKind.LAST_REMINDER
    assert message_kind(StepKind.REMINDER) is MessageKind.REMINDER
