"""The outbox: what is on its way and what became of it; results are saved under a fence."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

from sqlalchemy import ColumnElement, Executable, Integer, Table, Text, Update, bindparam, insert
from sqlmodel import Session, SQLModel, and_, col, func, or_, select, update

from bot.domain.delivery import FIRST_RETRY, Delivery, DeliveryState, OnDoubt, doubt
from bot.domain.message import Document, MessageKind, Surface
from bot.domain.recipient import Address, Reach
from bot.domain.step import StepKind, is_campaigns
from bot.store import addresses, arrivals, candidates, core, lanes, messages, restores
from bot.store.arrivals import Arrival
from bot.store.candidates import may_run
from bot.store.claims import delivery_of, ready
from bot.store.database import leave_no_traces
from bot.store.dialect import rows_given, sifted
from bot.store.lanes import Lease
from bot.store.models import AddressRow, CampaignRow, DeliveryRow, LaneRow, SlotRow

ANSWER_FIRST = 0  # priorities: what answers a person goes before campaign traffic
CAMPAIGN_AFTER = 10
SENDING = DeliveryState.SENDING.value
OPEN = (DeliveryState.DUE.value, SENDING)

_DELIVERY: Table = SQLModel.metadata.tables["delivery"]
_ADDED = insert(_DELIVERY).returning(_DELIVERY.c.id)
_UNBEGUN = {"final": False, "claim": 0, "epoch": 0, "failures": 0, "doubts": 0}
_WHOSE = _DELIVERY.c.recipient_id.in_(bindparam("whose", expanding=True))
# a few people's rows are looked through, not all that are due
_IS_DUE = sifted(_DELIVERY.c.state) == DeliveryState.DUE.value


def _withdrawn(*steps: ColumnElement[bool]) -> Update:
    """What somebody claims or changes just now is left to its next claim, which looks at everything again: two that
    hold several rows, and wait for more, would wait for each other."""
    unbegun = (
        select(_DELIVERY.c.id)
        .where(_IS_DUE, _DELIVERY.c.kind != StepKind.REPLY.value, *steps)
        .with_for_update(key_share=True, skip_locked=True)
    )
    return (
        update(DeliveryRow)
        .where(col(DeliveryRow.id).in_(unbegun))
        .values(state=DeliveryState.CANCELLED.value, reason=bindparam("why"), settled_at=bindparam("at"))
    )


_WITHDRAW = _withdrawn(_WHOSE)
_WITHDRAW_OF = _withdrawn(_WHOSE, sifted(_DELIVERY.c.campaign_id) == bindparam("of"))
_STALE = (
    select(DeliveryRow)
    .where(candidates.SENDING, DeliveryRow.lane == bindparam("lane"))
    .where(DeliveryRow.epoch < bindparam("under"))
    .order_by(col(DeliveryRow.id))
    .with_for_update()  # a late owner may be saving what became of them
)
_FENCED = (
    select(DeliveryRow)
    .where(DeliveryRow.id == bindparam("delivery"), DeliveryRow.claim == bindparam("under"))
    .where(DeliveryRow.state == SENDING)
    .with_for_update()
)
_REVISION = select(CampaignRow.revision).where(CampaignRow.id == bindparam("campaign"))
_NEXT_AGAIN = (
    select(func.min(DeliveryRow.due_at))
    .select_from(DeliveryRow)
    .outerjoin(CampaignRow, col(CampaignRow.id) == col(DeliveryRow.campaign_id))
    .where(candidates.DUE, col(DeliveryRow.due_at) > candidates.NOW, may_run())
)
_NEXT_OF_SLOT = (  # from the few slots to their rows: a slot that has come may have many that wait for their turn
    select(func.min(SlotRow.due_at))
    .select_from(SlotRow)
    .join(CampaignRow, col(CampaignRow.id) == col(SlotRow.campaign_id))
    .where(col(SlotRow.due_at) > candidates.NOW)
    .where(
        select(DeliveryRow.id)
        .where(
            candidates.DUE, DeliveryRow.slot_id == SlotRow.id, col(DeliveryRow.due_at).is_(None), may_run()
        )
        .exists()
    )
)
_NEXT_DUE = select(_NEXT_AGAIN.scalar_subquery(), _NEXT_OF_SLOT.scalar_subquery())


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a claimed delivery; `unsure` when this send is one of which nobody knows."""

    delivery: Delivery
    asked_on: date | None = None
    deadline_shown: date | None = None
    unsure: bool = False


