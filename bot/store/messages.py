"""Messages as text: what a reply says, and each distinct text that was ever shown."""

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from bot.domain.ledger import EntryType
from bot.domain.message import Document, Message
from bot.store import ledger
from bot.store.dialect import insert_new
from bot.store.models import RenderingRow

MESSAGE = TypeAdapter(Message)
_KNOWN = select(RenderingRow.hash).where(col(RenderingRow.hash).in_(bindparam("names", expanding=True)))


def to_text(message: Message) -> str:
    """The message as JSON; `from_text` gives it back."""
    return MESSAGE.dump_json(message).decode()


def from_text(text: str) -> Message:
    """The message that `to_text` wrote down."""
    return MESSAGE.validate_json(text)


def digest(text: str) -> str:
    """SHA-256 of a message's JSON, in hex: its name among the renderings."""
    return hashlib.sha256(text.encode()).hexdigest()


def document_to_text(document: Document) -> str:
    """The file as JSON; `document_from_text` gives it back."""
    return json.dumps(
        {"name": document.name, "kind": document.kind, "content": b64encode(document.content).decode()}
    )


def document_from_text(text: str) -> Document:
    """The file that `document_to_text` wrote down."""
    kept = json.loads(text)
    return Document(kept["name"], kept["kind"], b64decode(kept["content"]))


def keep(session: Session, texts: Mapping[str, str], *, now: datetime) -> None:
    """Each text, by its hash, is among those that were shown; of a new one the ledger says so."""
    if not texts:
        return
    known = set(session.connection().execute(_KNOWN, {"names": list(texts)}).scalars())
    new = sorted(
        name for name in texts if name not in known
    )  # in one order, or two would wait for each other
    if new:
        rows = [{"hash": name, "message": texts[name], "first_at": now} for name in new]
        session.execute(insert_new(session, RenderingRow, rows))
    for name in new:
        ledger.state(session, EntryType.TEXT, {"text": name}, now=now)


def shown(session: Session, name: str) -> Message | None:
    """The text with this hash."""
    row = session.get(RenderingRow, name)
    return from_text(row.message) if row else None


def shown_text(session: Session, name: str | None) -> str | None:
    """The words of the text with this hash, the two answers on its buttons among them."""
    message = shown(session, name) if name is not None else None
    if message is None:
        return None
    texts = [message.headline, *(paragraph.text for paragraph in message.paragraphs)]
    if message.deadline is not None:
        texts.append(message.deadline.text)
    texts += [f"[{choice.label}]" for choice in message.choices]
    return "\n".join([*texts, *([message.footnote] if message.footnote else [])])
