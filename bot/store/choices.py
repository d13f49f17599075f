"""Choices: each one appended with its ledger entry; the register is the latest that stands."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from bot.domain import ledger as chain
from bot.domain.choice import ChoiceRecord, supersedes
from bot.domain.ledger import NONCE_BYTES, EntryType
from bot.store import ledger
from bot.store.models import AddressRow, ChoiceRow, EffectRow, RecipientRow

RECORD = TypeAdapter(ChoiceRecord)
HOUR = len("2025-09-02T09")

RandomBytes = Callable[[int], bytes]


_PERSON = ChoiceRow.recipient_id == bindparam("person")
_IN_CAMPAIGN = ChoiceRow.campaign_id == bindparam("campaign")
_HISTORY = select(ChoiceRow).where(_PERSON).order_by(col(ChoiceRow.id))
_HISTORY_OF_ONE = _HISTORY.where(_IN_CAMPAIGN)
_STANDING = (
    select(ChoiceRow)
    .where(_PERSON, _IN_CAMPAIGN, col(ChoiceRow.supersedes).is_(True))
    .order_by(col(ChoiceRow.id).desc())
)
_HOLD = select(RecipientRow).where(RecipientRow.id == bindparam("person")).with_for_update(key_share=True)
_APPLIED = (
    select(EffectRow.applied_at)
    .join(ChoiceRow, col(ChoiceRow.seq) == col(EffectRow.seq))
    .where(ChoiceRow.receipt == bindparam("named"), col(EffectRow.applied_at).is_not(None))
)


@dataclass(frozen=True, slots=True)
class KeptChoice:
    """A choice in the register; `stands` unless a newer one by the platform's order was there already."""

    record: ChoiceRecord
    stands: bool


def add(
    session: Session, record: ChoiceRecord, *, recipient_id: int, campaign_id: int, random_bytes: RandomBytes
) -> KeptChoice:
    """The choice is kept, with its entry in the ledger, in this transaction.

    Whoever it names as its recipient is this person's name in the ledger from now on.
    """
    _name(session, recipient_id, record.recipient)
    earlier = [kept.record for kept in history(session, recipient_id, campaign_id)]
    nonce = random_bytes(NONCE_BYTES)
    content = record.canonical
    seq = ledger.append(
        session,
        EntryType.CHOICE,
        day=record.recorded_at.date(),
        commitment=chain.commitment(nonce, content),
    )
    row = ChoiceRow(
        **columns(
            record,
            seq=seq,
            recipient_id=recipient_id,
            campaign_id=campaign_id,
            supersedes=supersedes(record, earlier),
            content=content,
            nonce=nonce,
        )
    )
    session.add(row)
    session.flush()
    return _kept(row)


def columns(
    record: ChoiceRecord,
    *,
    seq: int,
    recipient_id: int,
    campaign_id: int,
    supersedes: bool,
    content: bytes,
    nonce: bytes,
) -> dict[str, Any]:
    """The row of a choice: its record, and what of it is looked for."""
    received_at = record.received_at.isoformat()
    return {
        "seq": seq,
        "recipient_id": recipient_id,
        "campaign_id": campaign_id,
        "delivery_id": record.delivery,
        "receipt": record.receipt,
        "value": record.value.value,
        "supersedes": supersedes,
        "record": content,
        "nonce": nonce,
        "received_at": received_at,
        "hour": received_at[:HOUR],
        "channel": record.channel.value,
        "locale": record.locale,
    }


def hold(session: Session, recipient_id: int) -> RecipientRow:
    """The person as they are; no other choice of theirs is kept until this transaction ends."""
    return session.exec(_HOLD, params={"person": recipient_id}).one()


def hold_senders(session: Session, senders: Collection[str]) -> frozenset[str]:
    """No other choice of those who write from these addresses is kept until this transaction ends; but for
    those addresses that are given back: somebody else holds their people.

    Two that hold several, and waited for more, would wait for each other. SQLite has one writer anyway.
    """
    if session.get_bind().dialect.name == "sqlite":
        return frozenset()
    theirs = (
        select(AddressRow.key)
        .join(RecipientRow, col(RecipientRow.id) == col(AddressRow.recipient_id))
        .where(col(AddressRow.key).in_(senders))
    )
    held = theirs.with_for_update(key_share=True, skip_locked=True, of=RecipientRow)
    everybody, ours = session.exec(theirs).all(), session.exec(held).all()
    return frozenset(everybody) - frozenset(ours)


def standing(session: Session, recipient_id: int, campaign_id: int) -> ChoiceRecord | None:
    """The answer that stands."""
    row = session.exec(_STANDING, params={"person": recipient_id, "campaign": campaign_id}).first()
    return RECORD.validate_json(row.record) if row else None


def history(session: Session, recipient_id: int, campaign_id: int | None = None) -> list[KeptChoice]:
    """Everything the person answered, in the order in which it was kept."""
    if campaign_id is None:
        return [_kept(row) for row in session.exec(_HISTORY, params={"person": recipient_id})]
    key = {"person": recipient_id, "campaign": campaign_id}
    return [_kept(row) for row in session.exec(_HISTORY_OF_ONE, params=key)]


def by_receipt(session: Session, code: str) -> tuple[int, KeptChoice] | None:
    """(recipient, choice) that a receipt's code names."""
    row = session.exec(select(ChoiceRow).where(ChoiceRow.receipt == code)).first()
    return (row.recipient_id, _kept(row)) if row else None


def is_applied(session: Session, receipt: str) -> bool:
    """Whether the system of record has said that it acted on the choice that this receipt names."""
    return session.exec(_APPLIED, params={"named": receipt}).first() is not None


def answered(session: Session, recipient_ids: Iterable[int]) -> set[tuple[int | None, int | None]]:
    """(recipient, campaign) of every answer that these people gave."""
    found = session.exec(
        select(ChoiceRow.recipient_id, ChoiceRow.campaign_id)
        .where(col(ChoiceRow.recipient_id).in_(set(recipient_ids)))
        .distinct()
    )
    return set(found)


def register(session: Session, campaign_id: int) -> dict[int, ChoiceRecord]:
    """The answer that stands, by recipient, for a whole campaign."""
    rows = session.exec(
        select(ChoiceRow)
        .where(ChoiceRow.campaign_id == campaign_id, col(ChoiceRow.supersedes).is_(True))
        .order_by(col(ChoiceRow.id))
    )
    return {row.recipient_id: RECORD.validate_json(row.record) for row in rows}


def _name(session: Session, recipient_id: int, pseudonym: str) -> None:
    """The person is called so."""
    row = hold(session, recipient_id)
    row.pseudonym = row.pseudonym or pseudonym
    if row.pseudonym != pseudonym:
        raise ValueError("the ledger knows this person by another pseudonym")


def _kept(row: ChoiceRow) -> KeptChoice:
    return KeptChoice(RECORD.validate_json(row.record), row.supersedes)