@dataclass(frozen=True, slots=True)
class Wording:
    """Which text a claimed delivery is about to show: its hash, and the campaign's revision that it is of."""

    delivery: int
    rendering: str
    revision: int


@dataclass(frozen=True, slots=True)
class Reply:
    """A message that answers a person, on its way out; `number` counts the replies to one update."""

    inbox_id: int | None
    number: int
    to: Address
    lane: str
    kind: MessageKind
    body: str
    asks: bool = False
    recipient_id: int | None = None
    campaign_id: int | None = None
    edits: str | None = None
    response_url: str | None = None
    document: Document | None = None
    surface: Surface = Surface.CHAT
    wiped: bool = False
    about_id: int | None = None
    not_after: datetime | None = None


def add_reply(session: Session, reply: Reply, *, now: datetime) -> int:
    """The reply is due; its delivery's number."""
    session.flush()
    row = _columns(reply, now=now, revision=_revision(session, reply.campaign_id))
    number: int = session.connection().execute(_ADDED, row).scalar_one()
    return number


def add_replies(session: Session, replies: Sequence[Reply], *, revision: int, now: datetime) -> None:
    """The replies are due; they tell of one campaign, in this revision."""
    if replies:
        rows = [_columns(reply, now=now, revision=revision) for reply in replies]
        session.connection().execute(insert(_DELIVERY), rows)


def word(session: Session, wordings: Sequence[Wording]) -> None:
    """It is on record what each delivery shows, before anybody can see it, let alone tap on it."""
    rows = [
        {"delivery": wording.delivery, "text": wording.rendering, "of_revision": wording.revision}
        for wording in wordings
    ]
    if rows:
        connection = session.connection()
        connection.execute(_worded(connection.dialect.name), {"wordings": rows})


def save(session: Session, settled: Sequence[Settled], *, now: datetime) -> int:
    """The results are stored, each only under its own claim; how many rows took theirs."""
    arrived = [arrival for result in settled if (arrival := _arrival(result)) is not None]
    sent = arrivals.save(session, arrived)
    others = [result for result in settled if result.delivery.id not in sent]
    saved = len(sent) + sum(_save(session, result, now) for result in others)
    shown = [result.delivery.id for result in settled if result.deadline_shown]
    arrivals.look_for_old_dates(session, shown)
    return saved


def unclaim(session: Session, deliveries: Sequence[Delivery]) -> None:
    """Claimed rows whose sends were not begun are due again."""
    for delivery in deliveries:
        row = _fenced(session, delivery)
        if row is not None:
            row.state = DeliveryState.DUE.value


def recover(session: Session, lease: Lease, *, now: datetime, doubt_wait: timedelta = FIRST_RETRY) -> int:
    """Sends that an earlier owner of the lane began and did not settle are dealt with as in doubt."""
    stale = session.exec(_STALE, params={"lane": lease.lane, "under": lease.epoch}).all()
    for row in stale:
        address = session.get(AddressRow, row.address_id) if row.address_id else None
        wait = FIRST_RETRY if row.kind == StepKind.REPLY.value else doubt_wait
        reason = "the sender ended before it knew"
        after = doubt(delivery_of(row, address), reason=reason, now=now, wait=wait)
        row.doubts += 1
        _write(row, after)
    session.flush()  # what is claimed next in this transaction sees it
    return len(stale)


def withdraw(
    session: Session, recipient_id: int, *, campaign_id: int | None = None, why: str, now: datetime
) -> None:
    """Campaign steps of this person that are not yet begun never will be."""
    theirs = {"whose": [recipient_id], "why": why, "at": now}
    if campaign_id is None:
        session.execute(_WITHDRAW, theirs)
    else:
        session.execute(_WITHDRAW_OF, {**theirs, "of": campaign_id})


def withdraw_each(
    session: Session, recipient_ids: Collection[int], *, campaign_id: int, why: str, now: datetime
) -> None:
    """Steps of this campaign to these people that are not yet begun never will be."""
    whose = {"whose": list(recipient_ids), "of": campaign_id, "why": why, "at": now}
    session.connection().execute(_WITHDRAW_OF, whose)


