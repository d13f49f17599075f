"""Campaigns on the staff pages: the list, one of them with its figures, and every act on it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from starlette.responses import HTMLResponse, Response

from bot.campaigns import approval, deadline, service
from bot.campaigns.deadline import Move
from bot.campaigns.lint import lint_shipped
from bot.campaigns.status import Status, status
from bot.conversation import campaign_cards, cards
from bot.domain import moments
from bot.domain.campaign import STARTED, Campaign, CampaignState
from bot.domain.choice import ChoiceValue
from bot.domain.roles import Act
from bot.domain.share import Share
from bot.exceptions import BadMoment, TenggatError
from bot.i18n import shown_number
from bot.pages import HEADERS
from bot.store import campaigns
from bot.store.database import Session
from bot.web.staff.counting import Counting
from bot.web.staff.desk import Visit
from bot.web.staff.door import Change


@dataclass(frozen=True, slots=True)
class Deed:
    """What a button on a campaign's page does: in which states it stands there, and who may press it."""

    act: Act
    states: tuple[CampaignState, ...]
    do: Callable[[Session, Visit, datetime], object]


def _request(session: Session, visit: Visit, now: datetime) -> object:
    return service.request(session, visit.slug, by=visit.member.name, now=now)


def _reject(session: Session, visit: Visit, now: datetime) -> object:
    return approval.reject(session, visit.slug, by=visit.member.name, now=now, why=visit.said("why") or None)


def _approve(session: Session, visit: Visit, now: datetime) -> object:
    typed = visit.said("audience")
    audience = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else -1
    by, rest_days = visit.member.name, visit.desk.rest_days
    return approval.approve(session, visit.slug, by=by, now=now, rest_days=rest_days, audience=audience)


def _schedule(session: Session, visit: Visit, now: datetime) -> object:
    zone = campaigns.get(session, visit.slug).document.zone
    at = moments.instant(visit.said("at"), zone, what="The start")
    return service.schedule(session, visit.slug, at=at, by=visit.member.name, now=now)


def _unschedule(session: Session, visit: Visit, now: datetime) -> object:
    return service.unschedule(session, visit.slug, by=visit.member.name, now=now)


def _start(session: Session, visit: Visit, now: datetime) -> object:
    first = Share.read(visit.said("first")) if visit.said("first") else None
    return service.start(session, visit.slug, by=visit.member.name, now=now, first=first)


def _go_on(session: Session, visit: Visit, now: datetime) -> object:
    return service.go_on(session, visit.slug, by=visit.member.name, now=now)


def _pause(session: Session, visit: Visit, now: datetime) -> object:
    return service.pause(session, visit.slug, by=visit.member.name, now=now)


def _resume(session: Session, visit: Visit, now: datetime) -> object:
    return service.resume(session, visit.slug, by=visit.member.name, now=now, rest_days=visit.desk.rest_days)


def _cancel(session: Session, visit: Visit, now: datetime) -> object:
    if visit.said("slug") != visit.slug:
        raise BadMoment("The name typed", f"`{visit.said('slug')}`", f"`{visit.slug}`, to be sure")
    return service.cancel(session, visit.slug, by=visit.member.name, now=now)


def _move(session: Session, visit: Visit, now: datetime) -> object:
    to = moments.day(visit.said("deadline"), what="The deadline")
    return approval.move_deadline(
        session,
        visit.slug,
        to=to,
        by=visit.member.name,
        now=now,
        rest_days=visit.desk.rest_days,
        may_approve=visit.may(Act.APPROVE),
    )


OPEN: Final = tuple(s for s in CampaignState if s not in (CampaignState.FINISHED, CampaignState.CANCELLED))
DEEDS: Final[Mapping[str, Deed]] = {
    "request": Deed(Act.REQUEST, (CampaignState.DRAFT,), _request),
    "reject": Deed(Act.REJECT, (CampaignState.IN_REVIEW, *STARTED), _reject),
    "approve": Deed(Act.APPROVE, (CampaignState.DRAFT, CampaignState.IN_REVIEW, *STARTED), _approve),
    "schedule": Deed(Act.SCHEDULE, (CampaignState.APPROVED, CampaignState.SCHEDULED), _schedule),
    "unschedule": Deed(Act.SCHEDULE, (CampaignState.SCHEDULED,), _unschedule),
    "start": Deed(Act.START, (CampaignState.APPROVED, CampaignState.SCHEDULED), _start),
    "continue": Deed(Act.START, (CampaignState.RUNNING, CampaignState.PAUSED), _go_on),
    "pause": Deed(Act.PAUSE, (CampaignState.RUNNING,), _pause),
    "resume": Deed(Act.RESUME, (CampaignState.PAUSED,), _resume),
    "move-deadline": Deed(
        Act.MOVE_DEADLINE, tuple(s for s in OPEN if s is not CampaignState.IN_REVIEW), _move
    ),
    "cancel": Deed(Act.CANCEL, OPEN, _cancel),
}


JUDGED: Final = frozenset({Act.APPROVE, Act.SCHEDULE, Act.START})  # nobody may do that with what is unfair


async def listed(visit: Visit) -> Response:
    """Every campaign, the newest first."""
    found = await visit.desk.database.transact(campaigns.every)
    rows = [_Row.of(visit, campaign) for campaign in reversed(found)]
    return HTMLResponse(visit.fill("campaigns.html", rows=rows), headers=HEADERS)


