"""Finding one person by what somebody tells of them: receipt code, reference, handle, account or e-mail."""

from hashlib import sha256

from sqlmodel import Session, col, select

from bot.domain.receipt import read_receipt_code
from bot.domain.recipient import ChannelName
from bot.store import choices
from bot.store.models import AddressRow, RecipientRow

ACCOUNTS = tuple(f"{channel}:" for channel in ChannelName)


def find(session: Session, told: str) -> str | None:
    """The reference of the one person who is meant; None for nobody, and for a handle that two have.

    An e-mail address is compared by its hash alone, a handle with those that the platforms told us. An
    account is written as its address's key.
    """
    text = told.strip()
    return _by_receipt(session, text) or _by_ref(session, text) or _by_contact(session, text)


def _by_receipt(session: Session, text: str) -> str | None:
    code = read_receipt_code(text)
    found = None if code is None else choices.by_receipt(session, code)
    if found is None:
        return None
    return session.exec(select(RecipientRow.ref).where(RecipientRow.id == found[0])).first()


def _by_ref(session: Session, text: str) -> str | None:
    return session.exec(select(RecipientRow.ref).where(RecipientRow.ref == text)).first()


def _by_contact(session: Session, text: str) -> str | None:
    refs = select(RecipientRow.ref).distinct().limit(2)
    if text.startswith(ACCOUNTS):
        refs = refs.join(AddressRow, col(AddressRow.recipient_id) == col(RecipientRow.id))
        refs = refs.where(AddressRow.key == text)
    elif text.startswith("@"):
        refs = refs.join(AddressRow, col(AddressRow.recipient_id) == col(RecipientRow.id))
        refs = refs.where(AddressRow.handle == text[1:].lower())
    elif "@" in text:
        refs = refs.where(RecipientRow.email_hash == sha256(text.lower().encode()).hexdigest())
    else:
        return None
    found = session.exec(refs).all()
    return found[0] if len(found) == 1 else None
