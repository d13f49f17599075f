"""Forms: opened for those who may, turned page by page, and at the end carried out by the door of all orders."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final, assert_never

from bot.campaigns import steering
from bot.campaigns.lint import missing
from bot.campaigns.rights import admit
from bot.campaigns.steering import Changed, Denied, Missing
from bot.channels.base import Command, Submission
from bot.clock import Clock
from bot.conversation import campaign_form, cards, form_words, rewording, staff_answers
from bot.conversation.campaign_form import Part
from bot.conversation.replies import Replies
from bot.conversation.sitting import Carried, Sitting, faulty
from bot.conversation.staff import wheel
from bot.domain.campaign import Campaign
from bot.domain.form import Faults, FilledIn, Form, FormAnswer, FormName
from bot.domain.order import Line, Order
from bot.domain.roles import Act, may
from bot.exceptions import FormFaulty, TenggatError
from bot.store import campaigns, inbox
from bot.store.database import Database, Session

if TYPE_CHECKING:
    from bot.conversation.talk import Talk

WITHIN: Final = 2.0  # seconds, real ones: Slack waits for three


class Forms:
    """A `FormDesk` over the database; `taken` is called after each commit."""

    def __init__(self, database: Database, talk: "Talk", *, clock: Clock, taken: Callable[[], None]) -> None:
        self._database = database
        self._talk = talk
        self._clock = clock
        self._taken = taken

    async def asked(self, command: Command) -> Form | None:
        """The form that the command asks for; None when it asks for none, or not by somebody who may."""
        line = Line.of(command.words)
        if command.name != "campaign" or not line.asks_for_form:
            return None
        return await self._database.transact(_opened, self._talk, command, line, now=self._clock.now())

    async def submitted(self, submission: Submission) -> FormAnswer:
        """The next page, or what is wrong with this one; at the end what it says is so, and committed."""
        try:
            page = await self._database.transact_within(
                WITHIN, _taken, self._talk, submission, now=self._clock.now()
            )
        except FormFaulty as error:
            return Faults(error.problems)
        self._taken()
        return page


def _opened(session: Session, talk: "Talk", command: Command, line: Line, *, now: datetime) -> Form | None:
    sitting = Sitting.of(session, talk, command.sender, now=now)
    asked = steering.form_for(session, sitting.actor, line)
    if asked is None:
        return None
    if asked.campaign is None:
        return campaign_form.first(sitting)
    locale = next(iter(line.words[1:]), asked.campaign.document.authoritative_locale)
    return rewording.first(sitting, asked.campaign, locale)


def _taken(session: Session, talk: "Talk", submission: Submission, *, now: datetime) -> Form:
    """What a page leads to. Raise `FormFaulty`, with nothing changed, for what is wrong with it."""
    sitting = Sitting.of(session, talk, submission.sender, now=now)
    name, carried = FormName(submission.name), sitting.carried(submission)
    if carried is None:
        return form_words.stale(sitting.words, name)
    if name is FormName.CAMPAIGN and carried.page != Part.WORDS:
        return _turned(sitting, carried, submission.said)
    return _finished(sitting, name, carried, submission)


def _turned(sitting: Sitting, carried: Carried, said: FilledIn) -> Form:
    line = Line.of((Order.NEW,))
    if not admit(sitting.session, sitting.actor, line.act, asked=line.said, now=sitting.now):
        return _refused(sitting, FormName.CAMPAIGN)
    return campaign_form.turned(sitting, carried, said)


def _finished(sitting: Sitting, name: FormName, carried: Carried, submission: Submission) -> Form:
    """The last page is carried out, once: Slack, or an impatient thumb, may send it twice."""
    slug = carried.one("slug")
    kept = inbox.keep_worked(sitting.session, submission.update, now=sitting.now)
    if kept is None:
        return _again(sitting, name, slug)
    line = Line.of((Order.NEW if name is FormName.CAMPAIGN else Order.WORDS, slug))
    answer = _written(sitting, name, carried, submission.said, line)
    match answer:
        case Denied():
            return _refused(sitting, name)
        case Missing():
            return form_words.told(sitting.words, name, cards.not_found(sitting.words).headline)
        case Changed(campaign=campaign):
            event = Command(submission.sender, "campaign", (line.said, slug))
            replies = Replies(sitting.session, kept, event, now=sitting.now)
            role, talk = sitting.actor.role, sitting.talk
            staff_answers.show_card(sitting.session, talk, campaign, role, sitting.words, replies)
            return _done(sitting, name, campaign)
    assert_never(answer)


def _written(
    sitting: Sitting, name: FormName, carried: Carried, said: FilledIn, line: Line
) -> Denied | Missing | Changed:
    form = campaign_form if name is FormName.CAMPAIGN else rewording
    fields = form.names(sitting, carried)
    try:
        written = form.written(sitting, carried, said)
        return steering.write(
            sitting.session, sitting.actor, line, written, wheel(sitting.talk), now=sitting.now
        )
    except FormFaulty:
        raise
    except TenggatError as error:
        raise faulty(sitting.words, error, fields) from error


def _again(sitting: Sitting, name: FormName, slug: str) -> Form:
    """What the first of two equal pages was answered."""
    campaign = campaigns.find(sitting.session, slug)
    if campaign is None or not may(sitting.actor.role, Act.EDIT):
        return _refused(sitting, name)
    return _done(sitting, name, campaign)


def _done(sitting: Sitting, name: FormName, campaign: Campaign) -> Form:
    without = missing(campaign, sitting.talk.speaking.catalogs)
    return form_words.done(sitting.words, name, campaign, without=without)


def _refused(sitting: Sitting, name: FormName) -> Form:
    """The same words as everywhere."""
    return form_words.told(sitting.words, name, cards.not_allowed(sitting.words).headline)
