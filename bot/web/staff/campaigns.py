"""Campaigns on the staff pages: the list, one of them with its figures, and every act on it."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from datetime import date
from typing import Final, assert_never

from starlette.responses import HTMLResponse, Response

from bot.campaigns import deadline
from bot.campaigns.deadline import Move
from bot.campaigns.status import Status, status
from bot.campaigns.steering import Answer, Changed, Misused, Moving, Refused, Wheel, steer
from bot.conversation import campaign_cards, cards, figures_words
from bot.domain import moments
from bot.domain.campaign import Campaign, CampaignState
from bot.domain.choice import ChoiceValue
from bot.domain.delivery import DeliveryState
from bot.domain.order import ACTS, CONFIRM, Line, Order
from bot.domain.recipient import Exclusion
from bot.exceptions import BadMoment, DatabaseAway, TenggatError, UnknownCampaign, UnknownWord
from bot.i18n import shown_number
from bot.pages import HEADERS
from bot.store import campaigns
from bot.web.staff.counting import Counting
from bot.web.staff.desk import Visit
from bot.web.staff.door import Change


@dataclass(frozen=True, slots=True)
class Deed:
    """What a button on a campaign's page orders: in which states it stands there, and which field of its form
    says the rest."""

    order: Order
    states: tuple[CampaignState, ...]
    field: str = ""

    def line(self, visit: Visit) -> Line:
        """The line that somebody would write in a chat."""
        more = [visit.said(self.field)] if self.field and visit.said(self.field) else []
        if self.order is Order.CANCEL:
            return Line.of([self.order, visit.said("slug")])
        if self.order is Order.MOVE_DEADLINE:
            more.append(CONFIRM)
        return Line.of([self.order, visit.slug, *more])


OPEN: Final = tuple(s for s in CampaignState if s not in (CampaignState.FINISHED, CampaignState.CANCELLED))
STARTED: Final = (CampaignState.RUNNING, CampaignState.PAUSED)
DEEDS: Final[Mapping[str, Deed]] = {
    deed.order.value: deed
    for deed in (
        Deed(Order.REQUEST, (CampaignState.DRAFT,)),
        Deed(Order.REJECT, (CampaignState.IN_REVIEW, *STARTED)),
        Deed(Order.APPROVE, (CampaignState.DRAFT, CampaignState.IN_REVIEW, *STARTED), "audience"),
        Deed(Order.SCHEDULE, (CampaignState.APPROVED, CampaignState.SCHEDULED), "at"),
        Deed(Order.UNSCHEDULE, (CampaignState.SCHEDULED,)),
        Deed(Order.START, (CampaignState.APPROVED, CampaignState.SCHEDULED), "first"),
        Deed(Order.CONTINUE, STARTED),
        Deed(Order.PAUSE, (CampaignState.RUNNING,)),
        Deed(Order.RESUME, (CampaignState.PAUSED,)),
        Deed(Order.MOVE_DEADLINE, tuple(s for s in OPEN if s is not CampaignState.IN_REVIEW), "deadline"),
        Deed(Order.CANCEL, OPEN),
    )
}
JUDGED: Final = frozenset(
    {Order.APPROVE, Order.SCHEDULE, Order.START}
)  # nobody may do that with what is unfair


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
        except DatabaseAway:
            raise
        except TenggatError as error:
            return await self.show(visit, problem=str(error))
        campaign = await visit.desk.database.transact(campaigns.get, visit.slug)
        return self._page(visit, campaign, await self._standing.of(visit), move=move, to=to)

    def does(self, deed: Deed) -> Change:
        """The change that the deed makes, as the door calls it: the same as the line would in a chat."""

        async def change(visit: Visit) -> str | Response:
            desk, line = visit.desk, deed.line(visit)
            if deed.order is Order.CANCEL and line.slug != visit.slug:
                raise BadMoment("The name typed", f"`{line.slug}`", f"`{visit.slug}`, to be sure")
            if deed.order in JUDGED:  # it takes a second, and answers must not wait for it
                campaign = await desk.database.transact(campaigns.get, visit.slug)
                await asyncio.to_thread(desk.linter, campaign)
            wheel = Wheel(desk.linter, desk.rest_days)
            answer = await desk.database.transact(steer, visit.actor, line, wheel, now=desk.clock.now())
            self._standing.forget(visit.slug)
            return _after(answer, visit)

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
            name
            for name, deed in DEEDS.items()
            if campaign.state in deed.states and visit.may(ACTS[deed.order])
        }
        if campaign.first_below is None:
            offered.discard(Order.CONTINUE)
        if campaign.state in STARTED and campaign.proposed is None:
            offered -= {Order.APPROVE, Order.REJECT}
        html = visit.fill(
            "campaign.html",
            row=_Row.of(visit, campaign),
            campaign=campaign,
            document=campaign.document,
            figures=None if standing is None else _figures(visit, campaign, standing),
            offered=offered,
            own=campaign.is_own(visit.member.name),
            proposed=campaign.proposed,
            problem=problem,
            move=move,
            to=to,
        )
        return HTMLResponse(html, status_code=422 if problem else 200, headers=HEADERS)


def _after(answer: Answer, visit: Visit) -> str:
    """Where to look next; what was refused is raised, for the page to say."""
    match answer:
        case Changed() | Moving():
            return f"/staff/campaigns/{visit.slug}"
        case Refused(error=error):
            raise error
        case Misused(usage=usage):
            raise UnknownWord("what was typed", visit.slug, (usage,))
        case _:
            raise UnknownCampaign(visit.slug, ())


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


def _states(visit: Visit, counts: Mapping[str, int]) -> Iterable[tuple[str, int]]:
    """What became of a step's messages; states that come to the same for staff are counted together."""
    together: dict[str, int] = {}
    for state, count in counts.items():
        name = _state_name(visit, DeliveryState(state))
        together[name] = together.get(name, 0) + count
    return together.items()


def _state_name(visit: Visit, state: DeliveryState) -> str:
    match state:
        case DeliveryState.SENT:
            return visit.words.gettext("sent")
        case DeliveryState.REJECTED:
            return visit.words.gettext("refused by the platform")
        case DeliveryState.IN_DOUBT | DeliveryState.HELD:
            return visit.words.gettext("in doubt")
        case DeliveryState.DUE | DeliveryState.SENDING:
            return visit.words.gettext("waiting")
        case DeliveryState.SKIPPED | DeliveryState.MERGED | DeliveryState.EXPIRED | DeliveryState.CANCELLED:
            return visit.words.gettext("not sent")
    assert_never(state)


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
        (cards.step_name(visit.plain, step), [(name, shown(count)) for name, count in _states(visit, states)])
        for step, states in counted.steps.items()
    ]
    return {
        "rows": [(label, shown(count)) for label, count in rows],
        "share": 100 * counted.answered / counted.asked if counted.asked else 0.0,
        "steps": steps,
        "funnel": [shown(count) for count in astuple(counted.funnel)] if counted.funnel.invited else [],
        "excluded": {
            figures_words.exclusion_name(visit.plain, Exclusion(why)): shown(count)
            for why, count in counted.excluded.items()
        },
    }
