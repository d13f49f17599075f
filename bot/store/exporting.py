"""The ledger as a file: entries, checkpoints and public keys, one JSON document a line; nothing personal."""

from collections.abc import Iterator

from sqlmodel import Session

from bot.domain.canonical import canonical
from bot.store import checkpoints, ledger


def lines(session: Session) -> Iterator[tuple[str, str]]:
    """(kind, line) of everything that somebody else needs to check the ledger."""
    for entry in ledger.entries(session):
        yield "entry", canonical({"entry": entry.entry.decode(), "hash": entry.hash}).decode()
    for kept in checkpoints.every(session):
        yield "checkpoint", canonical({"checkpoint": kept.note}).decode()
    for key in checkpoints.keys(session):
        yield "key", canonical({"key": key}).decode()
