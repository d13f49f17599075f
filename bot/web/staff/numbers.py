"""Forecast and report on the staff pages: figures with their picture."""

import asyncio
from collections.abc import Sequence
from typing import Final

from starlette.responses import HTMLResponse, Response

from bot.campaigns import chart, forecast_chart
from bot.campaigns.forecast import Forecast, forecast
from bot.campaigns.report import BY_ITSELF, Part, Report, report
from bot.campaigns.wording import Template
from bot.conversation import cards, figures_words
from bot.domain.campaign import Campaign
from bot.domain.recipient import Exclusion
from bot.i18n import shown_decimal, shown_number
from bot.pages import HEADERS
from bot.store import campaigns
from bot.store.database import Session
from bot.store.twins import twinned
from bot.web.staff.counting import Counting
from bot.web.staff.desk import Visit

PICTURE: Final = "image/svg+xml"
PICTURE_HEADERS: Final = {
    **HEADERS,
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
}
AT_ONCE: Final = 30.0  # seconds that a picture waits for its figures


class NumberPages:
    """The figures of one campaign, before and after."""

    def __init__(self) -> None:
        self._forecasts: Counting[Forecast] = Counting(_forecast)
        self._reports: Counting[Report] = Counting(twinned(_report))

    async def show_forecast(self, visit: Visit) -> Response:
        """What the campaign will send, when, and whom it will not reach, if nobody answers."""
        found = await self._forecasts.of(visit)
        values = {} if found is None else _forecast_values(visit, found)
        html = visit.fill("forecast.html", slug=visit.slug, found=found, **values)
        return HTMLResponse(html, headers=HEADERS)

    async def show_late(self, visit: Visit) -> Response:
        """Whom the campaign will not reach in time, for whoever is about to approve it."""
        found = await self._forecasts.of(visit)
        values = {} if found is None else _forecast_values(visit, found)
        html = visit.fill("late.html", slug=visit.slug, found=found, **values)
        return HTMLResponse(html, headers=HEADERS)

    async def forecast_picture(self, visit: Visit) -> Response:
        """How many messages go out on each day, by step, as SVG."""
        found = await self._forecasts.of(visit, patience=AT_ONCE)
        campaign = await visit.desk.database.transact(campaigns.get, visit.slug)
        days = forecast_chart.by_day(found, zone=campaign.document.zone) if found else {}
        if not days:
            return Response(status_code=404)
        said = figures_words.forecast_captions(_template(visit, campaign), days)
        return _picture(await asyncio.to_thread(forecast_chart.svg, days, said, dark=_is_dark(visit)))

    async def show_report(self, visit: Visit) -> Response:
        """What came of the campaign, both answers in neutral order and with equal weight."""
        found = await self._reports.of(visit)
        values = {} if found is None else _report_values(visit, found)
        html = visit.fill("report.html", slug=visit.slug, found=found, **values)
        return HTMLResponse(html, headers=HEADERS)

    async def report_picture(self, visit: Visit) -> Response:
        """The answers by day, as SVG."""
        found = await self._reports.of(visit, patience=AT_ONCE)
        if found is None:
            return Response(status_code=404)
        said = chart.labels(_template(visit, found.campaign))
        days = chart.every_day(found.days)
        return _picture(await asyncio.to_thread(chart.svg, days, said, dark=_is_dark(visit)))


def _forecast(session: Session, visit: Visit) -> Forecast:
    desk = visit.desk
    return forecast(session, visit.slug, rates=desk.rates, rest_days=desk.rest_days, now=desk.clock.now())


def _report(session: Session, twin: Session, visit: Visit) -> Report:
    return report(session, twin, visit.slug)


def _forecast_values(visit: Visit, found: Forecast) -> dict[str, object]:
    words = visit.words

    def number(count: int) -> str:
        return shown_number(count, words.locale)

    def step(name: str) -> str:
        return cards.step_name(visit.plain, name)

    lanes = [
        (
            lane.lane,
            lane.rate,
            [
                (step(s.step), number(s.count), words.moment(s.first_at), words.moment(s.last_at))
                for s in lane.steps
            ],
        )
        for lane in found.lanes
    ]
    return {
        "audience": number(found.audience),
        "excluded": {
            figures_words.exclusion_name(visit.plain, Exclusion(why)): number(count)
            for why, count in found.excluded.items()
        },
        "lanes": lanes,
        "misses": [(step(miss.step), number(miss.count), miss.why) for miss in found.misses],
        "stars": None if found.stars is None else shown_decimal(found.stars, words.locale),
        "finishes_at": words.moment(found.finishes_at) if found.finishes_at else None,
    }


def _report_values(visit: Visit, found: Report) -> dict[str, object]:
    words, median = visit.words, found.seconds_to_answer
    steps = [
        (words.gettext("By themselves") if p.name == BY_ITSELF else cards.step_name(visit.plain, p.name), p)
        for p in found.steps
    ]
    tables = (
        (words.gettext("By step"), steps),
        (words.gettext("By day"), _named(found.days)),
        (words.gettext("By language"), _named(found.locales)),
        (words.gettext("By channel"), _named(found.channels)),
    )
    return {
        "said": chart.labels(_template(visit, found.campaign)),
        "tables": [(name, rows) for name, rows in tables if rows],
        "number": lambda count: "–" if count is None else shown_number(count, words.locale),
        "hours": None if median is None else f"{median / 3600:.1f}",
    }


def _named(parts: Sequence[Part]) -> list[tuple[str, Part]]:
    return [(part.name, part) for part in parts]


def _template(visit: Visit, campaign: Campaign) -> Template:
    return visit.desk.talk.speaking.template(campaign, locale=visit.words.locale, zone=campaign.document.zone)


def _is_dark(visit: Visit) -> bool:
    return visit.request.query_params.get("dark") == "1"


def _picture(drawn: str) -> Response:
    return Response(drawn, media_type=PICTURE, headers=PICTURE_HEADERS)
