"""Errands, done: the forecast or the report of a campaign in words, and the same as a picture."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, assert_never

from bot.campaigns.forecast import Rates, forecast
from bot.campaigns.report import report
from bot.campaigns.templates import fallbacks
from bot.campaigns.wording import Template
from bot.clock import Clock
from bot.conversation import figures_words, pictures
from bot.conversation.pictures import Picture
from bot.domain.message import Document, Message
from bot.domain.order import Order
from bot.store import campaigns, errands, messages, outbox
from bot.store.database import Database, Session
from bot.store.errands import Errand, ErrandKind
from bot.store.outbox import Reply
from bot.store.twins import twinned

if TYPE_CHECKING:
    from bot.conversation.talk import Talk

KINDS: Final[Mapping[Order, ErrandKind]] = {
    Order.FORECAST: ErrandKind.FORECAST,
    Order.REPORT: ErrandKind.REPORT,
}

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said, and the picture of it if there is something to draw."""

    words: Message
    picture: Picture | None = None


class Errands:
    """Works out, one after the other, what staff asked for."""

    def __init__(self, database: Database, talk: "Talk", rates: Rates, *, clock: Clock) -> None:
        self.database = database
        self.talk = talk
        self.rates = rates
        self.clock = clock

    async def work(self) -> int:
        """Everything that was asked for is answered; how much that was."""
        done = 0
        while (errand := await self.database.transact(errands.oldest)) is not None:
            answer = await self._worked_out(errand)
            await self.database.transact(_say, errand, answer, now=self.clock.now())
            done += 1
        return done

    async def _worked_out(self, errand: Errand) -> Answer | None:
        try:
            return await self.database.look(twinned(self._find), errand, now=self.clock.now())
        except Exception:  # whoever asked is told so, and the next one is not held up
            logger.exception(
                "an errand could not be done", extra={"kind": errand.kind, "campaign": errand.slug}
            )
            words = self.talk.speaking.words(errand.locale, errand.zone)
            return Answer(figures_words.not_worked_out(words, slug=errand.slug))

    def _find(self, session: Session, twin: Session, errand: Errand, *, now: datetime) -> Answer | None:
        campaign = campaigns.get(session, errand.slug)
        template = self.talk.speaking.template(campaign, locale=errand.locale, zone=errand.zone)
        match errand.kind:
            case ErrandKind.FORECAST | ErrandKind.WARNING | ErrandKind.COST:
                return self._forecast(session, errand, template, now)
            case ErrandKind.REPORT:
                return _report(session, twin, errand, template)
            case kind:
                assert_never(kind)

    def _forecast(self, session: Session, errand: Errand, template: Template, now: datetime) -> Answer | None:
        found = forecast(session, errand.slug, rates=self.rates, rest_days=self.talk.rest_days, now=now)
        if errand.kind is ErrandKind.COST:
            paid = found.stars is not None
            return Answer(figures_words.cost(template.words, errand.slug, found)) if paid else None
        if errand.kind is ErrandKind.WARNING:
            late = bool(found.misses)
            return Answer(figures_words.warning(template.words, errand.slug, found)) if late else None
        without = fallbacks(session, campaigns.get(session, errand.slug), self.talk.speaking.catalogs)
        said = figures_words.forecast_message(template.words, errand.slug, found, without)
        return Answer(said, pictures.of_forecast(template, errand.slug, found, zone=errand.zone))


def _report(session: Session, twin: Session, errand: Errand, template: Template) -> Answer:
    found = report(session, twin, errand.slug)
    said = figures_words.report_message(template, found)
    return Answer(said, pictures.of_report(template, errand.slug, found))


def _say(session: Session, errand: Errand, answer: Answer | None, *, now: datetime) -> None:
    """The answer is due, and the errand done; both or neither."""
    if not errands.take(session, errand.id) or answer is None:
        return
    outbox.add_reply(session, _reply(errand, answer.words), now=now)
    if answer.picture is not None:
        shown = _reply(errand, answer.picture.caption, picture=answer.picture.file)
        outbox.add_reply(session, shown, now=now)


def _reply(errand: Errand, message: Message, *, picture: Document | None = None) -> Reply:
    return Reply(
        inbox_id=errand.inbox_id,
        number=errand.number + (picture is not None),
        to=errand.to,
        lane=errand.lane,
        kind=message.kind,
        body=messages.to_text(message),
        response_url=errand.response_url if picture is None else None,
        document=picture,
    )