class CampaignPages:
    """One campaign's page. Figures are counted apart, and kept for a few seconds."""

    def __init__(self) -> None:
        self._standing: Counting[Status] = Counting(lambda session, visit: status(session, visit.slug))

    async def show(self, visit: Visit, problem: str | None = None) -> Response:
        """How it stands, and what this person may do with it."""
        campaign = await visit.desk.database.transact(campaigns.get, visit.slug)
        standing = await self._standing.of(visit)
        return self._page(visit, campaign, standing, problem=problem)

    async def figures(self, visit: Visit) -> Response:
        """The figures alone, for a page that is open."""
        standing = await self._standing.of(visit, patience=30.0)
        campaign = await visit.desk.database.transact(campaigns.get, visit.slug)
        html = visit.fill("figures.html", campaign=campaign, figures=_figures(visit, campaign, standing))
        return HTMLResponse(html, headers=HEADERS)

    async def weigh(self, visit: Visit) -> Response:
        """What moving the deadline would do; nothing is changed."""
        try:
            to = moments.day(visit.request.query_params.get("deadline", ""), what="The deadline")
            move = await visit.desk.database.transact(
                deadline.preview,
                visit.slug,
                to=to,
                now=visit.desk.clock.now(),
                rest_days=visit.desk.rest_days,
            )
        except TenggatError as error:
            return await self.show(visit, problem=str(error))
        campaign = await visit.desk.database.transact(campaigns.get, visit.slug)
        return self._page(visit, campaign, await self._standing.of(visit), move=move, to=to)

    def does(self, deed: Deed) -> Change:
        """The change that the deed makes, as the door calls it."""

        async def change(visit: Visit) -> str | Response:
            if deed.act in JUDGED:  # it takes a second, and answers must not wait for it
                campaign = await visit.desk.database.transact(campaigns.get, visit.slug)
                await asyncio.to_thread(lint_shipped, campaign)
            await visit.desk.database.transact(deed.do, visit, visit.desk.clock.now())
            self._standing.forget(visit.slug)
            return f"/staff/campaigns/{visit.slug}"

        return change

    def _page(
        self,
        visit: Visit,
        campaign: Campaign,
        standing: Status | None,
        *,
        problem: str | None = None,
        move: Move | None = None,
        to: date | None = None,
    ) -> Response:
        offered = {
            name for name, deed in DEEDS.items() if campaign.state in deed.states and visit.may(deed.act)
        }
        if campaign.first_below is None:
            offered.discard("continue")
        if campaign.state in STARTED and campaign.proposed is None:
            offered -= {"approve", "reject"}
        html = visit.fill(
            "campaign.html",
            row=_Row.of(visit, campaign),
            campaign=campaign,
            document=campaign.document,
            figures=None if standing is None else _figures(visit, campaign, standing),
            offered=offered,
            own=campaign.is_own(visit.member.name),
            problem=problem,
            move=move,
            to=to,
        )
        return HTMLResponse(html, status_code=422 if problem else 200, headers=HEADERS)


@dataclass(frozen=True, slots=True)
class _Row:
    """A campaign as lists show it."""

    slug: str
    state: str
    state_name: str
    deadline: str
    author: str
    approver: str | None
    starts: str | None

    @classmethod
    def of(cls, visit: Visit, campaign: Campaign) -> "_Row":
        words, zone = visit.words, campaign.document.zone
        starts = campaign.start_at if campaign.state is CampaignState.SCHEDULED else None
        return cls(
            campaign.slug,
            campaign.state.value,
            campaign_cards.state_name(visit.plain, campaign.state),
            words.day(campaign.document.deadline),
            campaign.author,
            campaign.approver,
            None if starts is None else words.on_clock_of(zone).moment(starts),
        )


def _figures(visit: Visit, campaign: Campaign, standing: Status | None) -> Mapping[str, object]:
    """Every figure as it is shown; both answers in neutral order and with equal weight."""
    if standing is None:
        return {}
    counted, words = standing.figures, visit.words
    template = visit.desk.talk.speaking.template(campaign, locale=words.locale, zone=campaign.document.zone)

    def shown(number: int) -> str:
        return shown_number(number, words.locale)

    rows = (
        (words.gettext("Asked for an answer"), counted.audience),
        (words.gettext("Reached"), counted.asked),
        (words.gettext("Answered"), counted.answered),
        (template.label(ChoiceValue.OPT_IN), counted.opt_in),
        (template.label(ChoiceValue.OPT_OUT), counted.opt_out),
        (words.gettext("No answer"), counted.no_answer),
        (words.gettext("Messages off"), counted.muted),
        (words.gettext("Cannot be reached"), counted.unreachable),
        (words.gettext("In doubt"), counted.in_doubt),
    )
    steps = [
        (cards.step_name(visit.plain, step), {state: shown(count) for state, count in states.items()})
        for step, states in counted.steps.items()
    ]
    return {
        "rows": [(label, shown(count)) for label, count in rows],
        "share": 100 * counted.answered / counted.asked if counted.asked else 0.0,
        "steps": steps,
        "funnel": [
            shown(n)
            for n in (
                counted.funnel.invited,
                counted.funnel.linked,
                counted.funnel.asked,
                counted.funnel.answered,
            )
        ],
        "excluded": {why: shown(count) for why, count in counted.excluded.items()},
    }
