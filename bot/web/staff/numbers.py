"""Forecast and report on the staff pages: figures with their picture."""

import asyncio

from starlette.responses import HTMLResponse, Response

from bot.campaigns import chart
from bot.campaigns.forecast import forecast
from bot.campaigns.report import report
from bot.conversation import cards
from bot.i18n import shown_number
from bot.pages import HEADERS
from bot.web.staff.desk import Visit

PICTURE_HEADERS = {**HEADERS, "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}


async def show_forecast(visit: Visit) -> Response:
    """What the campaign will send, when, and whom it will not reach, if nobody answers."""
    desk = visit.desk
    found = await asyncio.to_thread(
        desk.database.read,
        forecast,
        visit.slug,
        rates=desk.rates,
        rest_days=desk.rest_days,
        now=desk.clock.now(),
    )
    words = visit.words
    lanes = [
        (
            lane.lane,
            lane.rate,
            [
                (
                    cards.step_name(visit.plain, step.step),
                    shown_number(step.count, words.locale),
                    words.moment(step.first_at),
                    words.moment(step.last_at),
                )
                for step in lane.steps
            ],
        )
        for lane in found.lanes
    ]
    misses = [
        (cards.step_name(visit.plain, m.step), shown_number(m.count, words.locale), m.why)
        for m in found.misses
    ]
    html = visit.fill(
        "forecast.html",
        slug=visit.slug,
        audience=shown_number(found.audience, words.locale),
        excluded={why: shown_number(count, words.locale) for why, count in found.excluded.items()},
        lanes=lanes,
        misses=misses,
        finishes_at=words.moment(found.finishes_at) if found.finishes_at else None,
    )
    return HTMLResponse(html, headers=HEADERS)


async def show_report(visit: Visit) -> Response:
    """What came of the campaign, both answers in neutral order and with equal weight."""
    found = await asyncio.to_thread(visit.desk.database.read, report, visit.slug)
    template = visit.desk.talk.speaking.template(
        found.campaign, locale=visit.words.locale, zone=found.campaign.document.zone
    )
    said = chart.labels(template)
    tables = [
        (
            visit.words.gettext("By step"),
            [
                (
                    cards.step_name(visit.plain, p.name)
                    if p.name[0].islower() and " " not in p.name
                    else visit.words.gettext("By themselves"),
                    p,
                )
                for p in found.steps
            ],
        ),
        (visit.words.gettext("By day"), [(p.name, p) for p in found.days]),
        (visit.words.gettext("By language"), [(p.name, p) for p in found.locales]),
        (visit.words.gettext("By channel"), [(p.name, p) for p in found.channels]),
    ]
    median = found.seconds_to_answer
    html = visit.fill(
        "report.html",
        slug=visit.slug,
        found=found,
        said=said,
        tables=[(name, rows) for name, rows in tables if rows],
        number=lambda n: "–" if n is None else shown_number(n, visit.words.locale),
        hours=None if median is None else f"{median / 3600:.1f}",
    )
    return HTMLResponse(html, headers=HEADERS)


async def report_picture(visit: Visit) -> Response:
    """The answers by day, as SVG."""
    found = await asyncio.to_thread(visit.desk.database.read, report, visit.slug)
    template = visit.desk.talk.speaking.template(
        found.campaign, locale=visit.words.locale, zone=found.campaign.document.zone
    )
    dark = visit.request.query_params.get("dark") == "1"
    drawn = await asyncio.to_thread(chart.svg, chart.every_day(found.days), chart.labels(template), dark=dark)
    return Response(drawn, media_type="image/svg+xml", headers=PICTURE_HEADERS)