def revive_notices(session: Session, recipient_ids: Collection[int], *, now: datetime) -> None:
    """Notices that no address of these people took are due again, at one that can be reached now."""
    refused = session.exec(
        select(DeliveryRow)
        .where(col(DeliveryRow.recipient_id).in_(recipient_ids), DeliveryRow.step == StepKind.NOTICE.value)
        .where(DeliveryRow.state == DeliveryState.REJECTED.value)
    ).all()
    for row in refused:
        places = addresses.of(session, [row.recipient_id or 0]).get(row.recipient_id or 0, ())
        reachable = next((place for place in places if place.reach is Reach.REACHABLE), None)
        if reachable is not None:
            _send_to(session, row, reachable, now)


def renew_notices(session: Session, recipient_ids: Collection[int]) -> None:
    """Notices that were taken back before they were begun are due again; the last look before the send
    decides anew whether the person is asked."""
    session.execute(
        update(DeliveryRow)
        .where(col(DeliveryRow.recipient_id).in_(recipient_ids), col(DeliveryRow.claim) == 0)
        .where(col(DeliveryRow.step) == StepKind.NOTICE.value)
        .where(col(DeliveryRow.state) == DeliveryState.CANCELLED.value)
        .values(state=DeliveryState.DUE.value, reason=None, settled_at=None)
    )


def is_sending(session: Session) -> bool:
    """Whether a campaign's message is on its way."""
    found = session.exec(
        select(DeliveryRow.id)
        .where(col(DeliveryRow.lane).in_(select(LaneRow.name)), DeliveryRow.state == SENDING)
        .where(DeliveryRow.kind != StepKind.REPLY.value)
        .limit(1)
    )
    return found.first() is not None


def next_due(session: Session, *, now: datetime) -> datetime | None:
    """The first instant after `now` at which a delivery already made becomes due."""
    found = core.execute(session, _NEXT_DUE, {"now": now}).one()
    return min((due for due in found if due is not None), default=None)


def tried_again_at(session: Session, *, lanes: Sequence[str], now: datetime) -> datetime | None:
    """When the next row that is due, on its way or waiting for another try is to be looked at; None when
    nothing on these lanes is left but what is due later by plan, or while sends are held."""
    if restores.held_since(session) is not None:
        return None
    tried = and_(col(DeliveryRow.claim) > 0, col(DeliveryRow.state) == DeliveryState.DUE.value)
    on_its_way = col(DeliveryRow.state) == DeliveryState.SENDING.value
    earliest: datetime | None = session.exec(
        select(func.min(func.coalesce(DeliveryRow.due_at, DeliveryRow.claimed_at)))
        .select_from(DeliveryRow)
        .outerjoin(SlotRow, col(SlotRow.id) == col(DeliveryRow.slot_id))
        .outerjoin(CampaignRow, col(CampaignRow.id) == col(DeliveryRow.campaign_id))
        .where(col(DeliveryRow.lane).in_(lanes), or_(on_its_way, ready(now), and_(tried, may_run())))
    ).one()
    return None if earliest is None else max(earliest, now)


def counts(session: Session, campaign_id: int) -> Mapping[tuple[str, str], int]:
    """How many deliveries of a campaign stand in each (step, state)."""
    found = session.exec(
        select(DeliveryRow.step, DeliveryRow.state, func.count())
        .where(DeliveryRow.campaign_id == campaign_id, DeliveryRow.kind != StepKind.REPLY.value)
        .group_by(col(DeliveryRow.step), col(DeliveryRow.state))
        .order_by(col(DeliveryRow.step), col(DeliveryRow.state))
    )
    return {(step or "", state): count for step, state, count in found}


@dataclass(frozen=True, slots=True)
class Doubt:
    """A delivery with a send of which nobody knows whether it arrived."""

    delivery: int
    step: str
    lane: str
    state: DeliveryState
    sends: int
    reason: str | None


def in_doubt(session: Session) -> list[Doubt]:
    """Every delivery that ever had a send in doubt, the oldest first."""
    found = session.exec(select(DeliveryRow).where(DeliveryRow.doubts > 0).order_by(col(DeliveryRow.id)))
    return [
        Doubt(row.id or 0, row.step or row.kind, row.lane, DeliveryState(row.state), row.doubts, row.reason)
        for row in found
    ]


@cache
def _worded(dialect: str) -> Executable:
    given = rows_given(dialect, "wordings", delivery=Integer(), text=Text(), of_revision=Integer())
    return (
        update(_DELIVERY)
        .where(_DELIVERY.c.id == given["delivery"])
        .values(rendering=given["text"], revision=given["of_revision"])
    )


