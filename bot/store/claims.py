"""Claiming: the rows of a lane that may be begun now, with what is needed to write them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import assert_never

import sqlalchemy as sa
from sqlalchemy import ColumnElement, and_
from sqlmodel import Session, col, func, or_, select

from bot.domain.calendar import NO_REST
from bot.domain.campaign import Campaign, CampaignState
from bot.domain.delivery import Delivery, DeliveryState, OnDoubt
from bot.domain.gate import Drop, Go, Standing, Verdict, Wait, judge, judge_reply
from bot.domain.message import Document, Surface
from bot.domain.recipient import Address, ChannelName, covers
from bot.domain.step import StepKind
from bot.store import addresses, campaigns, choices, messages
from bot.store.lanes import Lease
from bot.store.models import (
    AddressRow,
    CampaignRow,
    ChoiceRow,
    DeliveryRow,
    InboxRow,
    RecipientRow,
    SlotRow,
)

RestDays = Callable[[str], frozenset[int]]
REACHED = (DeliveryState.SENT, DeliveryState.IN_DOUBT)
LOOK_AGAIN = timedelta(minutes=1)  # by then it is known what became of the message before


def no_rest(zone: str) -> frozenset[int]:
    """Every day is a working day."""
    return NO_REST


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A claimed delivery with what is needed to write it.

    `body` is a reply's message; a campaign step has none and is composed from the campaign. `told` is the
    deadline that this person was last shown.
    """

    delivery: Delivery
    kind: StepKind
    final: bool
    claimed_at: datetime
    campaign: Campaign | None = None
    locale: str | None = None
    zone: str | None = None
    told: date | None = None
    body: str | None = None
    edits: str | None = None
    response_url: str | None = None
    document: Document | None = None
    surface: Surface = Surface.CHAT


def claim(
    session: Session, lease: Lease, *, now: datetime, limit: int, rest_days: RestDays = no_rest
) -> list[Outgoing]:
    """Up to `limit` deliveries that may be begun now, marked `sending` under this lease's epoch.

    Rows met on the way that must wait, or may never be sent, are marked so in the same transaction.
    """
    claimed: list[Outgoing] = []
    while len(claimed) < limit:
        rows = _candidates(session, lease.lane, now=now, limit=limit - len(claimed))
        if not rows:
            break
        known = _Known(session, rows, rest_days)
        for row in rows:
            if isinstance(_carry_out(known.judge(row, now), row, now), Go):
                known.begin(row)
                claimed.append(_outgoing(row, known, lease, now))
        session.flush()
    return claimed


def overtaken(session: Session, revisions: Mapping[int, int], *, now: datetime) -> set[int]:
    """Those of the claimed campaign steps that are not to be begun after all: the person has written or
    muted or answered since, their deadline has passed, or the campaign stands still or has another revision
    than the one of this delivery."""
    answered = (
        select(ChoiceRow.id)
        .where(ChoiceRow.recipient_id == DeliveryRow.recipient_id)
        .where(ChoiceRow.campaign_id == DeliveryRow.campaign_id)
        .exists()
    )
    changed = or_(
        _unread(),
        answered,
        col(RecipientRow.muted_at).is_not(None),
        col(CampaignRow.state) != CampaignState.RUNNING.value,
        func.coalesce(DeliveryRow.not_after, SlotRow.not_after) < now,
    )
    found = session.execute(
        sa.select(col(DeliveryRow.id), col(CampaignRow.revision), changed)
        .outerjoin(SlotRow, col(SlotRow.id) == col(DeliveryRow.slot_id))
        .join(CampaignRow, col(CampaignRow.id) == col(DeliveryRow.campaign_id))
        .join(AddressRow, col(AddressRow.id) == col(DeliveryRow.address_id))
        .join(RecipientRow, col(RecipientRow.id) == col(DeliveryRow.recipient_id))
        .where(col(DeliveryRow.id).in_(revisions))
        .where(col(DeliveryRow.kind) != StepKind.REPLY.value)
    )
    return {
        number for number, revision, is_so in found if number and (is_so or revision != revisions[number])
    }


