"""Recipients: existing users of the product, where they can be reached, and who is asked."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from bot.exceptions import UnknownWord


class ChannelName(StrEnum):
    """A platform that we speak on."""

    TELEGRAM = "telegram"
    SLACK = "slack"


class Plan(StrEnum):
    """The plans that a recipient may have with the product."""

    FREE = "free"
    PRO = "pro"
    MAX = "max"
    WORK = "work"
    TEAM = "team"
    ENTERPRISE = "enterprise"
    GOV = "gov"
    EDUCATION = "education"
    API = "api"


class Reach(StrEnum):
    """Whether an address can be written to, as far as the platform told us."""

    REACHABLE = "reachable"
    BLOCKED = "blocked"
    GONE = "gone"
    UNLINKED = "unlinked"


@dataclass(frozen=True, slots=True)
class Address:
    """One place where a recipient can be reached.

    `external` is the Telegram chat id or the Slack user id, opaque to us; `workspace` is the Slack team;
    `conversation` is the Slack direct message's id once it is known. `identity` is the Telegram bot that writes
    here, None for the first one.
    """

    channel: ChannelName
    external: str
    workspace: str | None = None
    conversation: str | None = None
    reach: Reach = Reach.REACHABLE
    id: int = 0
    identity: str | None = None

    @classmethod
    def read(cls, text: str) -> "Address":
        """The place that its key names, as people write it: `telegram:CHAT` or `slack:TEAM:USER`."""
        match text.split(":"):
            case [ChannelName.TELEGRAM, chat] if chat:
                return cls(ChannelName.TELEGRAM, chat)
            case [ChannelName.SLACK, team, user] if team and user:
                return cls(ChannelName.SLACK, user, workspace=team)
        raise UnknownWord("A place", text, ("telegram:CHAT", "slack:TEAM:USER"))

    @property
    def key(self) -> str:
        """One string that names this place; tokens are bound to it."""
        if self.channel is ChannelName.SLACK:
            return f"slack:{self.workspace}:{self.external}"
        return f"telegram:{self.external}"


@dataclass(frozen=True, slots=True)
class Recipient:
    """An existing user of the product, by the product's own reference."""

    ref: str
    plan: Plan
    locale: str | None = None
    zone: str | None = None
    registered_on: date | None = None
    muted_at: datetime | None = None
    addresses: tuple[Address, ...] = ()
    id: int = 0


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is asked: the plans covered, and the first day of registration that is too late."""

    plans: frozenset[Plan] = field(default_factory=lambda: frozenset({Plan.FREE, Plan.PRO, Plan.MAX}))
    registered_before: date | None = None


class Exclusion(StrEnum):
    """Why a recipient is not asked."""

    PLAN = "plan"
    REGISTERED_LATE = "registered_late"
    UNLINKED = "unlinked"
    UNREACHABLE = "unreachable"
    MUTED = "muted"


def covers(audience: Audience, plan: str, registered_on: date | None) -> bool:
    """Whether somebody with this plan and day of registration is asked at all."""
    if plan not in audience.plans:
        return False
    before = audience.registered_before
    return before is None or registered_on is None or registered_on < before


def exclusion(recipient: Recipient, audience: Audience) -> Exclusion | None:
    """Why `audience` leaves this recipient out, or None when they are in it."""
    if recipient.plan not in audience.plans:
        return Exclusion.PLAN
    if not covers(audience, recipient.plan, recipient.registered_on):
        return Exclusion.REGISTERED_LATE
    if not recipient.addresses or all(a.reach is Reach.UNLINKED for a in recipient.addresses):
        return Exclusion.UNLINKED
    if all(a.reach is not Reach.REACHABLE for a in recipient.addresses):
        return Exclusion.UNREACHABLE
    if recipient.muted_at is not None:
        return Exclusion.MUTED
    return None