def _columns(reply: Reply, *, now: datetime, revision: int | None) -> dict[str, object]:
    return _UNBEGUN | {
        "kind": StepKind.REPLY.value,
        "step": f"reply-{reply.inbox_id}-{reply.number}",
        "asks": reply.asks,
        "campaign_id": reply.campaign_id,
        "revision": revision,
        "recipient_id": reply.recipient_id,
        "address_id": reply.to.id or None,
        "inbox_id": reply.inbox_id,
        "number": reply.number,
        "channel": reply.to.channel.value,
        "lane": reply.lane,
        "to": addresses.to_text(reply.to),
        "priority": ANSWER_FIRST,
        "state": DeliveryState.DUE.value,
        "on_doubt": OnDoubt.RESEND.value,
        "due_at": now,
        "created_at": now,
        "body": reply.body,
        "edits": reply.edits,
        "response_url": reply.response_url,
        "document": messages.document_to_text(reply.document) if reply.document else None,
        "surface": reply.surface.value,
        "wiped": reply.wiped,
        "about_id": reply.about_id,
        "not_after": reply.not_after,
    }


def _revision(session: Session, campaign_id: int | None) -> int | None:
    if campaign_id is None:
        return None
    found: int | None = core.execute(session, _REVISION, {"campaign": campaign_id}).scalar_one_or_none()
    return found


def _fenced(session: Session, delivery: Delivery) -> DeliveryRow | None:
    """The row, if it is still the one that was claimed."""
    return session.exec(_FENCED, params={"delivery": delivery.id, "under": delivery.claim}).first()


def _save(session: Session, result: Settled, now: datetime) -> int:
    row = _fenced(session, result.delivery)
    if row is None:
        return 0
    row.doubts += result.unsure
    _write(row, result.delivery)
    addresses.update(session, result.delivery.address, now=now)
    if row.to is not None:  # where a reply lies now, should it be edited
        row.to = addresses.to_text(result.delivery.address)
    if row.state == DeliveryState.REJECTED.value:
        _go_elsewhere(session, row, now)
        _say_anew(row, now)
    if row.state not in OPEN:
        _tidy(session, row)
    return 1


def _arrival(result: Settled) -> Arrival | None:
    """A message that was accepted: nothing of its row needs to be read. None for anything else."""
    after = result.delivery
    if after.state is not DeliveryState.SENT or after.settled_at is None:
        return None
    return Arrival(
        delivery=after.id,
        claim=after.claim,
        at=after.settled_at,
        message=after.platform_message,
        address=after.address.id,
        conversation=after.address.conversation,
        asked_on=result.asked_on,
        deadline_shown=result.deadline_shown,
        place=None if is_campaigns(after.step) else addresses.to_text(after.address),
    )


def _write(row: DeliveryRow, after: Delivery) -> None:
    row.state = after.state.value
    row.failures = after.failures
    row.reason = after.reason
    row.settled_at = after.settled_at
    row.platform_message = after.platform_message or row.platform_message
    if after.state is DeliveryState.DUE:
        row.due_at = after.due_at


def _tidy(session: Session, row: DeliveryRow) -> None:
    """A file is not kept once it is sent; of a message to somebody who is not kept either, nothing is."""
    row.document = None
    if row.wiped:
        row.to = row.body = row.edits = row.response_url = row.platform_message = row.reason = None
        leave_no_traces(session)


def _say_anew(row: DeliveryRow, now: datetime) -> None:
    """A reply that could not replace an older message is said as a new one."""
    if row.edits is not None:
        row.edits = None
        row.state, row.settled_at, row.due_at = DeliveryState.DUE.value, None, now


def _go_elsewhere(session: Session, row: DeliveryRow, now: datetime) -> None:
    """A campaign step that one address refused goes to the person's other one, once."""
    if row.kind == StepKind.REPLY.value or row.recipient_id is None:
        return
    places = addresses.of(session, [row.recipient_id]).get(row.recipient_id, ())
    refused = next((place for place in places if place.id == row.address_id), None)
    other = next((place for place in places if place.reach is Reach.REACHABLE), None)
    if refused is None or refused.reach is Reach.REACHABLE or other is None:
        return
    _send_to(session, row, other, now)


def _send_to(session: Session, row: DeliveryRow, place: Address, now: datetime) -> None:
    row.address_id, row.channel, row.lane = place.id, place.channel.value, lanes.of(session, place)
    row.state, row.settled_at, row.failures, row.due_at = DeliveryState.DUE.value, None, 0, now
