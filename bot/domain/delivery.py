"""Deliveries: one step on its way to one address, and what becomes of it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from bot.domain.recipient import Address, Reach

MAX_FAILURES = 6
FIRST_RETRY = timedelta(seconds=5)  # doubles with each failure


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    DUE = "due"
    SENDING = "sending"
    SENT = "sent"
    REJECTED = "rejected"
    IN_DOUBT = "in_doubt"
    HELD = "held"
    SKIPPED = "skipped"
    MERGED = "merged"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class OnDoubt(StrEnum):
    """What to do with a send of which nobody knows whether it arrived."""

    HOLD = "hold"
    RESEND = "resend"


class Why(StrEnum):
    """Why a platform refuses for good; says whose matter it is."""

    BLOCKED = "blocked"  # the address: the person blocked the bot
    GONE = "gone"  # the address: the account or chat is no more
    UNLINKED = "unlinked"  # the address: the bot may not write first
    MESSAGE = "message"  # the message: the platform does not take it as it is
    TOKEN = "token"  # ours: the token is dead or the app is set up wrongly; the lane stops
    UNCHANGED = "unchanged"  # an edit of something that is no longer there to edit


@dataclass(frozen=True, slots=True)
class Accepted:
    """The platform has it; `message` is its id there, `conversation` the place where edits find it."""

    message: str
    conversation: str | None = None


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not sent: the platform says to wait. `whole_lane` when it is not about this chat alone."""

    wait: timedelta
    whole_lane: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """Surely not delivered; it may be tried again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """Surely not delivered, and never to be tried again as it is."""

    why: Why
    reason: str


@dataclass(frozen=True, slots=True)
class InDoubt:
    """Nobody knows whether it arrived."""

    reason: str


@dataclass(frozen=True, slots=True)
class Moved:
    """Not delivered: the address is now another one."""

    external: str


Outcome = Accepted | Deferred | Failed | Rejected | InDoubt | Moved


@dataclass(frozen=True, slots=True)
class Delivery:
    """A claimed row of the outbox, as the dispatcher sees it."""

    id: int
    claim: int
    step: str
    lane: str
    address: Address
    state: DeliveryState = DeliveryState.SENDING
    on_doubt: OnDoubt = OnDoubt.HOLD
    failures: int = 0
    due_at: datetime | None = None
    platform_message: str | None = None
    reason: str | None = None
    settled_at: datetime | None = None


def settle(
    delivery: Delivery, outcome: Outcome, *, now: datetime, doubt_wait: timedelta = FIRST_RETRY
) -> Delivery:
    """The delivery after `outcome`: final, or due again with the instant before which it is not tried."""
    match outcome:
        case Accepted(message=message, conversation=conversation):
            address = delivery.address
            if conversation and conversation != address.conversation:
                address = replace(address, conversation=conversation)
            return Delivery(  # what nearly all become: `replace` would cost three times as much
                id=delivery.id,
                claim=delivery.claim,
                step=delivery.step,
                lane=delivery.lane,
                address=address,
                state=DeliveryState.SENT,
                on_doubt=delivery.on_doubt,
                failures=delivery.failures,
                due_at=delivery.due_at,
                platform_message=message,
                settled_at=now,
            )
        case Deferred(wait=wait):  # "slow down" costs time, not one of our tries
            return replace(delivery, state=DeliveryState.DUE, due_at=now + wait)
        case Failed(reason=reason):
            return _tried_in_vain(delivery, reason, now)
        case Rejected(why=Why.TOKEN, reason=reason):  # ours to mend: the lane stops, the row waits
            return replace(delivery, state=DeliveryState.DUE, due_at=now, reason=reason)
        case Rejected(why=why, reason=reason):
            address = replace(delivery.address, reach=reach_after(why) or delivery.address.reach)
            return replace(
                delivery, state=DeliveryState.REJECTED, reason=reason, address=address, settled_at=now
            )
        case InDoubt(reason=reason):
            return doubt(delivery, reason=reason, now=now, wait=doubt_wait)
        case Moved(external=external):
            address = replace(delivery.address, external=external)
            return replace(delivery, state=DeliveryState.DUE, due_at=now, address=address)
    assert_never(outcome)


def doubt(delivery: Delivery, *, reason: str, now: datetime, wait: timedelta = FIRST_RETRY) -> Delivery:
    """The delivery after nobody can tell whether it arrived: tried again after `wait`, in which the platform may
    be asked, or left in doubt."""
    if delivery.on_doubt is OnDoubt.RESEND and delivery.failures < MAX_FAILURES:
        return replace(
            delivery,
            state=DeliveryState.DUE,
            failures=delivery.failures + 1,
            due_at=now + wait,
            reason=reason,
        )
    return replace(delivery, state=DeliveryState.IN_DOUBT, reason=reason, settled_at=now)


def reach_after(why: Why) -> Reach | None:
    """What a refusal tells about the address; None when it is not the address's matter."""
    return {Why.BLOCKED: Reach.BLOCKED, Why.GONE: Reach.GONE, Why.UNLINKED: Reach.UNLINKED}.get(why)


def _tried_in_vain(delivery: Delivery, reason: str, now: datetime) -> Delivery:
    failures = delivery.failures + 1
    if failures >= MAX_FAILURES:
        return replace(
            delivery, state=DeliveryState.REJECTED, failures=failures, reason=reason, settled_at=now
        )
    wait = FIRST_RETRY * 2 ** (failures - 1)
    return replace(delivery, state=DeliveryState.DUE, failures=failures, due_at=now + wait, reason=reason)
