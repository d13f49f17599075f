"""Alerts: one row an incident, told once, and once more when it is mended."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, and_, col, or_, select, update

from bot.domain.alert import Alert, AlertKind
from bot.store.dialect import insert_new
from bot.store.models import AlertRow


@dataclass(frozen=True, slots=True)
class Incident:
    """A stored alert; `resolved_at` is None while it lasts."""

    id: int
    alert: Alert
    raised_at: datetime
    told: bool
    resolved_at: datetime | None


def raise_alert(session: Session, alert: Alert, *, now: datetime) -> bool:
    """The incident is on record and will be told; False when it was already."""
    row = {
        "kind": alert.kind.value,
        "subject": alert.subject,
        "detail": alert.detail_text,
        "raised_at": now,
    }
    counted = insert_new(session, AlertRow, [row]).execution_options(preserve_rowcount=True)
    return session.connection().execute(counted).rowcount > 0


def resolve(session: Session, kind: AlertKind, subject: str = "", *, now: datetime) -> None:
    """The incident, if there is one, is over."""
    session.execute(
        update(AlertRow)
        .where(col(AlertRow.kind) == kind.value, col(AlertRow.subject) == subject)
        .where(col(AlertRow.resolved_at).is_(None))
        .values(resolved_at=now)
    )


def keep(session: Session, kind: AlertKind, found: Collection[Alert], *, now: datetime) -> None:
    """The incidents of this kind are those found: new ones are raised, those that are not among them over."""
    for alert in found:
        raise_alert(session, alert, now=now)
    session.execute(
        update(AlertRow)
        .where(col(AlertRow.kind) == kind.value, col(AlertRow.resolved_at).is_(None))
        .where(col(AlertRow.subject).not_in([alert.subject for alert in found]))
        .values(resolved_at=now)
    )


def lasting(session: Session, kind: AlertKind | None = None) -> Sequence[Incident]:
    """The incidents that are not over, the oldest first."""
    query = select(AlertRow).where(col(AlertRow.resolved_at).is_(None))
    if kind is not None:
        query = query.where(AlertRow.kind == kind.value)
    return [_value(row) for row in session.exec(query.order_by(col(AlertRow.id)))]


def untold(session: Session, *, lock: bool = False) -> Sequence[Incident]:
    """Incidents, and ends of incidents, of which nobody was told; one that was over before it could be told is
    told once, as over. `lock`: nobody else tells of them before this transaction ends."""
    ended = and_(col(AlertRow.resolved_at).is_not(None), col(AlertRow.mended_told_at).is_(None))
    query = select(AlertRow).where(or_(col(AlertRow.told_at).is_(None), ended)).order_by(col(AlertRow.id))
    return [_value(row) for row in session.exec(query.with_for_update() if lock else query)]


def told(session: Session, incident: Incident, *, now: datetime) -> None:
    """Staff were told how the incident stands."""
    row = session.get_one(AlertRow, incident.id)
    row.told_at = row.told_at or now
    if incident.resolved_at is not None:
        row.mended_told_at = now


def _value(row: AlertRow) -> Incident:
    alert = Alert(AlertKind(row.kind), row.subject, json.loads(row.detail))
    return Incident(row.id or 0, alert, row.raised_at, row.told_at is not None, row.resolved_at)
