"""The ingress: the addresses at which the platforms hand updates over, and those of our health and figures."""

from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.routing import Route

from bot.app import Reception
from bot.channels.slack.installing import INSTALL, REDIRECT
from bot.exceptions import DatabaseAway
from bot.pages import Pages
from bot.web.away import AwayFace
from bot.web.health import Health
from bot.web.install import InstallFace
from bot.web.keeper import Keeper
from bot.web.metrics import Metrics
from bot.web.slack import SlackFace
from bot.web.staff import site
from bot.web.staff.desk import HERE
from bot.web.telegram import TelegramFace

SLACK_PATHS = ("/slack/events", "/slack/interactions", "/slack/commands")


@dataclass(frozen=True, slots=True)
class Ingress:
    """An ASGI application over an opened reception, and its two faces as far as their channels are on."""

    app: Starlette
    telegram: TelegramFace | None
    slack: SlackFace | None


def ingress(reception: Reception) -> Ingress:
    """Each channel that is on has its routes; `/livez`, `/readyz` and `/metrics` are always there."""
    settings, clock = reception.settings, reception.clock
    pages, catalogs = Pages(HERE / "templates"), reception.talk.speaking.catalogs
    keeper = Keeper(reception.database, clock=clock)
    health = Health(reception.database, clock=clock)
    metrics = Metrics(reception.database, clock=clock)
    routes = [
        Route("/livez", health.livez, methods=["GET"]),
        Route("/readyz", health.readyz, methods=["GET"]),
        Route("/metrics", metrics.show, methods=["GET"]),
    ]
    routes += site.routes(reception)
    telegram = slack = None
    if reception.telegram:
        telegram = TelegramFace(reception.telegram, keeper, key=settings.secret_key.encode(), clock=clock)
        routes.append(Route("/telegram/{path}", telegram.take, methods=["POST"]))
    if reception.slack:
        if not all(door.secret for door in reception.slack):
            settings.require("BOT_SLACK_SIGNING_SECRET", purpose="Knowing Slack by its signature")
        slack = SlackFace(reception.slack, keeper, clock=clock)
        routes += [Route(path, slack.take, methods=["POST"]) for path in SLACK_PATHS]
        routes += [Route(path, slack.check, methods=["GET"]) for path in SLACK_PATHS]
    if reception.installing is not None:
        install = InstallFace(reception.installing, pages, catalogs)
        routes.append(Route(INSTALL, install.begin, methods=["GET"]))
        routes.append(Route(REDIRECT, install.end, methods=["GET"]))
    app = Starlette(routes=routes, exception_handlers={DatabaseAway: AwayFace(pages, catalogs).answer})
    app.router.redirect_slashes = False  # a redirect would be built from what the client calls us
    return Ingress(app, telegram, slack)
