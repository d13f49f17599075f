"""Steering a campaign by chat: what each word after `/campaign` does to it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from bot.campaigns import service
from bot.campaigns.planner import RestDays
from bot.domain.campaign import Campaign
from bot.domain.roles import Act
from bot.domain.share import Share
from bot.exceptions import UnknownWord
from bot.store.database import Session

ACTS: Final[Mapping[str, Act]] = {
    "status": Act.STATUS,
    "request": Act.REQUEST,
    "reject": Act.REJECT,
    "approve": Act.APPROVE,
    "start": Act.START,
    "continue": Act.START,
    "pause": Act.PAUSE,
    "resume": Act.RESUME,
    "cancel": Act.CANCEL,
}
FIGURES: Final = ("forecast", "report")  # worked out beside the talk
USAGE: Final = f"/campaign {'|'.join((*ACTS, *FIGURES))} [CAMPAIGN]"
APPROVE_USAGE: Final = "/campaign approve CAMPAIGN AUDIENCE"
CANCEL_USAGE: Final = "/campaign cancel CAMPAIGN"
WITH_MORE: Final = frozenset({"approve", "start"})  # a number, or a share, may follow the campaign


def misses(said: str, words: tuple[str, ...]) -> str | None:
    """How the command is written, if something is missing or too much: nobody approves without typing for how
    many people, nor cancels a campaign without naming it."""
    if said == "approve" and not (len(words) == 2 and words[1].isascii() and words[1].isdigit()):
        return APPROVE_USAGE
    if said == "cancel" and len(words) != 1:
        return CANCEL_USAGE
    return USAGE if len(words) > (2 if said in WITH_MORE else 1) else None


def change(
    session: Session, slug: str, said: str, more: str | None, *, by: str, now: datetime, rest_days: RestDays
) -> Campaign:
    """The campaign after the act; raise what the service raises when it may not be done."""
    match said:
        case "request":
            return service.request(session, slug, by=by, now=now)
        case "reject":
            return service.reject(session, slug, by=by, now=now)
        case "approve":
            return service.approve(session, slug, by=by, now=now, audience=int(more or 0))
        case "start":
            first = None if more is None else Share.read(more)
            return service.start(session, slug, by=by, now=now, first=first)
        case "continue":
            return service.go_on(session, slug, by=by, now=now)
        case "pause":
            return service.pause(session, slug, by=by, now=now)
        case "resume":
            return service.resume(session, slug, by=by, now=now, rest_days=rest_days)
        case "cancel":
            return service.cancel(session, slug, by=by, now=now)
        case _:
            raise UnknownWord("/campaign", said, tuple(ACTS))
