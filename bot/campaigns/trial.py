"""The test send: a campaign's messages to a few named testers, with buttons that do nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.campaigns.lint import Linter
from bot.campaigns.shown import read_back
from bot.campaigns.wording import Template, compose
from bot.domain.cadence import deadline_of
from bot.domain.campaign import Campaign
from bot.domain.message import Button, Link, Message, MessageKind, Paragraph, Verb
from bot.domain.order import MOST_TESTERS
from bot.domain.recipient import Address
from bot.domain.roles import Act
from bot.domain.template import STEPS
from bot.exceptions import NoBotYet, TooManyTesters
from bot.i18n import Words, directed
from bot.store import campaigns, messages, staff, trials
from bot.store.database import Session


@dataclass(frozen=True, slots=True)
class Trial:
    """What was put on its way: so many messages to these testers, in this language."""

    slug: str
    locale: str
    testers: tuple[str, ...]
    messages: int

    def as_json(self) -> dict[str, object]:
        """The test send as scripts read it."""
        return {
            "slug": self.slug,
            "locale": self.locale,
            "testers": list(self.testers),
            "messages": self.messages,
        }


def send(
    session: Session,
    slug: str,
    testers: Sequence[Address],
    *,
    linter: Linter,
    by: str,
    now: datetime,
    locale: str | None = None,
    kinds: Sequence[MessageKind] = STEPS,
) -> Trial:
    """The campaign's messages are due to these testers, at most five, each said to be a test.

    Whatever the campaign's state is, nothing of it changes; the buttons carry no answer.
    """
    testers = tuple(dict.fromkeys(testers))
    if len(testers) > MOST_TESTERS:
        raise TooManyTesters(len(testers), most=MOST_TESTERS)
    campaign = campaigns.get(session, slug)
    wanted = list(_messages(campaign, kinds, locale, linter))
    for tester in testers:
        lane = trials.lane_to(session, tester)
        if lane is None:
            raise NoBotYet(tester.key)
        for message in wanted:
            step, body = f"test-{message.kind}", messages.to_text(message)
            trials.put(session, body, step=step, to=tester, lane=lane, now=now)
        staff.audit(
            session, actor=by, act=Act.TEST_SEND, allowed=True, now=now, subject=slug, detail=tester.key
        )
    said = wanted[0].locale if wanted else campaign.document.authoritative_locale
    return Trial(slug, said, tuple(tester.key for tester in testers), len(testers) * len(wanted))


def marked(message: Message, words: Words) -> Message:
    """The message as a test: it says so first, and none of its buttons does what it says."""
    headline = words.gettext("Test: {headline}", headline=message.headline)
    notice = words.gettext("This is a test message: its buttons record nothing.")
    return replace(
        message,
        headline=directed(headline, message.locale),
        paragraphs=(Paragraph(directed(notice, message.locale)), *message.paragraphs),
        choices=tuple(Button(button.label, Verb.TEST) for button in message.choices),
        secondary=tuple(_without_effect(button) for button in message.secondary),
    )


def _messages(
    campaign: Campaign, kinds: Sequence[MessageKind], locale: str | None, linter: Linter
) -> Iterator[Message]:
    document, own = campaign.document, campaign.words
    deadline = deadline_of(document, document.zone)
    for kind in kinds:
        message = compose(
            kind,
            document=document,
            locale=locale or document.authoritative_locale,
            deadline=deadline,
            zone=document.zone,
            operator=linter.operator,
            catalogs=linter.catalogs,
            own=own,
        )
        template = Template.of(
            document,
            locale=message.locale,
            zone=document.zone,
            operator=linter.operator,
            catalogs=linter.catalogs,
            own=own,
        )
        test = marked(message, template.words)
        read_back(test, facts=frozenset(), promised=deadline)  # raises if a channel would not take it
        yield test


def _without_effect(button: Button | Link) -> Button | Link:
    return button if isinstance(button, Link) else Button(button.label, Verb.TEST)
