"""Erasure: a person's data are gone; what stays are counts, and ledger entries that nobody can open."""

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, delete, or_, select, update

from bot.domain.delivery import DeliveryState
from bot.domain.ledger import EntryType
from bot.domain.roles import Act
from bot.domain.suppression import marks_of
from bot.store import addresses, answers, ledger, suppression
from bot.store.database import leave_no_traces
from bot.store.models import (
    AddressRow,
    AuditRow,
    ChoiceRow,
    DeliveryRow,
    EffectRow,
    InboxRow,
    LinkTokenRow,
    RecipientRow,
    StaffRow,
)

ERASED = "erased"
OPEN = (DeliveryState.DUE.value, DeliveryState.SENDING.value)
NOTHING_PERSONAL = {
    "recipient_id": None,
    "address_id": None,
    "to": None,
    "platform_message": None,
    "body": None,
    "edits": None,
    "response_url": None,
    "document": None,
    "about_id": None,
}


def erase(session: Session, recipient_id: int, *, key: bytes, now: datetime) -> None:
    """Nothing in this database names the person any more; an import does not bring them back.

    The entries of their choices stay in the ledger without the records that would open them; a statement in
    it says which these are. Deliveries stay as counts. `key` is that of the marks.
    """
    person = _held(session, recipient_id)
    places = session.exec(select(AddressRow).where(AddressRow.recipient_id == recipient_id)).all()
    choices = session.exec(select(ChoiceRow).where(ChoiceRow.recipient_id == recipient_id)).all()
    values = [addresses.value(row) for row in places]
    marks = marks_of(key, ref=person.ref, places=values, email_hash=person.email_hash)
    suppression.add(session, marks, now=now)
    names = {person.ref, *(row.receipt for row in choices)}
    called = {*names, *(row.handle for row in places if row.handle)}
    keys = {row.key for row in places} | _former_keys(session, recipient_id)
    _empty_look_ups(session, called)
    _empty_deliveries(session, recipient_id, [row.id or 0 for row in places], names, now)
    _empty_inbox(session, keys, names)
    _empty_audit(session, keys, called)
    _drop_choices(session, choices, now)
    answers.drop_repetitions(session, recipient_id)
    session.execute(delete(LinkTokenRow).where(col(LinkTokenRow.recipient_id) == recipient_id))
    opened = col(LinkTokenRow.opened_by).in_(keys)
    session.execute(update(LinkTokenRow).where(opened).values(opened_by=None, opened_at=None))
    session.execute(delete(AddressRow).where(col(AddressRow.recipient_id) == recipient_id))
    session.execute(delete(RecipientRow).where(col(RecipientRow.id) == recipient_id))
    session.expire_all()
    leave_no_traces(session)


def empty_update(session: Session, inbox_id: int, *, external: str) -> None:
    """The update says nothing any more; that it was there stays, so that a copy of it does no harm."""
    _empty(session.get_one(InboxRow, inbox_id), [external])
    session.flush()


def empty_updates_of(session: Session, key: str) -> None:
    """Nothing that this account ever sent is kept: it is nobody's whom we know."""
    worked = select(InboxRow.id).where(InboxRow.sender == key, InboxRow.state != "new")
    for row_id in session.exec(worked).all():
        empty_update(session, row_id or 0, external=key.rpartition(":")[2])
    session.flush()
    leave_no_traces(session)


def _held(session: Session, recipient_id: int) -> RecipientRow:
    """The person; nobody records anything of them until this transaction ends."""
    return session.exec(select(RecipientRow).where(RecipientRow.id == recipient_id).with_for_update()).one()


def _former_keys(session: Session, recipient_id: int) -> set[str]:
    """Accounts that the person wrote from, before another took their place; none that is somebody else's or
    staff's now."""
    answered = select(DeliveryRow.inbox_id).where(DeliveryRow.recipient_id == recipient_id)
    senders = set(
        session.exec(select(InboxRow.sender).where(col(InboxRow.id).in_(answered), InboxRow.sender != ""))
    )
    taken = set(session.exec(select(AddressRow.key).where(col(AddressRow.key).in_(senders))))
    of_staff = set(session.exec(select(StaffRow.key).where(col(StaffRow.key).in_(senders))))
    return senders - taken - of_staff


