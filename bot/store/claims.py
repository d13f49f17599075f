"""Claiming: the rows of a lane that may be begun now, with what is needed to write them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import NamedTuple, assert_never

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Executable, and_
from sqlmodel import Session, SQLModel, col, func, or_, select

from bot.domain.calendar import NO_REST
from bot.domain.campaign import Campaign, CampaignState
from bot.domain.delivery import Delivery, DeliveryState, OnDoubt
from bot.domain.gate import (
    BETWEEN_CAMPAIGNS,
    Drop,
    Go,
    Standing,
    Verdict,
    Wait,
    judge,
    judge_reply,
    pressing,
)
from bot.domain.message import Document, Surface
from bot.domain.recipient import Address, ChannelName, Reach, covers
from bot.domain.step import StepKind
from bot.store import addresses, campaigns, candidates, messages
from bot.store.candidates import Candidate, may_run, unread
from bot.store.dialect import among, word
from bot.store.lanes import Lease
from bot.store.models import (
    AddressRow,
    CampaignRow,
    ChoiceRow,
    DeliveryRow,
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

    @property
    def is_paid(self) -> bool:
        """Whether its campaign lets Telegram charge for it; nothing but a campaign's own steps is paid for."""
        return self.campaign is not None and self.body is None and self.campaign.document.allow_paid_broadcast


def claim(
    session: Session, lease: Lease, *, now: datetime, limit: int, rest_days: RestDays = no_rest
) -> list[Outgoing]:
    """Up to `limit` deliveries that may be begun now, marked `sending` under this lease's epoch.

    Rows met on the way that must wait, or may never be sent, are marked so in the same transaction.
    """
    claimed: list[Outgoing] = []
    are_left = True
    while are_left and len(claimed) < limit:
        most = limit - len(claimed)
        rows = candidates.find(session, lease.lane, now=now, limit=most)
        are_left = len(rows) == most  # fewer than asked for: that was all of them
        known, changes = _Known(session, rows, rest_days), _Changes()
        for row in rows:
            verdict = known.judge(row, now)
            changes.note(row, verdict)
            if isinstance(verdict, Go):
                known.begin(row)
                claimed.append(_outgoing(row, known, now))
        changes.carry_out(session, lease, now)
    return claimed


def overtaken(session: Session, revisions: Mapping[int, int], *, now: datetime) -> set[int]:
    """Those of the claimed campaign steps that are not to be begun after all: the person has written or
    muted or answered since, their deadline has passed, or the campaign stands still or has another revision
    than the one of this delivery."""
    connection = session.connection()
    asked = {"ids": list(revisions), "now": now}
    found = connection.execute(_overtaken(connection.dialect.name), asked).all()
    return {
        number for number, revision, is_so in found if number and (is_so or revision != revisions[number])
    }


@cache
def _overtaken(dialect: str) -> sa.Select[int | None, int, bool]:
    answered = (
        select(ChoiceRow.id)
        .where(ChoiceRow.recipient_id == DeliveryRow.recipient_id)
        .where(ChoiceRow.campaign_id == DeliveryRow.campaign_id)
        .exists()
    )
    changed = or_(
        unread(),
        answered,
        col(RecipientRow.muted_at).is_not(None),
        col(CampaignRow.state) != word(CampaignState.RUNNING),
        func.coalesce(DeliveryRow.not_after, SlotRow.not_after) < sa.bindparam("now"),
    )
    return (
        sa.select(col(DeliveryRow.id), col(CampaignRow.revision), changed)
        .outerjoin(SlotRow, col(SlotRow.id) == col(DeliveryRow.slot_id))
        .join(CampaignRow, col(CampaignRow.id) == col(DeliveryRow.campaign_id))
        .join(AddressRow, col(AddressRow.id) == col(DeliveryRow.address_id))
        .join(RecipientRow, col(RecipientRow.id) == col(DeliveryRow.recipient_id))
        .where(among(dialect, col(DeliveryRow.id), "ids"))
        .where(col(DeliveryRow.kind) != StepKind.REPLY.value)
    )


