"""Recipients: who they are, as imported and as they changed it since."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlmodel import Session, col, func, select

from bot.domain.campaign import CampaignDocument
from bot.domain.recipient import Address, Exclusion, Plan, Reach, Recipient, exclusion
from bot.exceptions import UnknownRecipient
from bot.store import addresses, campaigns, cohorts
from bot.store.models import AddressRow, RecipientRow


@dataclass(frozen=True, slots=True)
class Imported:
    """A checked row of an import."""

    ref: str
    plan: Plan
    locale: str | None = None
    zone: str | None = None
    registered_on: date | None = None
    places: tuple[Address, ...] = ()
    email_hash: str | None = None


class Change(StrEnum):
    """What an import did with a row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    TAKEN = "taken"  # refused: one of its addresses is another recipient's


def put(session: Session, rows: Sequence[Imported], *, now: datetime) -> list[Change]:
    """Each row's recipient is as imported, with these addresses; what was done, row by row.

    Addresses that a row does not name are left alone; nothing that a person chose in the bot is touched.
    """
    known = _by_ref(session, {row.ref for row in rows})
    owners = _owners(session, {place.key for row in rows for place in row.places})
    changes, moved = [], []
    for row in rows:
        owner = known.get(row.ref)
        if any(owners.get(place.key, row.ref) != row.ref for place in row.places):
            changes.append(Change.TAKEN)
            continue
        if owner is None:
            owner = RecipientRow(ref=row.ref, plan=row.plan.value, imported_at=now)
            session.add(owner)
            known[row.ref] = owner
            change = Change.CREATED
        else:
            change = Change.UNCHANGED
        if owner.id and (owner.zone or None) != row.zone:
            moved.append(owner.id)
        if _differs(owner, row) and change is Change.UNCHANGED:
            change = Change.UPDATED
        _write(owner, row)
        owners.update({place.key: row.ref for place in row.places})
        changes.append(change)
    session.flush()
    _put_places(session, rows, changes, known, now)
    if moved:
        cohorts.note_moved(session, moved)
    if any(change in (Change.CREATED, Change.UPDATED) for change in changes):
        campaigns.audience_changed(session)
    return changes


def get(session: Session, ref: str) -> Recipient:
    """The recipient with this reference."""
    row = session.exec(select(RecipientRow).where(RecipientRow.ref == ref)).first()
    if row is None:
        raise UnknownRecipient(ref)
    return value(session, row)


def by_id(session: Session, recipient_id: int) -> Recipient:
    """The recipient with this id."""
    return value(session, session.get_one(RecipientRow, recipient_id))


def value(session: Session, row: RecipientRow) -> Recipient:
    """The row, with its addresses, as it travels above the store."""
    return _value(row, addresses.of(session, [row.id or 0]).get(row.id or 0, ()))


def mute(session: Session, recipient_id: int, *, now: datetime | None) -> None:
    """The person gets no more campaign messages, or (`None`) gets them again."""
    session.get_one(RecipientRow, recipient_id).muted_at = now
    if now is None:
        campaigns.audience_changed(session)


def choose_locale(session: Session, recipient_id: int, locale: str) -> None:
    """The person reads this language from now on."""
    session.get_one(RecipientRow, recipient_id).chosen_locale = locale


def excluded(session: Session, document: CampaignDocument) -> dict[Exclusion, int]:
    """How many recipients the campaign leaves out, by reason; those of the audience are not in it."""
    tally: dict[Exclusion, int] = {}
    for person in every(session):
        why = exclusion(person, document.audience)
        if why is not None:
            tally[why] = tally.get(why, 0) + 1
    return tally


def every(session: Session, *, page: int = 1000) -> Iterable[Recipient]:
    """All recipients, in the order of their import."""
    last = 0
    while rows := session.exec(
        select(RecipientRow).where(col(RecipientRow.id) > last).order_by(col(RecipientRow.id)).limit(page)
    ).all():
        places = addresses.of(session, [row.id or 0 for row in rows])
        yield from (_value(row, places.get(row.id or 0, ())) for row in rows)
        last = rows[-1].id or 0


def count(session: Session) -> int:
    """How many recipients there are."""
    return session.exec(select(func.count()).select_from(RecipientRow)).one()


def _value(row: RecipientRow, places: tuple[Address, ...]) -> Recipient:
    return Recipient(
        ref=row.ref,
        plan=Plan(row.plan),
        locale=row.chosen_locale or row.locale,
        zone=row.zone,
        registered_on=row.registered_on,
        muted_at=row.muted_at,
        addresses=places,
        id=row.id or 0,
    )


def _by_ref(session: Session, refs: Iterable[str]) -> dict[str, RecipientRow]:
    return {
        row.ref: row for row in session.exec(select(RecipientRow).where(col(RecipientRow.ref).in_(set(refs))))
    }


def _owners(session: Session, keys: Iterable[str]) -> dict[str, str]:
    found = session.exec(
        select(AddressRow.key, RecipientRow.ref)
        .join(RecipientRow, col(RecipientRow.id) == col(AddressRow.recipient_id))
        .where(col(AddressRow.key).in_(set(keys)))
    )
    return dict(found.all())


def _differs(owner: RecipientRow, row: Imported) -> bool:
    present = (owner.plan, owner.locale, owner.zone, owner.registered_on, owner.email_hash)
    return present != (row.plan.value, row.locale, row.zone, row.registered_on, row.email_hash)


def _write(owner: RecipientRow, row: Imported) -> None:
    owner.plan, owner.locale, owner.zone = row.plan.value, row.locale, row.zone
    owner.registered_on, owner.email_hash = row.registered_on, row.email_hash


def _put_places(
    session: Session,
    rows: Sequence[Imported],
    changes: list[Change],
    known: dict[str, RecipientRow],
    now: datetime,
) -> None:
    """The addresses of every row that was taken; a recipient has one a channel, the newest."""
    owners = {
        known[row.ref].id or 0
        for row, change in zip(rows, changes, strict=True)
        if change is not Change.TAKEN
    }
    present = addresses.of(session, owners)
    for index, row in enumerate(rows):
        if changes[index] is Change.TAKEN:
            continue
        owner = known[row.ref].id or 0
        had = {place.channel: place for place in present.get(owner, ())}
        for place in row.places:
            old = had.get(place.channel)
            if old is not None and old.key == place.key:
                continue
            _put_place(session, owner, place, old, now)
            if changes[index] is Change.UNCHANGED:
                changes[index] = Change.UPDATED
    session.flush()


def _put_place(session: Session, owner: int, place: Address, old: Address | None, now: datetime) -> None:
    if old is None:
        session.add(_new_place(owner, place, now))
        return
    row = session.get_one(AddressRow, old.id)
    row.key, row.external, row.workspace, row.conversation = place.key, place.external, place.workspace, None
    row.reach, row.reachable_since, row.handle, row.language = Reach.REACHABLE.value, now, None, None


def _new_place(owner: int, place: Address, now: datetime) -> AddressRow:
    return AddressRow(
        recipient_id=owner,
        key=place.key,
        channel=place.channel.value,
        external=place.external,
        workspace=place.workspace,
        reach=Reach.REACHABLE.value,
        reachable_since=now,
    )