def ready(now: datetime) -> ColumnElement[bool]:
    """Deliveries (joined with slot and campaign) whose instant has come and whose campaign runs."""
    return and_(
        col(DeliveryRow.state) == DeliveryState.DUE,
        func.coalesce(DeliveryRow.due_at, SlotRow.due_at) <= now,
        may_run(),
    )


def may_run() -> ColumnElement[bool]:
    """Replies, and the steps of campaigns that are not paused."""
    return or_(
        col(DeliveryRow.kind) == StepKind.REPLY.value, col(CampaignRow.state) != CampaignState.PAUSED.value
    )


def delivery_of(row: DeliveryRow, address: AddressRow | None) -> Delivery:
    """The row as it travels above the store."""
    return Delivery(
        id=row.id or 0,
        claim=row.claim,
        step=row.step or row.kind,
        lane=row.lane,
        address=_address(row, address),
        on_doubt=OnDoubt(row.on_doubt),
        failures=row.failures,
    )


def _candidates(session: Session, lane: str, *, now: datetime, limit: int) -> Sequence[DeliveryRow]:
    reply = col(DeliveryRow.kind) == StepKind.REPLY.value
    due = func.coalesce(DeliveryRow.due_at, SlotRow.due_at)
    return session.exec(
        select(DeliveryRow)
        .outerjoin(SlotRow, col(SlotRow.id) == col(DeliveryRow.slot_id))
        .outerjoin(CampaignRow, col(CampaignRow.id) == col(DeliveryRow.campaign_id))
        .outerjoin(AddressRow, col(AddressRow.id) == col(DeliveryRow.address_id))
        .where(DeliveryRow.lane == lane, ready(now), or_(reply, ~_unread()))
        .order_by(col(DeliveryRow.priority), due, col(DeliveryRow.id))
        .limit(limit)
        .with_for_update(skip_locked=True, of=DeliveryRow)
    ).all()


def _address(row: DeliveryRow, address: AddressRow | None) -> Address:
    if row.to:  # a reply goes where the person wrote
        return addresses.from_text(row.to)
    if address is None:
        raise LookupError(f"delivery {row.id} has no address")
    return addresses.value(address)


def _unread() -> ColumnElement[bool]:
    # Who has written something that we have not yet read gets no campaign message meanwhile.
    return (
        select(InboxRow.id)
        .where(InboxRow.state == "new", InboxRow.sender == AddressRow.key)
        .where(InboxRow.identity == DeliveryRow.lane)  # what came by another identity may never be read
        .exists()
    )


def _carry_out(verdict: Verdict, row: DeliveryRow, now: datetime) -> Verdict:
    match verdict:
        case Wait(until=until, why=why):
            row.due_at, row.reason = until, why
        case Drop(state=state, why=why):
            row.state, row.reason, row.settled_at = state.value, why, now
        case Go():
            row.state, row.claimed_at, row.claim = DeliveryState.SENDING.value, now, row.claim + 1
        case _:
            assert_never(verdict)
    return verdict


def _outgoing(row: DeliveryRow, known: "_Known", lease: Lease, now: datetime) -> Outgoing:
    row.epoch = lease.epoch
    person = known.people.get(row.recipient_id)
    campaign = known.campaigns.get(row.campaign_id or 0)
    address = known.addresses.get(row.address_id)
    return Outgoing(
        delivery=delivery_of(row, address),
        kind=StepKind(row.kind),
        final=row.final,
        claimed_at=now,
        campaign=campaign,
        locale=addresses.language(person, address),
        zone=known.zone(row),
        told=known.told.get((row.recipient_id or 0, row.campaign_id or 0)),
        body=row.body,
        edits=row.edits,
        response_url=row.response_url,
        document=messages.document_from_text(row.document) if row.document else None,
        surface=Surface(row.surface),
    )