def _empty_look_ups(session: Session, called: Collection[str]) -> None:
    """What staff typed to find the person, by whichever of their names, and the card that they got.

    A look-up is on record with the instant at which its update was done.
    """
    handles = {f"@{name}" for name in called}
    at = select(AuditRow.at).where(
        AuditRow.act == Act.LOOKUP.value, col(AuditRow.subject).in_({*called, *handles})
    )
    asked = session.exec(select(InboxRow).where(col(InboxRow.done_at).in_(at))).all()
    for row in asked:
        row.body = ""
    cards = select(DeliveryRow).where(col(DeliveryRow.inbox_id).in_([row.id for row in asked]))
    for card in session.exec(cards).all():
        _say_nothing(card)
    session.flush()


def _empty_deliveries(
    session: Session, recipient_id: int, places: Sequence[int], names: Collection[str], now: datetime
) -> None:
    theirs = or_(col(DeliveryRow.recipient_id) == recipient_id, col(DeliveryRow.address_id).in_(places))
    cancelled = {"state": DeliveryState.CANCELLED.value, "settled_at": now}
    session.execute(update(DeliveryRow).where(theirs, col(DeliveryRow.state).in_(OPEN)).values(cancelled))
    session.execute(update(DeliveryRow).where(theirs).values(NOTHING_PERSONAL | {"reason": ERASED}))
    cards = update(DeliveryRow).where(col(DeliveryRow.about_id) == recipient_id)
    session.execute(cards.values(about_id=None, body=None, reason=ERASED))
    to_staff = col(DeliveryRow.recipient_id).is_(
        None
    )  # an index finds them: no other reply names anybody else
    told = session.exec(select(DeliveryRow).where(to_staff, _contains(col(DeliveryRow.body), names))).all()
    for row in told:
        if _mentions(row.body, names):
            _say_nothing(row)
    session.flush()


def _say_nothing(row: DeliveryRow) -> None:
    """The reply has no words any more; one that was still to be sent is not."""
    row.body, row.reason = None, ERASED
    if row.state in OPEN:
        row.state = DeliveryState.CANCELLED.value


def _empty_inbox(session: Session, keys: Collection[str], names: Collection[str]) -> None:
    """What is still to be worked stays until it is; by then it comes from a stranger."""
    theirs = or_(col(InboxRow.sender).in_(keys), _contains(col(InboxRow.body), names))
    externals = {key.rpartition(":")[2] for key in keys}
    for row in session.exec(select(InboxRow).where(theirs, InboxRow.state != "new")).all():
        if row.sender in keys or _mentions(row.body, names):
            _empty(row, externals)
    session.flush()


def _empty_audit(session: Session, keys: Collection[str], names: Collection[str]) -> None:
    handles = {f"@{name}" for name in names}
    for row in session.exec(select(AuditRow).where(col(AuditRow.subject).in_({*names, *handles}))).all():
        row.subject, row.detail = ERASED, None
    for row in session.exec(select(AuditRow).where(_contains(col(AuditRow.detail), names))).all():
        row.detail = None if _mentions(row.detail, names) else row.detail
    session.execute(update(AuditRow).where(col(AuditRow.actor).in_(keys)).values(actor=ERASED))


def _empty(row: InboxRow, externals: Iterable[str]) -> None:
    row.body, row.sender = "", ""
    if any(external in row.dedupe for external in externals):
        row.dedupe = f"{ERASED}:{row.id}"


def _drop_choices(session: Session, choices: Sequence[ChoiceRow], now: datetime) -> None:
    seqs = [row.seq for row in choices]
    session.execute(delete(EffectRow).where(col(EffectRow.seq).in_(seqs)))
    session.execute(delete(ChoiceRow).where(col(ChoiceRow.seq).in_(seqs)))
    ledger.state(session, EntryType.ERASURE, {"erased": seqs}, now=now)


def _contains(column: Mapped[str | None] | Mapped[str], names: Collection[str]) -> ColumnElement[bool]:
    return or_(*(column.contains(name, autoescape=True) for name in sorted(names)))


def _mentions(text: str | None, names: Collection[str]) -> bool:
    """Whether one of the names stands in the text as a word: `u-10` is not in `u-104`."""
    return any(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text or "") for name in names)
