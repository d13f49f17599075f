"""What becomes of a delivery after each outcome."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.delivery import (
    FIRST_RETRY,
    MAX_FAILURES,
    Accepted,
    Deferred,
    Delivery,
    DeliveryState,
    Failed,
    InDoubt,
    Moved,
    OnDoubt,
    Outcome,
    Rejected,
    Why,
    settle,
)
from bot.domain.recipient import Address, ChannelName, Reach

NOW = datetime(2025, 9, 2, 3, tzinfo=UTC)
PLACE = Address(ChannelName.TELEGRAM, "1001", id=7)


def delivery(*, failures: int = 0, on_doubt: OnDoubt = OnDoubt.HOLD) -> Delivery:
    return Delivery(
        id=1, claim=1, step="notice", lane="telegram:1", address=PLACE, failures=failures, on_doubt=on_doubt
    )


def test_an_accepted_delivery_is_sent_and_knows_its_message() -> None:
    """Edits and receipts need the platform's id."""
    settled = settle(delivery(), Accepted("42", "D1"), now=NOW)

    assert (settled.state, settled.platform_message, settled.address.conversation) == (
        DeliveryState.SENT,
        "42",
        "D1",
    )


def test_slow_down_spares_the_retry_budget() -> None:
    """A platform under load must not use up a message's chances."""
    settled = settle(delivery(failures=2), Deferred(timedelta(seconds=30)), now=NOW)

    assert settled.state is DeliveryState.DUE
    assert settled.failures == 2
    assert settled.due_at == NOW + timedelta(seconds=30)


def test_failures_wait_longer_each_time_and_end() -> None:
    """A place that never works is given up, not hammered."""
    waits, current = [], delivery()
    while current.state is not DeliveryState.REJECTED:
        current = settle(current, Failed("refused"), now=NOW)
        waits.append(current.due_at)

    assert current.failures == MAX_FAILURES
    assert waits[:3] == [NOW + FIRST_RETRY, NOW + 2 * FIRST_RETRY, NOW + 4 * FIRST_RETRY]


@pytest.mark.parametrize(
    ("why", "reach"),
    [
        (Why.BLOCKED, Reach.BLOCKED),
        (Why.GONE, Reach.GONE),
        (Why.UNLINKED, Reach.UNLINKED),
        (Why.MESSAGE, Reach.REACHABLE),
    ],
)
def test_a_refusal_is_final_and_marks_the_address_only_when_it_is_about_it(why: Why, reach: Reach) -> None:
    """A message that a platform dislikes says nothing about the person."""
    settled = settle(delivery(), Rejected(why, "no"), now=NOW)

    assert (settled.state, settled.address.reach) == (DeliveryState.REJECTED, reach)


def test_a_dead_token_burns_nothing() -> None:
    """The token is ours to mend; the person still gets the message."""
    settled = settle(delivery(failures=1), Rejected(Why.TOKEN, "Unauthorized"), now=NOW)

    assert (settled.state, settled.failures) == (DeliveryState.DUE, 1)


@pytest.mark.parametrize(
    ("on_doubt", "state"), [(OnDoubt.HOLD, DeliveryState.IN_DOUBT), (OnDoubt.RESEND, DeliveryState.DUE)]
)
def test_doubt_is_held_or_sent_again_as_the_step_says(on_doubt: OnDoubt, state: DeliveryState) -> None:
    """A reminder in doubt is covered by the next one; a notice is not."""
    assert settle(delivery(on_doubt=on_doubt), InDoubt("reset"), now=NOW).state is state


def test_doubt_is_not_sent_again_for_ever() -> None:
    """Each try may have arrived."""
    tired = delivery(failures=MAX_FAILURES, on_doubt=OnDoubt.RESEND)

    assert settle(tired, InDoubt("reset"), now=NOW).state is DeliveryState.IN_DOUBT


def test_a_moved_address_is_tried_at_its_new_place_at_once() -> None:
    """Telegram tells the new chat when a group becomes a supergroup."""
    settled = settle(delivery(), Moved("-1001"), now=NOW)

    assert (settled.state, settled.due_at, settled.address.external) == (DeliveryState.DUE, NOW, "-1001")


@pytest.mark.parametrize(
    "outcome",
    [Accepted("1"), Deferred(timedelta(1)), Failed("x"), Rejected(Why.GONE, "x"), InDoubt("x"), Moved("2")],
)
def test_every_outcome_leaves_sending(outcome: Outcome) -> None:
    """Nothing may stay on its way for ever."""
    assert settle(delivery(), outcome, now=NOW).state is not DeliveryState.SENDING
