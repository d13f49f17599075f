"""Addresses: where recipients can be reached, as values and as rows."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import bindparam
from sqlmodel import Session, col, select
from sqlmodel import update as sql_update

from bot.domain.delivery import DeliveryState
from bot.domain.recipient import Address, ChannelName, Reach
from bot.domain.step import StepKind
from bot.store import lanes
from bot.store.models import AddressRow, CampaignRow, DeliveryRow, RecipientRow

PREFERRED = (ChannelName.TELEGRAM, ChannelName.SLACK)

_BY_KEY = select(AddressRow).where(AddressRow.key == bindparam("named"))
_OF = (
    select(AddressRow)
    .where(col(AddressRow.recipient_id).in_(bindparam("people", expanding=True)))
    .order_by(col(AddressRow.id))
)
_WITH_HOME = (
    select(AddressRow)
    .where(AddressRow.recipient_id == bindparam("person"), col(AddressRow.home_at).is_not(None))
    .order_by(col(AddressRow.id))
)


def value(row: AddressRow) -> Address:
    """The row as it travels above the store."""
    return Address(
        channel=ChannelName(row.channel),
        external=row.external,
        workspace=row.workspace,
        conversation=row.conversation,
        reach=Reach(row.reach),
        id=row.id or 0,
        identity=row.identity,
    )


def to_text(place: Address) -> str:
    """The place as JSON; `from_text` gives it back."""
    fields = {
        "channel": place.channel,
        "external": place.external,
        "workspace": place.workspace,
        "conversation": place.conversation,
        "id": place.id,
    }
    return json.dumps({name: text for name, text in fields.items() if text})


def from_text(text: str) -> Address:
    """The place that `to_text` wrote down."""
    fields = json.loads(text)
    return Address(channel=ChannelName(fields.pop("channel")), **fields)


def by_key(session: Session, key: str) -> AddressRow | None:
    """The address that `key` names."""
    return session.exec(_BY_KEY, params={"named": key}).first()


def of(session: Session, recipient_ids: Iterable[int]) -> dict[int, tuple[Address, ...]]:
    """Each recipient's addresses, the preferred one first."""
    rows = session.exec(_OF, params={"people": list(set(recipient_ids))})
    found: dict[int, list[Address]] = {}
    for row in rows:
        found.setdefault(row.recipient_id, []).append(value(row))
    return {owner: tuple(sorted(places, key=preference)) for owner, places in found.items()}


def reachable_since(session: Session, address_id: int) -> datetime | None:
    """Since when this place can be written to."""
    row = session.get(AddressRow, address_id)
    return row.reachable_since if row else None


def closed_at(session: Session, address_id: int) -> datetime | None:
    """Since when this place cannot be written to any more, if that is so."""
    row = session.get(AddressRow, address_id)
    return row.closed_at if row else None


def preference(place: Address) -> int:
    """Sorts addresses of one person: where to write first."""
    return PREFERRED.index(place.channel)


def language(person: RecipientRow | None, address: AddressRow | None) -> str | None:
    """Chosen in the bot, else imported, else as the platform says."""
    said = address.language if address else None
    return (person.chosen_locale or person.locale if person else None) or said


def language_of(session: Session, key: str) -> str | None:
    """Which language whoever is at this place reads, as far as we know them."""
    address = by_key(session, key)
    return language(session.get(RecipientRow, address.recipient_id), address) if address else None


def update(session: Session, after: Address, *, now: datetime) -> None:
    """The row of this address holds what a send told of it: reach, conversation, a new external id."""
    row = session.get(AddressRow, after.id) if after.id else None
    if row is None:
        return
    row.conversation = after.conversation
    if row.external != after.external:
        row.external, row.key = after.external, after.key
    if row.reach != after.reach:
        _set_reach(row, after.reach, now)


def handle(session: Session, address_id: int) -> str | None:
    """What the platform calls the person, if it has told us."""
    row = session.get(AddressRow, address_id)
    return row.handle if row else None


def noticed(
    session: Session, row: AddressRow, *, conversation: str | None, handle: str | None, language: str | None
) -> None:
    """What a platform told on the way is remembered: where edits go, the handle, the language."""
    row.conversation = conversation or row.conversation
    row.handle = handle.lower() if handle else row.handle
    row.language = language or row.language


def wrote_to(session: Session, row: AddressRow, identity: str) -> None:
    """The person wrote to this Telegram bot, so that it can write to them: the address belongs to it, and the
    steps that are due there go through it. An answer stays with the bot that was asked."""
    bot = lanes.bot(session, identity)
    if row.identity == bot:
        return
    row.identity = bot
    steps = (col(DeliveryRow.address_id) == row.id, col(DeliveryRow.kind) != StepKind.REPLY.value)
    waiting = col(DeliveryRow.state) == DeliveryState.DUE.value
    session.execute(sql_update(DeliveryRow).where(*steps, waiting).values(lane=identity))


def may_be_helped(session: Session, address_id: int, *, now: datetime, every: timedelta) -> bool:
    """Whether the short help was not said here lately; if so it is said now."""
    row = session.get(AddressRow, address_id)
    if row is None or (row.helped_at is not None and now - row.helped_at < every):
        return False
    row.helped_at = now
    return True


def home_opened(session: Session, address_id: int, *, now: datetime) -> None:
    """The person has looked at their own page, so that it is kept up to date from now on."""
    row = session.get_one(AddressRow, address_id)
    row.home_at = row.home_at or now


def with_home(session: Session, recipient_id: int) -> list[Address]:
    """The places of this person that have a page of their own which was ever looked at."""
    return [value(row) for row in session.exec(_WITH_HOME, params={"person": recipient_id})]


def reopened(session: Session, row: AddressRow, *, now: datetime) -> bool:
    """The person wrote to us, so that we may write again; the planner looks whether they are to be asked.
    False when we might all along."""
    if row.reach == Reach.REACHABLE:
        return False
    _set_reach(row, Reach.REACHABLE, now)
    session.execute(sql_update(CampaignRow).values(unplanned=True))
    return True


def closed(row: AddressRow, reach: Reach, *, now: datetime) -> None:
    """The platform says that we may not write any more."""
    _set_reach(row, reach, now)


def _set_reach(row: AddressRow, reach: Reach, now: datetime) -> None:
    if reach is Reach.REACHABLE:
        row.reachable_since = now
    row.closed_at = None if reach is Reach.REACHABLE else now
    row.reach = reach.value
