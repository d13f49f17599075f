"""Who was forgotten and is not to be brought back, by keyed marks."""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session, col, select

from bot.store.dialect import insert_new
from bot.store.models import SuppressionRow

PAGE = 500  # marks of one question to the database


def add(session: Session, marks: Iterable[str], *, now: datetime) -> None:
    """Whoever has one of these marks is not brought back."""
    session.execute(
        insert_new(session, SuppressionRow, [{"mark": mark, "at": now} for mark in sorted(marks)])
    )


def is_empty(session: Session) -> bool:
    """Whether nobody was ever forgotten."""
    return session.exec(select(SuppressionRow.mark).limit(1)).first() is None


def known(session: Session, marks: Iterable[str]) -> frozenset[str]:
    """Those of the marks that somebody forgotten has."""
    wanted, found = sorted(marks), set[str]()
    for first in range(0, len(wanted), PAGE):
        page = wanted[first : first + PAGE]
        found.update(session.exec(select(SuppressionRow.mark).where(col(SuppressionRow.mark).in_(page))))
    return frozenset(found)
