"""Staff: who of the operator's may give commands, by channel identity; and what they did."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, delete, func, select

from bot.domain.roles import Role
from bot.store.models import AuditRow, StaffRow


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody of the operator's, with a role."""

    name: str
    role: Role
    key: str


def add(session: Session, member: Staff, *, by: str, now: datetime) -> None:
    """This identity has this role; one that it had before is replaced."""
    remove(session, member.key)
    session.add(StaffRow(name=member.name, role=member.role.value, key=member.key, added_at=now, added_by=by))


def remove(session: Session, key: str) -> bool:
    """The identity has no role; whether it had one."""
    gone = session.execute(delete(StaffRow).where(col(StaffRow.key) == key).returning(col(StaffRow.id)))
    return gone.first() is not None


def find(session: Session, key: str) -> Staff | None:
    """Who has this identity."""
    row = session.exec(select(StaffRow).where(StaffRow.key == key)).first()
    return Staff(row.name, Role(row.role), row.key) if row else None


def every(session: Session) -> list[Staff]:
    """All of them, by name."""
    rows = session.exec(select(StaffRow).order_by(col(StaffRow.name), col(StaffRow.id)))
    return [Staff(row.name, Role(row.role), row.key) for row in rows]


def audit(
    session: Session,
    *,
    actor: str,
    act: str,
    allowed: bool,
    now: datetime,
    subject: str | None = None,
    detail: str | None = None,
) -> None:
    """It is on record that `actor` did `act`, or was refused it."""
    session.add(AuditRow(at=now, actor=actor, act=act, subject=subject, allowed=allowed, detail=detail))


def was_done(session: Session, *, act: str, subject: str, since: datetime) -> bool:
    """Whether somebody has done `act` to `subject` since then."""
    done = select(AuditRow.id).where(AuditRow.subject == subject, AuditRow.act == act)
    return session.exec(done.where(AuditRow.allowed, col(AuditRow.at) > since).limit(1)).first() is not None


def times(session: Session, *, actor: str, act: str, since: datetime) -> int:
    """How often `actor` has done `act` since then, or was refused it."""
    counted: int = session.exec(
        select(func.count())
        .select_from(AuditRow)
        .where(AuditRow.actor == actor, AuditRow.act == act, col(AuditRow.at) > since)
    ).one()
    return counted
