"""What staff and support read in chat: cards of masked facts and figures, and plain refusals."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from bot.campaigns.wording import Template
from bot.domain.choice import ChoiceRecord, ChoiceValue
from bot.domain.delivery import DeliveryState
from bot.domain.message import Button, Fact, Message, MessageKind, Paragraph
from bot.domain.recipient import ChannelName, Reach
from bot.domain.step import StepKind, kind_of, number_of
from bot.i18n import (
    Words,
    directed,
    language_name,
    match_locale,
    shown_brief,
    shown_number,
    zone_name,
)

MASK = "•••"


class NoNext(StrEnum):
    """Why no further message is planned for somebody."""

    ANSWERED = "answered"
    MUTED = "muted"
    EXCLUDED = "excluded"
    UNREACHABLE = "unreachable"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class NextStep:
    """The next message and when it is due."""

    step: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CardEvent:
    """Something that happened to a person: a delivery that ended in a state, or a choice."""

    at: datetime
    what: tuple[str, DeliveryState] | ChoiceValue


@dataclass(frozen=True, slots=True)
class Card:
    """What support may see of one person; `ref` and `handle` are masked already."""

    ref: str
    handle: str | None
    choice: ChoiceRecord | None
    reach: tuple[tuple[ChannelName, Reach], ...]
    locale: str | None
    zone: str | None
    deadline: datetime
    muted: bool
    events: tuple[CardEvent, ...]
    next: NextStep | NoNext
    why: str | None = None  # why no message goes out now, as a sentence


def masked(text: str) -> str:
    """Enough of a reference or handle to compare it with, and no more: `u-10•••7`."""
    if len(text) < 6:
        return text[:1] + MASK
    return text[:4] + MASK + text[-1]


def staff_message(
    words: Words,
    headline: str,
    *texts: str,
    facts: tuple[Fact, ...] = (),
    secondary: tuple[Button, ...] = (),
) -> Message:
    """What staff read, in their own language."""
    locale = words.catalog.locale
    paragraphs = tuple(Paragraph(directed(text, locale)) for text in texts)
    headline = directed(headline, locale)
    return Message(MessageKind.STAFF, locale, headline, paragraphs, facts, secondary=secondary)


def lookup_card(template: Template, card: Card, *, buttons: tuple[Button, ...] = ()) -> Message:
    """One person at a glance, in the words and on the clock of the agent."""
    words = template.words
    person = f"{card.ref}  {card.handle}" if card.handle else card.ref
    facts = (
        Fact(words.gettext("Choice"), _choice(template, card)),
        Fact(words.gettext("Reach"), _reach(words, card.reach)),
        Fact(words.gettext("Messages"), words.gettext("off") if card.muted else words.gettext("on")),
        Fact(words.gettext("Language"), _language(words, card.locale)),
        Fact(words.gettext("Deadline"), _deadline(words, card)),
        *(Fact(_brief(words, event.at), _event(template, event)) for event in card.events),
        Fact(words.gettext("Next"), _next(words, card.next)),
        *((Fact(words.gettext("Why no message"), card.why),) if card.why else ()),
    )
    headline = words.gettext("User {reference}", reference=person)
    return staff_message(words, headline, facts=facts, secondary=buttons)


def way_in(words: Words, link: str) -> Message:
    """The way to the staff pages, for whoever asked."""
    text = words.gettext("This link signs you in once, within ten minutes. Pass it on to nobody.")
    return staff_message(words, words.gettext("Here is your way to the staff pages."), text, link)


def not_allowed(words: Words) -> Message:
    """The same to everyone and about everyone: it does not say whether somebody exists."""
    return staff_message(words, words.gettext("Sorry, this command is not available to you."))


def too_many(words: Words) -> Message:
    """Somebody has looked up more people than is usual."""
    text = words.gettext("Too many people were looked up within an hour. Please try again later.")
    return staff_message(words, text)


def not_found(words: Words) -> Message:
    """Nothing is known under what was asked for."""
    return staff_message(words, words.gettext("Nothing was found under that name."))


def unknown_command(words: Words, *, usage: str) -> Message:
    """A command that is not understood, and how it is written."""
    text = words.gettext("This is how the command is written: {usage}", usage=usage)
    return staff_message(words, words.gettext("Sorry, this command is not known."), text)


def step_name(words: Words, step: str) -> str:
    """What a step is called: `reminder-2` is the second reminder."""
    number = shown_number(number_of(step) or 1, words.catalog.locale)
    match kind_of(step):
        case StepKind.NOTICE:
            return words.gettext("Notice")
        case StepKind.REMINDER:
            return words.gettext("Reminder {number}", number=number)
        case StepKind.LATER:
            return words.gettext("Reminder {number}, put off", number=number)
        case StepKind.CORRECTION:
            return words.gettext("Correction {number}", number=number)
        case StepKind.CLOSING:
            return words.gettext("Closing note")
        case StepKind.REPLY:
            return words.gettext("Reply")
        case kind:
            assert_never(kind)


def _choice(template: Template, card: Card) -> str:
    words, record = template.words, card.choice
    if record is None:
        return words.gettext("none recorded")
    return words.gettext(
        "{choice}, {when}, receipt {code}",
        choice=template.label(record.value),
        when=_brief(words, record.recorded_at),
        code=record.receipt,
    )


def _reach(words: Words, reach: tuple[tuple[ChannelName, Reach], ...]) -> str:
    known = dict(reach)
    return " · ".join(_place(words, channel, known.get(channel, Reach.UNLINKED)) for channel in ChannelName)


def _place(words: Words, channel: ChannelName, reach: Reach) -> str:
    name = channel.value.capitalize()
    match reach:
        case Reach.REACHABLE:
            return words.gettext("{channel} reachable", channel=name)
        case Reach.BLOCKED:
            return words.gettext("{channel} blocked", channel=name)
        case Reach.GONE:
            return words.gettext("{channel} account gone", channel=name)
        case Reach.UNLINKED:
            return words.gettext("{channel} not linked", channel=name)
    assert_never(reach)


def _language(words: Words, locale: str | None) -> str:
    ours = match_locale(locale)
    return language_name(ours) if ours else words.gettext("not known")


def _deadline(words: Words, card: Card) -> str:
    here = _brief(words, card.deadline)
    if card.zone is None or card.zone == words.zone:
        return here
    there = shown_brief(card.deadline, words.catalog.locale, card.zone)
    zone = zone_name(card.deadline, words.catalog.locale, words.zone)
    return words.gettext("{there} there ({here}, {zone})", there=there, here=here, zone=zone)


def _event(template: Template, event: CardEvent) -> str:
    if isinstance(event.what, ChoiceValue):
        return template.label(event.what)
    step, state = event.what
    return _delivered(template.words, step_name(template.words, step), state)


def _delivered(words: Words, step: str, state: DeliveryState) -> str:
    match state:
        case DeliveryState.SENT:
            return words.gettext("{step}, sent", step=step)
        case DeliveryState.REJECTED:
            return words.gettext("{step}, refused by the platform", step=step)
        case DeliveryState.IN_DOUBT:
            return words.gettext("{step}, in doubt", step=step)
        case DeliveryState.DUE | DeliveryState.SENDING | DeliveryState.HELD:
            return words.gettext("{step}, waiting", step=step)
        case DeliveryState.SKIPPED | DeliveryState.MERGED | DeliveryState.EXPIRED | DeliveryState.CANCELLED:
            return words.gettext("{step}, not sent", step=step)
    assert_never(state)


def _next(words: Words, coming: NextStep | NoNext) -> str:
    match coming:
        case NextStep(step=step, at=at):
            return words.gettext("{step}, {when}", step=step_name(words, step), when=_brief(words, at))
        case NoNext.ANSWERED:
            return words.gettext("none, has answered")
        case NoNext.MUTED:
            return words.gettext("none, messages are off")
        case NoNext.EXCLUDED:
            return words.gettext("none, is not asked in this campaign")
        case NoNext.UNREACHABLE:
            return words.gettext("none, cannot be reached")
        case NoNext.OVER:
            return words.gettext("none, the campaign sends nothing more")
    assert_never(coming)


def _brief(words: Words, instant: datetime) -> str:
    return shown_brief(instant, words.catalog.locale, words.zone)
