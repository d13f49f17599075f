"""Rights: the one place that says who may do what, on every face; denials are on record."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.domain.roles import Act, Role, may
from bot.store import campaigns, staff
from bot.store.database import Session

LONGEST: Final = 200  # characters of what was asked for; an index of PostgreSQL's takes 2,704 bytes
LOOKS = frozenset({Act.LOOKUP, Act.STATUS, Act.FORECAST, Act.PREVIEW, Act.REPORT})


@dataclass(frozen=True, slots=True)
class Actor:
    """Who wants something done, as records call them, and what they are; nobody of the staff has no role."""

    name: str
    role: Role | None


def known_as(session: Session, key: str) -> Actor:
    """Whoever has this channel identity; who has no role is called by the identity itself."""
    member = staff.find(session, key)
    return Actor(key, None) if member is None else Actor(member.name, member.role)


def at_console(name: str) -> Actor:
    """Whoever runs the command line on the database, under the name that they give: they could do anything
    with it anyway."""
    return Actor(name, Role.ADMIN)


def admit(
    session: Session,
    actor: Actor,
    act: Act | None,
    *,
    asked: str,
    now: datetime,
    subject: str | None = None,
) -> bool:
    """Whether the actor may do that; an act that is none (`asked` is how it was called) nobody may. Nobody
    approves the campaign, or the change of one, that they wrote.

    Each denial is on record, and each look at something, by the beginning of what was asked for. What changes
    something puts itself on record.
    """
    own = act is Act.APPROVE and _is_own(session, actor, subject)
    allowed = act is not None and may(actor.role, act, own=own)
    if not allowed or act in LOOKS:
        staff.audit(
            session,
            actor=actor.name,
            act=act.value if act else asked[:LONGEST],
            allowed=allowed,
            now=now,
            subject=subject and subject[:LONGEST],
        )
    return allowed


def _is_own(session: Session, actor: Actor, slug: str | None) -> bool:
    campaign = campaigns.find(session, slug) if slug else None
    return campaign is not None and campaign.is_own(actor.name)
