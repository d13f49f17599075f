"""Receipts: a choice with everything that proves it, read from where it is kept."""

from dataclasses import dataclass

from pydantic import TypeAdapter
from sqlmodel import Session, select

from bot.domain.campaign import CampaignDocument
from bot.domain.checkpoint import Signer
from bot.domain.choice import ChoiceRecord
from bot.domain.receipt_file import Proved
from bot.exceptions import UnknownReceipt
from bot.store import checkpoints, choices, ledger, messages, tree
from bot.store.models import CampaignRevisionRow, ChoiceRow, DeliveryRow, RenderingRow

RECORD = TypeAdapter(ChoiceRecord)
DOCUMENT = TypeAdapter(CampaignDocument)


@dataclass(frozen=True, slots=True)
class Kept:
    """A choice with its proof, and what is known of it besides."""

    proved: Proved
    legal_basis: str | None
    is_applied: bool


def prove(session: Session, receipt: str, signer: Signer) -> Kept:
    """The choice with this receipt; a checkpoint over it is signed if there is none yet.

    Raise `UnknownReceipt` when there is no such choice, `LedgerForked` when the ledger contradicts its last
    checkpoint.
    """
    row = session.exec(select(ChoiceRow).where(ChoiceRow.receipt == receipt)).first()
    if row is None:
        raise UnknownReceipt(receipt)
    size, note = checkpoints.signed_head(session, signer)
    record = RECORD.validate_json(row.record)
    proved = Proved(
        record=row.record,
        nonce=row.nonce,
        entry=ledger.entry(session, row.seq).entry,
        size=size,
        path=tree.inclusion(session, row.seq, size),
        checkpoint=note,
        key=signer.key,
        text=text_shown(session, record),
    )
    basis = _legal_basis(session, row.campaign_id, record.revision)
    return Kept(proved, basis, choices.is_applied(session, receipt))


def text_shown(session: Session, record: ChoiceRecord) -> str | None:
    """What the person had before them, as long as it is kept."""
    if record.text_hash is None:
        return None
    rendering = session.get(RenderingRow, record.text_hash)
    if rendering is not None:
        return rendering.message
    delivery = session.get(DeliveryRow, record.delivery) if record.delivery else None
    body = delivery.body if delivery else None
    return body if body is not None and messages.digest(body) == record.text_hash else None


def _legal_basis(session: Session, campaign_id: int, revision: int) -> str | None:
    row = session.exec(
        select(CampaignRevisionRow).where(
            CampaignRevisionRow.campaign_id == campaign_id, CampaignRevisionRow.revision == revision
        )
    ).first()
    return DOCUMENT.validate_json(row.document).legal_basis if row else None
