"""Receipt files, for whoever asks: the person in the chat, or staff on the command line."""

import json
from datetime import datetime

from bot.domain import receipt_file
from bot.domain.checkpoint import Signer
from bot.domain.receipt_file import Said
from bot.store import receipts
from bot.store.database import Session

APPLIED, RECORDED = "applied", "recorded"


def write(session: Session, receipt: str, *, secret: bytes, operator: str, now: datetime) -> str:
    """The file of the choice with this receipt, as text: anyone can check it without us.

    Raise `UnknownReceipt` when there is none, `LedgerForked` when the ledger contradicts what was signed.
    """
    kept = receipts.prove(session, receipt, Signer.from_secret(secret))
    said = Said(
        publisher=operator,
        created=now.isoformat(),
        status=APPLIED if kept.is_applied else RECORDED,
        legal_basis=kept.legal_basis,
    )
    document = receipt_file.write(kept.proved, said)
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
