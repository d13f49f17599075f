"""Messages as text: what a reply says, and each distinct text that was ever shown."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import TypeAdapter
from sqlmodel import Session

from bot.domain.message import Document, Message
from bot.store.dialect import insert_new
from bot.store.models import RenderingRow

MESSAGE = TypeAdapter(Message)
DOCUMENT = TypeAdapter(Document)


def to_text(message: Message) -> str:
    """The message as JSON; `from_text` gives it back."""
    return MESSAGE.dump_json(message).decode()


def from_text(text: str) -> Message:
    """The message that `to_text` wrote down."""
    return MESSAGE.validate_json(text)


def document_to_text(document: Document) -> str:
    """The file as JSON; `document_from_text` gives it back."""
    return DOCUMENT.dump_json(document).decode()


def document_from_text(text: str) -> Document:
    """The file that `document_to_text` wrote down."""
    return DOCUMENT.validate_json(text)


def keep(session: Session, texts: Mapping[str, str], *, now: datetime) -> None:
    """Each text, by its hash, is among those that were shown."""
    rows = [{"hash": name, "message": text, "first_at": now} for name, text in texts.items()]
    if rows:
        session.execute(insert_new(session, RenderingRow, rows))


def shown(session: Session, name: str) -> Message | None:
    """The text with this hash."""
    row = session.get(RenderingRow, name)
    return from_text(row.message) if row else None
