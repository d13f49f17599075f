"""Campaigns: a notice, a question, a deadline, an audience, a cadence, a template; and their states."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, is_dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from bot.domain.delivery import OnDoubt
from bot.domain.guard import Guards
from bot.domain.recipient import Audience
from bot.exceptions import InvalidTransition, NothingProposed, SameApprover

if TYPE_CHECKING:
    from bot.domain.template import CampaignWords


class CampaignState(StrEnum):
    """Where a campaign stands."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"


UNSAID_BY_DEFAULT: Mapping[str, bool] = MappingProxyType({"unsaid by default": True})
LOCKED = (CampaignState.IN_REVIEW, CampaignState.FINISHED, CampaignState.CANCELLED)  # nothing changes in it
STARTED = (CampaignState.RUNNING, CampaignState.PAUSED)


@dataclass(frozen=True, slots=True)
class Halving:
    """Reminder k when left / 2^k remains; the last one falls on the last day."""

    max_reminders: int = 4


@dataclass(frozen=True, slots=True)
class Offsets:
    """Reminders at these times before the deadline, the longest first."""

    offsets: tuple[timedelta, ...]


@dataclass(frozen=True, slots=True)
class Cadence:
    """When reminders are due."""

    rule: Halving | Offsets = field(default_factory=Halving)
    min_gap: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Hours:
    """The local window in which messages may be begun; `start` < `end`."""

    start: time = time(9, 0)
    end: time = time(20, 30)


@dataclass(frozen=True, slots=True)
class CampaignDocument:
    """What is approved: everything that a campaign file says, and by their hash the campaign's own words.

    `deadline` is a date on each recipient's clock. `legal_basis` is what receipts name as such; without it they
    claim none. With `allow_paid_broadcast` Telegram may charge for its messages, and they go out faster. Without
    words of its own (`words` is None) the campaign speaks those of the shipped template.
    """

    slug: str
    template: str
    announce: date
    deadline: date
    zone: str
    authoritative_locale: str
    link: str
    single_operator: bool = False
    audience: Audience = field(default_factory=Audience)
    cadence: Cadence = field(default_factory=Cadence)
    hours: Hours = field(default_factory=Hours)
    guards: Guards = field(default_factory=Guards)
    on_doubt: tuple[tuple[str, OnDoubt], ...] = ()  # step kind -> what to do, where it is not the default
    words: str | None = None
    legal_basis: str | None = None
    allow_paid_broadcast: bool = field(default=False, metadata=UNSAID_BY_DEFAULT)

    @property
    def content_hash(self) -> str:
        """SHA-256 over the canonical JSON of the document, in hex."""
        return hashlib.sha256(canonical(self)).hexdigest()


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a campaign that has started is to say from now on, once somebody else than `by` has approved it."""

    document: CampaignDocument
    by: str


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign with its present revision and state; `words` are those that its document names.

    `proposed` is a change that waits for its approval; until then nothing of it is so.
    """

    document: CampaignDocument
    state: CampaignState = CampaignState.DRAFT
    revision: int = 1
    author: str = "admin"
    approver: str | None = None
    approved_hash: str | None = None
    start_at: datetime | None = None  # when a scheduled start is due
    started_at: datetime | None = None
    first_below: str | None = None  # only people whose mark is lower are asked for now: the first part
    proposed: Proposal | None = None
    id: int = 0
    words: "CampaignWords | None" = field(default=None, compare=False, repr=False)

    @property
    def slug(self) -> str:
        return self.document.slug

    @property
    def writer(self) -> str:
        """Who wrote what is to be approved: of a change that waits whoever proposed it."""
        return self.proposed.by if self.proposed else self.author

    def is_own(self, name: str) -> bool:
        """Whether somebody would approve what they wrote, which only a single operator may."""
        return name == self.writer and not self.document.single_operator


def request(campaign: Campaign) -> Campaign:
    """In review: nothing of it can be changed until it is approved or rejected."""
    _allow("request approval of", campaign, CampaignState.DRAFT)
    return replace(campaign, state=CampaignState.IN_REVIEW)


def reject(campaign: Campaign) -> Campaign:
    """A draft again, to be changed."""
    _allow("reject", campaign, CampaignState.IN_REVIEW)
    return replace(campaign, state=CampaignState.DRAFT)


def approve(campaign: Campaign, *, by: str) -> Campaign:
    """Approved as it is now; a draft is put in review on the way. The author may not approve, unless
    the document says `single_operator`."""
    _allow("approve", campaign, CampaignState.DRAFT, CampaignState.IN_REVIEW)
    if campaign.is_own(by):
        raise SameApprover(by)
    return replace(
        campaign,
        state=CampaignState.APPROVED,
        approver=by,
        approved_hash=campaign.document.content_hash,
    )


