"""Choices: each one appended with its ledger entry; the register is the latest that stands."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError
from sqlmodel import Session, col, select

from bot.domain import ledger as chain
from bot.domain.choice import ChoiceRecord, supersedes
from bot.domain.ledger import NONCE_BYTES, EntryType, Sealed
from bot.store import ledger
from bot.store.ledger import LedgerCheck
from bot.store.models import CampaignRow, ChoiceRow, RecipientRow

RECORD = TypeAdapter(ChoiceRecord)
PAGE = 5_000

RandomBytes = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class KeptChoice:
    """A choice in the register; `stands` unless a newer one by the platform's order was there already."""

    record: ChoiceRecord
    stands: bool


def add(
    session: Session, record: ChoiceRecord, *, recipient_id: int, campaign_id: int, random_bytes: RandomBytes
) -> KeptChoice:
    """The choice is kept, with its entry in the ledger, in this transaction."""
    _take_turn(session, recipient_id)
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
        seq=seq,
        recipient_id=recipient_id,
        campaign_id=campaign_id,
        delivery_id=record.delivery,
        receipt=record.receipt,
        value=record.value.value,
        supersedes=supersedes(record, earlier),
        record=content,
        nonce=nonce,
    )
    session.add(row)
    session.flush()
    return _kept(row)


def standing(session: Session, recipient_id: int, campaign_id: int) -> ChoiceRecord | None:
    """The answer that stands."""
    row = session.exec(
        select(ChoiceRow)
        .where(ChoiceRow.recipient_id == recipient_id, ChoiceRow.campaign_id == campaign_id)
        .where(col(ChoiceRow.supersedes).is_(True))
        .order_by(col(ChoiceRow.id).desc())
    ).first()
    return RECORD.validate_json(row.record) if row else None


def history(session: Session, recipient_id: int, campaign_id: int | None = None) -> list[KeptChoice]:
    """Everything the person answered, in the order in which it was kept."""
    query = select(ChoiceRow).where(ChoiceRow.recipient_id == recipient_id).order_by(col(ChoiceRow.id))
    if campaign_id is not None:
        query = query.where(ChoiceRow.campaign_id == campaign_id)
    return [_kept(row) for row in session.exec(query)]


def by_receipt(session: Session, code: str) -> tuple[int, KeptChoice] | None:
    """(recipient, choice) that a receipt's code names."""
    row = session.exec(select(ChoiceRow).where(ChoiceRow.receipt == code)).first()
    return (row.recipient_id, _kept(row)) if row else None


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


def verify(session: Session) -> LedgerCheck:
    """The chain holds, and every kept choice is the one that its entry commits to, column by column."""
    check = chain.verify_chain(Sealed(row.entry, row.hash) for row in ledger.entries(session))
    return LedgerCheck(
        size=check.size,
        root=check.root,
        chain_ok=check.ok,
        openings_ok=all(_opens(session, row) for row in _rows(session)),
        first_bad_seq=check.first_bad_seq,
    )


def _take_turn(session: Session, recipient_id: int) -> None:
    """No other choice of this person is kept until this transaction ends; SQLite has one writer anyway."""
    person = select(RecipientRow.id).where(RecipientRow.id == recipient_id)
    session.exec(person.with_for_update(key_share=True)).one()


def _opens(session: Session, row: ChoiceRow) -> bool:
    committed = ledger.commitment_at(session, row.seq)
    if committed is None or not chain.opens(committed, nonce=row.nonce, record=row.record):
        return False
    try:
        record = RECORD.validate_json(row.record)
    except ValidationError:
        return False
    person, campaign = session.get(RecipientRow, row.recipient_id), session.get(CampaignRow, row.campaign_id)
    columns = (person.ref if person else None, campaign.slug if campaign else None)
    told = (record.recipient, record.campaign)
    same = (row.delivery_id, row.receipt, row.value) == (record.delivery, record.receipt, record.value)
    return same and columns == told and row.supersedes == _stood(session, row, record)


def _stood(session: Session, row: ChoiceRow, record: ChoiceRecord) -> bool:
    before: Sequence[ChoiceRow] = session.exec(
        select(ChoiceRow)
        .where(ChoiceRow.recipient_id == row.recipient_id, ChoiceRow.campaign_id == row.campaign_id)
        .where(col(ChoiceRow.seq) < row.seq)
    ).all()
    return supersedes(record, [RECORD.validate_json(earlier.record) for earlier in before])


def _rows(session: Session) -> Iterator[ChoiceRow]:
    last = 0
    while rows := session.exec(
        select(ChoiceRow).where(col(ChoiceRow.id) > last).order_by(col(ChoiceRow.id)).limit(PAGE)
    ).all():
        last = rows[-1].id or 0
        yield from rows
        session.expunge_all()


def _kept(row: ChoiceRow) -> KeptChoice:
    return KeptChoice(RECORD.validate_json(row.record), row.supersedes)
