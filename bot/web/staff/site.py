"""The site: every address of the staff pages, and what stands behind it."""

import secrets
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot import i18n
from bot.app import Reception
from bot.campaigns.forecast import Rates
from bot.campaigns.lint import linter_of
from bot.domain.order import ACTS
from bot.domain.roles import Act
from bot.pages import STATIC as SHARED
from bot.pages import Pages, static_file
from bot.web.staff import campaigns, people, trouble, writing
from bot.web.staff.campaigns import DEEDS, CampaignPages
from bot.web.staff.desk import HERE, STATIC, Desk
from bot.web.staff.door import HOME, SIGN_IN, Door
from bot.web.staff.numbers import NumberPages

KEEP: Final = {"Cache-Control": "max-age=3600", "X-Content-Type-Options": "nosniff"}
ONE: Final = "/staff/campaigns/{slug}"


def routes(reception: Reception) -> list[Route]:
    """The pages over an opened reception; whoever asks for anything must have signed in, but for the door
    itself and what it looks like."""
    door = Door(_desk(reception))
    return [
        Route("/staff/static/{name}", _static, methods=["GET"]),
        Route(SIGN_IN, door.ask, methods=["GET"]),
        Route(SIGN_IN, door.enter, methods=["POST"]),
        Route("/staff/sign-out", door.changes(door.leave, None), methods=["POST"]),
        Route("/staff/language", door.speak, methods=["POST"]),
        Route(HOME, door.shows(campaigns.listed, Act.STATUS), methods=["GET"]),
        *_writing(door),
        *_one_campaign(door),
        *_others(door),
    ]


def _writing(door: Door) -> list[Route]:
    return [
        Route("/staff/campaigns/new", door.shows(writing.new, Act.EDIT), methods=["GET"]),
        Route(
            "/staff/campaigns/new",
            door.changes(writing.add, Act.EDIT, problem=writing.new),
            methods=["POST"],
        ),
        Route(f"{ONE}/words", door.shows(writing.words, Act.PREVIEW), methods=["GET"]),
        Route(f"{ONE}/words", door.changes(writing.write, Act.EDIT, problem=writing.words), methods=["POST"]),
        Route(f"{ONE}/words/weigh", door.changes(writing.weigh, None), methods=["POST"]),
        Route(f"{ONE}/preview", door.shows(writing.look, Act.PREVIEW), methods=["GET"]),
    ]


def _one_campaign(door: Door) -> list[Route]:
    pages, figures = CampaignPages(), NumberPages()
    deeds = [
        Route(
            f"{ONE}/{name}",
            door.changes(pages.does(deed), ACTS[deed.order], problem=pages.show),
            methods=["POST"],
        )
        for name, deed in DEEDS.items()
    ]
    return [
        Route(ONE, door.shows(pages.show, Act.STATUS), methods=["GET"]),
        Route(f"{ONE}/figures", door.shows(pages.figures, Act.STATUS, part=True), methods=["GET"]),
        Route(f"{ONE}/move-deadline", door.shows(pages.weigh, Act.MOVE_DEADLINE), methods=["GET"]),
        Route(f"{ONE}/forecast", door.shows(figures.show_forecast, Act.FORECAST), methods=["GET"]),
        Route(f"{ONE}/late", door.shows(figures.show_late, Act.FORECAST, part=True), methods=["GET"]),
        Route(
            f"{ONE}/forecast.svg",
            door.shows(figures.forecast_picture, Act.FORECAST, part=True),
            methods=["GET"],
        ),
        Route(f"{ONE}/report", door.shows(figures.show_report, Act.REPORT), methods=["GET"]),
        Route(
            f"{ONE}/report.svg", door.shows(figures.report_picture, Act.REPORT, part=True), methods=["GET"]
        ),
        *deeds,
    ]


def _others(door: Door) -> list[Route]:
    return [
        Route("/staff/lookup", door.shows(people.ask, Act.SIGN_IN, part=True), methods=["GET"]),
        Route("/staff/lookup", door.changes(people.look_up, None), methods=["POST"]),
        Route("/staff/trouble", door.shows(trouble.show, Act.STATUS), methods=["GET"]),
        Route("/staff/trouble/retry", door.changes(trouble.retry, Act.RETRY), methods=["POST"]),
        Route("/staff/ledger", door.shows(trouble.show_ledger, Act.STATUS), methods=["GET"]),
    ]


async def _static(request: Request) -> Response:
    found = static_file(request.path_params["name"], (STATIC, SHARED))
    if found is None:
        return Response(status_code=404)
    content, kind = found
    return Response(content, media_type=kind, headers=KEEP)


def _desk(reception: Reception) -> Desk:
    settings = reception.settings
    talk = reception.talk
    return Desk(
        database=reception.database,
        clock=reception.clock,
        talk=talk,
        linter=linter_of(talk.speaking.catalogs, settings.operator),
        rates=Rates.of_settings(settings),
        rest_days=i18n.rest_days,
        random_bytes=secrets.token_bytes,
        key=settings.secret_key.encode(),
        pages=Pages(HERE / "templates"),
    )