def schedule(campaign: Campaign, *, at: datetime) -> Campaign:
    """Due to start by itself at `at`."""
    _allow("schedule", campaign, CampaignState.APPROVED, CampaignState.SCHEDULED)
    return replace(campaign, state=CampaignState.SCHEDULED, start_at=at)


def unschedule(campaign: Campaign) -> Campaign:
    """Approved again, without an instant to start at."""
    _allow("unschedule", campaign, CampaignState.SCHEDULED)
    return replace(campaign, state=CampaignState.APPROVED, start_at=None)


def start(campaign: Campaign, *, now: datetime, first_below: str | None = None) -> Campaign:
    """Running from `now`; whoever is in the audience will be asked, or a first part of them."""
    _allow("start", campaign, CampaignState.APPROVED, CampaignState.SCHEDULED)
    return replace(campaign, state=CampaignState.RUNNING, started_at=now, first_below=first_below)


def go_on(campaign: Campaign) -> Campaign:
    """Everybody in the audience will be asked, not a first part alone."""
    _allow("continue", campaign, CampaignState.RUNNING, CampaignState.PAUSED)
    return replace(campaign, first_below=None)


def pause(campaign: Campaign) -> Campaign:
    """Nothing more is begun; what is on its way still arrives."""
    _allow("pause", campaign, CampaignState.RUNNING)
    return replace(campaign, state=CampaignState.PAUSED)


def resume(campaign: Campaign) -> Campaign:
    """Running again; of the steps missed meanwhile only the latest goes out."""
    _allow("resume", campaign, CampaignState.PAUSED)
    return replace(campaign, state=CampaignState.RUNNING)


def cancel(campaign: Campaign) -> Campaign:
    """Over for good before its time; choices already made stand."""
    _allow(
        "cancel",
        campaign,
        *(s for s in CampaignState if s not in (CampaignState.FINISHED, CampaignState.CANCELLED)),
    )
    return replace(campaign, state=CampaignState.CANCELLED)


def finish(campaign: Campaign) -> Campaign:
    """Over: the deadline has passed everywhere and the closing notes are out. Late answers still count."""
    _allow("finish", campaign, CampaignState.RUNNING, CampaignState.PAUSED)
    return replace(campaign, state=CampaignState.FINISHED)


def move_deadline(campaign: Campaign, to: date) -> Campaign:
    """The same campaign, one revision on, with another deadline; the state stays."""
    _allow(
        "move the deadline of",
        campaign,
        *(s for s in CampaignState if s not in LOCKED),
    )
    document = replace(campaign.document, deadline=to)
    return replace(campaign, document=document, revision=campaign.revision + 1, proposed=None)


def propose(campaign: Campaign, document: CampaignDocument, *, by: str) -> Campaign:
    """The same campaign, with a change of what it says that waits for somebody else's approval. It takes the
    place of a change that waited already."""
    _allow("propose a change to", campaign, *STARTED)
    return replace(campaign, proposed=Proposal(document, by))


def adopt(campaign: Campaign, *, by: str) -> Campaign:
    """The change that waited is approved: one revision on, the campaign says so; the state stays."""
    _allow("approve a change of", campaign, *STARTED)
    if campaign.proposed is None:
        raise NothingProposed(campaign.slug)
    if campaign.is_own(by):
        raise SameApprover(by)
    document = campaign.proposed.document
    return replace(
        campaign,
        document=document,
        revision=campaign.revision + 1,
        approver=by,
        approved_hash=document.content_hash,
        proposed=None,
    )


def dismiss(campaign: Campaign) -> Campaign:
    """The change that waited is given back: nothing of it is so."""
    if campaign.proposed is None:
        raise NothingProposed(campaign.slug)
    return replace(campaign, proposed=None)


def canonical(value: object) -> bytes:
    """Canonical JSON of a dataclass: sorted keys, no white space, dates in ISO form, UTF-8. What came to be
    said later stands in it only where it is not the default, so that older hashes hold."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _plain(value: object) -> object:
    match value:
        case timedelta():
            return value.total_seconds()
        case date() | time():
            return value.isoformat()
        case frozenset():
            return sorted(str(item) for item in value)
        case tuple():
            return [_plain(item) for item in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            named = {f.name: _plain(getattr(value, f.name)) for f in fields(value) if _is_said(value, f)}
            return {"type": type(value).__name__, **named}
        case _:
            return value


def _is_said(value: object, said: "Field[object]") -> bool:
    return said.metadata != UNSAID_BY_DEFAULT or getattr(value, said.name) != said.default


def _allow(act: str, campaign: Campaign, *states: CampaignState) -> None:
    if campaign.state not in states:
        raise InvalidTransition(act, campaign.state, states)