def ready(now: datetime) -> ColumnElement[bool]:
    """Deliveries (joined with slot and campaign) whose instant has come and whose campaign runs."""
    return and_(
        col(DeliveryRow.state) == DeliveryState.DUE,
        func.coalesce(DeliveryRow.due_at, SlotRow.due_at) <= now,
        may_run(),
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


def _address(row: DeliveryRow, address: AddressRow | None) -> Address:
    if row.to:  # a reply goes where the person wrote
        return addresses.from_text(row.to)
    if address is None:
        raise LookupError(f"delivery {row.id} has no address")
    return addresses.value(address)


class _Changes:
    """What the verdicts make of their rows, carried out many at a time."""

    def __init__(self) -> None:
        self.begun: list[dict[str, object]] = []
        self.waiting: list[dict[str, object]] = []
        self.dropped: list[dict[str, object]] = []

    def note(self, row: Candidate, verdict: Verdict) -> None:
        match verdict:
            case Wait(until=until, why=why):
                self.waiting.append({"delivery": row.id, "until": until, "why": why})
            case Drop(state=state, why=why):
                self.dropped.append({"delivery": row.id, "so": state.value, "why": why})
            case Go():
                self.begun.append({"delivery": row.id})
            case _:
                assert_never(verdict)

    def carry_out(self, session: Session, lease: Lease, now: datetime) -> None:
        connection = session.connection()
        if self.waiting:
            connection.execute(_WAIT, self.waiting)
        if self.dropped:
            connection.execute(_DROP, [{**change, "at": now} for change in self.dropped])
        if self.begun:
            begun = {"ids": [change["delivery"] for change in self.begun], "at": now, "under": lease.epoch}
            connection.execute(_begin(connection.dialect.name), begun)


_DELIVERY: sa.Table = SQLModel.metadata.tables["delivery"]
_THIS = _DELIVERY.c.id == sa.bindparam("delivery")
_WAIT = sa.update(_DELIVERY).where(_THIS).values(due_at=sa.bindparam("until"), reason=sa.bindparam("why"))
_DROP = (
    sa.update(_DELIVERY)
    .where(_THIS)
    .values(state=sa.bindparam("so"), reason=sa.bindparam("why"), settled_at=sa.bindparam("at"))
)


@cache
def _begin(dialect: str) -> Executable:
    return (
        sa.update(_DELIVERY)
        .where(among(dialect, _DELIVERY.c.id, "ids"))
        .values(
            state=DeliveryState.SENDING.value,
            claimed_at=sa.bindparam("at"),
            claim=_DELIVERY.c.claim + 1,
            epoch=sa.bindparam("under"),
        )
    )


# to look a word up costs a tenth of calling its enumeration, which every message would do five times
_KINDS = {kind.value: kind for kind in StepKind}
_ON_DOUBT = {word.value: word for word in OnDoubt}
_SURFACES = {surface.value: surface for surface in Surface}
_CHANNELS = {channel.value: channel for channel in ChannelName}
_REACH = {reach.value: reach for reach in Reach}


def _outgoing(row: Candidate, known: "_Known", now: datetime) -> Outgoing:
    return Outgoing(
        delivery=Delivery(
            id=row.id,
            claim=row.claim + 1,
            step=row.step or row.kind,
            lane=row.lane,
            address=_place(row),
            on_doubt=_ON_DOUBT[row.on_doubt],
            failures=row.failures,
        ),
        kind=_KINDS[row.kind],
        final=row.final,
        claimed_at=now,
        campaign=known.campaigns.get(row.campaign_id or 0),
        locale=row.chosen_locale or row.locale or row.language,
        zone=known.zone(row),
        told=known.told.get((row.recipient_id or 0, row.campaign_id or 0)),
        body=row.body,
        edits=row.edits,
        response_url=row.response_url,
        document=messages.document_from_text(row.document) if row.document else None,
        surface=_SURFACES[row.surface],
    )


def _place(row: Candidate) -> Address:
    if row.to:  # a reply goes where the person wrote
        return addresses.from_text(row.to)
    if row.place_id is None:
        raise LookupError(f"delivery {row.id} has no address")
    return Address(
        channel=_CHANNELS[row.place_channel],
        external=row.external,
        workspace=row.workspace,
        conversation=row.conversation,
        reach=_REACH[row.reach],
        id=row.place_id,
    )


class _Known:
    """What is read once for a batch of candidates."""

    def __init__(self, session: Session, rows: Sequence[Candidate], rest_days: RestDays) -> None:
        self.rest_days = rest_days
        ids = {row.recipient_id for row in rows if row.recipient_id is not None}
        self.campaigns = campaigns.by_ids(session, {row.campaign_id for row in rows if row.campaign_id})
        self.steps, self.told = _history(session, ids)
        self.begun: set[int | None] = set()
        self.verdicts: dict[_Alike, Verdict] = {}

    def judge(self, row: Candidate, now: datetime) -> Verdict:
        if row.kind == StepKind.REPLY.value:
            return judge_reply(
                asks=row.asks,
                answered=row.answered,
                muted=row.muted_at is not None,
                not_after=row.not_after,
                now=now,
            )
        if row.written_to or row.recipient_id in self.begun:
            return Wait(now + LOOK_AGAIN, "another message is on its way")
        return self._judged(row, now)

    def begin(self, row: Candidate) -> None:
        """This row is on its way from now on."""
        if row.kind != StepKind.REPLY.value:
            self.begun.add(row.recipient_id)

    def zone(self, row: Candidate) -> str | None:
        """The person's own zone, else the campaign's."""
        campaign = self.campaigns.get(row.campaign_id or 0)
        return row.zone or (campaign.document.zone if campaign else None)

    def _judged(self, row: Candidate, now: datetime) -> Verdict:
        alike = self._alike(row, now)
        verdict = self.verdicts.get(alike)
        if verdict is None:
            verdict = self.verdicts[alike] = judge(self._standing(alike), now=now)
        return verdict

    def _alike(self, row: Candidate, now: datetime) -> "_Alike":
        about = row.campaign_id or 0
        document = self.campaigns[about].document
        mine = self.steps.get(row.recipient_id or 0, _NO_STEPS)
        others = max((at for other, at in mine.items() if other != about), default=None) if mine else None
        return _Alike(
            about,
            row.kind,
            row.final,
            row.answered,
            row.muted_at is not None,
            not covers(document.audience, row.plan, row.registered_on),
            row.not_after or row.slot_not_after,
            row.zone or document.zone,
            row.channel,
            pressing(mine.get(about), document.cadence.min_gap, now=now),
            pressing(others, BETWEEN_CAMPAIGNS, now=now),
        )

    def _standing(self, alike: "_Alike") -> Standing:
        campaign = self.campaigns[alike.campaign_id]
        on_slack = alike.channel == ChannelName.SLACK.value
        return Standing(
            kind=_KINDS[alike.kind],
            answered=alike.answered,
            muted=alike.muted,
            excluded=alike.excluded,
            campaign_state=campaign.state,
            not_after=alike.not_after,
            zone=alike.zone,
            rest_days=self.rest_days(alike.zone) if on_slack else NO_REST,
            final=alike.final,
            hours=campaign.document.hours,
            min_gap=campaign.document.cadence.min_gap,
            last_step_at=alike.last_step_at,
            last_campaign_at=alike.last_campaign_at,
        )


class _Alike(NamedTuple):
    """All that a batch's verdicts differ by: of those that are alike one is judged."""

    campaign_id: int
    kind: str
    final: bool
    answered: bool
    muted: bool
    excluded: bool
    not_after: datetime | None
    zone: str
    channel: str
    last_step_at: datetime | None
    last_campaign_at: datetime | None


_NO_STEPS: Mapping[int | None, datetime] = MappingProxyType({})


@cache
def _steps_of(dialect: str) -> Executable:
    return (
        sa.select(
            col(DeliveryRow.recipient_id),
            col(DeliveryRow.campaign_id),
            col(DeliveryRow.state),
            col(DeliveryRow.settled_at),
            col(DeliveryRow.deadline_shown),
        )
        .where(among(dialect, col(DeliveryRow.recipient_id), "people"))
        .where(col(DeliveryRow.kind) != StepKind.REPLY.value)
        .where(
            or_(
                col(DeliveryRow.state).in_([state.value for state in REACHED]),
                col(DeliveryRow.deadline_shown).is_not(None),
            )
        )
        .order_by(col(DeliveryRow.settled_at))
    )


def _history(
    session: Session, people: set[int]
) -> tuple[Mapping[int, Mapping[int | None, datetime]], Mapping[tuple[int, int], date]]:
    """Per person and campaign: when the last step reached them, and the deadline that they were shown."""
    steps: dict[int, dict[int | None, datetime]] = {}
    told: dict[tuple[int, int], date] = {}
    if not people:
        return steps, told
    connection = session.connection()
    found = connection.execute(_steps_of(connection.dialect.name), {"people": list(people)}).all()
    for owner, about, state, at, day in found:
        if state in REACHED and at is not None:
            steps.setdefault(owner or 0, {})[about] = at
        if day is not None:
            told[owner or 0, about or 0] = day
    return steps, told
