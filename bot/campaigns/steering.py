"""Steering a campaign by a line of words, whoever says them and wherever: the one door for every face."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from bot.campaigns import approval, deadline, rights, service, templates, trial
from bot.campaigns.deadline import Move
from bot.campaigns.lint import Linter
from bot.campaigns.rest import RestDays
from bot.campaigns.rights import Actor
from bot.campaigns.trial import Trial
from bot.domain import moments
from bot.domain.campaign import LOCKED, Campaign, CampaignDocument
from bot.domain.order import COMMAND, CONFIRM, USAGE, USAGES, Line, Order
from bot.domain.recipient import Address
from bot.domain.roles import Act, may
from bot.domain.share import Share
from bot.domain.template import CampaignWords, LocaleWords
from bot.exceptions import BadMoment, CampaignLocked, SameApprover, TenggatError, UnknownWord
from bot.i18n import LOCALES
from bot.store import campaigns
from bot.store.database import Session


@dataclass(frozen=True, slots=True)
class Denied:
    """They may not; what they asked for was not even looked at."""


@dataclass(frozen=True, slots=True)
class Misused:
    """It is not written so, but as `usage` says."""

    usage: str


@dataclass(frozen=True, slots=True)
class Missing:
    """There is no campaign of that name."""


@dataclass(frozen=True, slots=True)
class Refused:
    """It may be done, but not to this campaign as it stands."""

    campaign: Campaign
    error: TenggatError


@dataclass(frozen=True, slots=True)
class Listed:
    """All campaigns, the newest first."""

    campaigns: tuple[Campaign, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """Something about a campaign is to be shown, or a form to be filled in; nothing has changed."""

    order: Order
    campaign: Campaign | None


@dataclass(frozen=True, slots=True)
class Changed:
    """The campaign as it stands now."""

    campaign: Campaign


@dataclass(frozen=True, slots=True)
class Moving:
    """What a moved deadline does; `line` confirms it, None when it is done or waits for approval already."""

    move: Move
    line: str | None


@dataclass(frozen=True, slots=True)
class Tried:
    """A test is on its way."""

    trial: Trial


Answer = Denied | Misused | Missing | Refused | Listed | Asked | Changed | Moving | Tried


@dataclass(frozen=True, slots=True)
class Written:
    """What was filled in besides the line: a document of a new campaign, and words in one language, which are
    to stand beside `beside`; without a document the words of a campaign that there is. None: as they are."""

    words: LocaleWords | None
    document: CampaignDocument | None = None
    beside: CampaignWords | None = None


@dataclass(frozen=True, slots=True)
class Wheel:
    """What steering needs besides the words."""

    linter: Linter
    rest_days: RestDays


def steer(
    session: Session, actor: Actor, line: Line, wheel: Wheel, *, now: datetime, here: Address | None = None
) -> Answer:
    """What is said is done, if the actor may do it. A denial is on record and the same for a campaign that
    there is and one that there is not. `here` is where a test goes that names nobody."""
    campaign = _meant(session, line)
    if not rights.admit(session, actor, line.act, asked=line.said, now=now, subject=line.slug):
        if campaign is not None and line.act is not None and may(actor.role, line.act):
            return Refused(campaign, SameApprover(actor.name))
        return Denied() if actor.role is None or line.act is not None else Misused(USAGE)
    if line.order is None or line.usage is not None:
        return Misused(line.usage or USAGE)
    if line.order is Order.LIST:
        return Listed(tuple(reversed(campaigns.every(session))))
    if line.order is Order.PAGE or (line.order is Order.NEW and line.asks_for_form):
        return Asked(line.order, None)
    if campaign is None:
        return Missing()
    if line.order is Order.WORDS:
        return _to_be_written(campaign, line)
    try:
        with session.begin_nested():  # what is refused has changed nothing
            return _done(_Deed(session, actor, campaign, line.words[1:], wheel, now, here), line.order)
    except (BadMoment, UnknownWord):
        return Misused(USAGES.get(line.order, USAGE))
    except TenggatError as error:
        return Refused(campaigns.get(session, campaign.slug), error)


def _to_be_written(campaign: Campaign, line: Line) -> Asked | Misused | Refused:
    """The words of the campaign, unless they are locked or there is no such language."""
    if line.order is None or not set(line.words[1:]) <= set(LOCALES):
        return Misused(USAGES[Order.WORDS])
    if campaign.state in LOCKED:
        return Refused(campaign, CampaignLocked(campaign.slug, campaign.state))
    return Asked(line.order, campaign)


def form_for(session: Session, actor: Actor, line: Line) -> Asked | None:
    """What this line asks to have filled in; None when it asks for no form, or is not the actor's to ask.
    Nothing is on record: whoever opens forms looks first, and `steer` answers the line as any other."""
    if not line.asks_for_form or line.usage is not None or line.act is None or not may(actor.role, line.act):
        return None
    if line.order is Order.NEW:
        return Asked(Order.NEW, None)
    campaign = _meant(session, line)
    answer = None if campaign is None else _to_be_written(campaign, line)
    return answer if isinstance(answer, Asked) else None


def write(
    session: Session, actor: Actor, line: Line, written: Written, wheel: Wheel, *, now: datetime
) -> Denied | Missing | Changed:
    """What a form says is so, if the actor may write it: a new draft, or other words of a campaign. Denials
    are as those of `steer`. Raise whatever says that it cannot be so: nothing has changed then."""
    if not rights.admit(session, actor, line.act, asked=line.said, now=now, subject=line.slug):
        return Denied()
    if written.document is not None:
        return Changed(_added(session, written.document, written, wheel, by=actor.name, now=now))
    campaign = _meant(session, line)
    if campaign is None:
        return Missing()
    if written.words is None:
        return Changed(campaign)
    brought = templates.bring(
        session, campaign.slug, [written.words], by=actor.name, now=now, catalogs=wheel.linter.catalogs
    )
    return Changed(brought.campaign)


def _added(
    session: Session, document: CampaignDocument, written: Written, wheel: Wheel, *, by: str, now: datetime
) -> Campaign:
    if written.words is None:
        return service.add(session, document, author=by, now=now)
    copy = Campaign(document, author=by, words=written.beside)
    draft, _ = templates.rewritten(copy, [written.words], by=by, catalogs=wheel.linter.catalogs)
    kept = templates.keep_words(session, draft, by=by, now=now)
    return service.add(session, kept.document, author=by, now=now)


@dataclass(frozen=True, slots=True)
class _Deed:
    """One order about one campaign, by somebody who may give it; `more` is what was said besides its name."""

    session: Session
    actor: Actor
    campaign: Campaign
    more: Sequence[str]
    wheel: Wheel
    now: datetime
    here: Address | None

    @property
    def slug(self) -> str:
        return self.campaign.slug

    @property
    def by(self) -> str:
        return self.actor.name

    @property
    def lint(self) -> Linter:
        return self.wheel.linter


def _done(deed: _Deed, order: Order) -> Answer:
    if order in CHANGES:
        return Changed(CHANGES[order](deed))
    if order is Order.MOVE_DEADLINE:
        return _moved(deed)
    if order is Order.TEST_SEND:
        testers = [Address.read(text) for text in deed.more] or ([deed.here] if deed.here else [])
        return Tried(trial.send(deed.session, deed.slug, testers, linter=deed.lint, by=deed.by, now=deed.now))
    return Asked(order, deed.campaign)


def _copied(deed: _Deed) -> Campaign:
    to, name = moments.day(deed.more[0], what="The deadline"), next(iter(deed.more[1:]), None)
    return service.new_from(deed.session, deed.slug, deadline=to, author=deed.by, now=deed.now, name=name)


def _requested(deed: _Deed) -> Campaign:
    return service.request(deed.session, deed.slug, by=deed.by, now=deed.now)


def _approved(deed: _Deed) -> Campaign:
    return approval.approve(
        deed.session,
        deed.slug,
        by=deed.by,
        now=deed.now,
        rest_days=deed.wheel.rest_days,
        audience=int(deed.more[0]),
        lint=deed.lint,
    )


def _rejected(deed: _Deed) -> Campaign:
    return approval.reject(deed.session, deed.slug, by=deed.by, now=deed.now)


def _scheduled(deed: _Deed) -> Campaign:
    at = moments.instant(deed.more[0], deed.campaign.document.zone, what="The start")
    return service.schedule(
        deed.session, deed.slug, at=at.astimezone(UTC), by=deed.by, now=deed.now, lint=deed.lint
    )


def _unscheduled(deed: _Deed) -> Campaign:
    return service.unschedule(deed.session, deed.slug, by=deed.by, now=deed.now)


def _started(deed: _Deed) -> Campaign:
    first = Share.read(deed.more[0]) if deed.more else None
    return service.start(deed.session, deed.slug, by=deed.by, now=deed.now, first=first, lint=deed.lint)


def _continued(deed: _Deed) -> Campaign:
    return service.go_on(deed.session, deed.slug, by=deed.by, now=deed.now)


def _paused(deed: _Deed) -> Campaign:
    return service.pause(deed.session, deed.slug, by=deed.by, now=deed.now)


def _resumed(deed: _Deed) -> Campaign:
    rest_days = deed.wheel.rest_days
    return service.resume(deed.session, deed.slug, by=deed.by, now=deed.now, rest_days=rest_days)


def _cancelled(deed: _Deed) -> Campaign:
    return service.cancel(deed.session, deed.slug, by=deed.by, now=deed.now)


CHANGES: Final[Mapping[Order, Callable[[_Deed], Campaign]]] = {
    Order.NEW: _copied,
    Order.REQUEST: _requested,
    Order.APPROVE: _approved,
    Order.REJECT: _rejected,
    Order.SCHEDULE: _scheduled,
    Order.UNSCHEDULE: _unscheduled,
    Order.START: _started,
    Order.CONTINUE: _continued,
    Order.PAUSE: _paused,
    Order.RESUME: _resumed,
    Order.CANCEL: _cancelled,
}


def _moved(deed: _Deed) -> Moving:
    """What the move would do; once it is confirmed it waits for approval, or is done."""
    to, slug, rest_days = moments.day(deed.more[0], what="The deadline"), deed.slug, deed.wheel.rest_days
    if CONFIRM not in deed.more[1:]:
        told = deadline.preview(deed.session, slug, to=to, now=deed.now, rest_days=rest_days)
        return Moving(told, f"{COMMAND} {Order.MOVE_DEADLINE} {slug} {to} {CONFIRM}")
    may_approve = may(deed.actor.role, Act.APPROVE)
    moved = approval.move_deadline(
        deed.session, slug, to=to, by=deed.by, now=deed.now, rest_days=rest_days, may_approve=may_approve
    )
    return Moving(moved, None)


def _meant(session: Session, line: Line) -> Campaign | None:
    """The campaign that was named, else the newest one."""
    if line.slug is None:
        return next(reversed(campaigns.every(session)), None)
    return campaigns.find(session, line.slug)