class _Known:
    """What is read once for a batch of candidates."""

    def __init__(self, session: Session, rows: Sequence[DeliveryRow], rest_days: RestDays) -> None:
        self.rest_days = rest_days
        ids = {row.recipient_id for row in rows if row.recipient_id is not None}
        self.people = {
            p.id: p for p in session.exec(select(RecipientRow).where(col(RecipientRow.id).in_(ids)))
        }
        places = {row.address_id for row in rows}
        self.addresses = {
            a.id: a for a in session.exec(select(AddressRow).where(col(AddressRow.id).in_(places)))
        }
        slots = {row.slot_id for row in rows}
        self.slots = {
            slot.id: slot for slot in session.exec(select(SlotRow).where(col(SlotRow.id).in_(slots)))
        }
        self.campaigns = campaigns.by_ids(session, {row.campaign_id for row in rows if row.campaign_id})
        self.answered = choices.answered(session, ids)
        self.steps, self.told = _history(session, ids)
        self.being_written_to = _being_written_to(session, ids)

    def judge(self, row: DeliveryRow, now: datetime) -> Verdict:
        answered = (row.recipient_id, row.campaign_id) in self.answered
        if row.kind == StepKind.REPLY.value:
            person = self.people.get(row.recipient_id)
            muted = person is not None and person.muted_at is not None
            return judge_reply(
                asks=row.asks, answered=answered, muted=muted, not_after=row.not_after, now=now
            )
        if row.recipient_id in self.being_written_to:
            return Wait(now + LOOK_AGAIN, "another message is on its way")
        return judge(self._standing(row, answered=answered), now=now)

    def begin(self, row: DeliveryRow) -> None:
        """This row is on its way from now on."""
        if row.kind != StepKind.REPLY.value:
            self.being_written_to.add(row.recipient_id)

    def zone(self, row: DeliveryRow) -> str | None:
        """The person's own zone, else the campaign's."""
        person = self.people.get(row.recipient_id)
        campaign = self.campaigns.get(row.campaign_id or 0)
        return (person.zone if person else None) or (campaign.document.zone if campaign else None)

    def _standing(self, row: DeliveryRow, *, answered: bool) -> Standing:
        campaign = self.campaigns[row.campaign_id or 0]
        person = self.people[row.recipient_id]
        slot = self.slots.get(row.slot_id)
        mine = self.steps.get(row.recipient_id or 0, {})
        zone = person.zone or campaign.document.zone
        return Standing(
            kind=StepKind(row.kind),
            answered=answered,
            muted=person.muted_at is not None,
            excluded=not covers(campaign.document.audience, person.plan, person.registered_on),
            campaign_state=campaign.state,
            not_after=row.not_after or (slot.not_after if slot else None),
            zone=zone,
            rest_days=self.rest_days(zone) if row.channel == ChannelName.SLACK.value else NO_REST,
            final=row.final,
            hours=campaign.document.hours,
            min_gap=campaign.document.cadence.min_gap,
            last_step_at=mine.get(row.campaign_id),
            last_campaign_at=max(
                (at for other, at in mine.items() if other != row.campaign_id), default=None
            ),
        )


def _being_written_to(session: Session, people: set[int]) -> set[int | None]:
    """Those of them to whom a campaign step is on its way."""
    return set(
        session.exec(
            select(DeliveryRow.recipient_id)
            .where(col(DeliveryRow.recipient_id).in_(people), DeliveryRow.kind != StepKind.REPLY.value)
            .where(DeliveryRow.state == DeliveryState.SENDING.value)
        )
    )


def _history(
    session: Session, people: set[int]
) -> tuple[Mapping[int, Mapping[int | None, datetime]], Mapping[tuple[int, int], date]]:
    """Per person and campaign: when the last step reached them, and the deadline that they were shown."""
    person, campaign, shown = (
        col(DeliveryRow.recipient_id),
        col(DeliveryRow.campaign_id),
        col(DeliveryRow.deadline_shown),
    )
    sent = session.execute(
        sa.select(person, campaign, func.max(col(DeliveryRow.settled_at)))
        .where(person.in_(people), col(DeliveryRow.state).in_([state.value for state in REACHED]))
        .where(col(DeliveryRow.kind) != StepKind.REPLY.value)
        .group_by(person, campaign)
    )
    steps: dict[int, dict[int | None, datetime]] = {}
    for owner, about, at in sent:
        steps.setdefault(owner or 0, {})[about] = at
    told = session.execute(
        sa.select(person, campaign, shown)
        .where(person.in_(people), shown.is_not(None))
        .order_by(col(DeliveryRow.settled_at))
    )
    return steps, {(owner or 0, about or 0): day for owner, about, day in told if day is not None}
