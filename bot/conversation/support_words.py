"""What support reads besides the card: which purpose, what became of a button, and a link to pass on."""

from datetime import datetime
from enum import StrEnum
from typing import assert_never

from bot.conversation.cards import staff_message
from bot.domain.message import Button, Fact, Message, Verb
from bot.i18n import Words, shown_brief


class NotAgain(StrEnum):
    """Why an open question is not sent again, apart from the reasons why nobody is written to at all."""

    NOT_ASKED = "not_asked"
    DEADLINE_PASSED = "deadline_passed"
    SENT_LATELY = "sent_lately"


def which_purpose(words: Words) -> Message:
    """Nobody is shown without one; it is on record."""
    return staff_message(
        words,
        words.gettext("What is the look-up for?"),
        words.gettext("The purpose is kept, and the person can see it."),
        secondary=(
            Button(words.gettext("A question"), Verb.FOR_QUESTION),
            Button(words.gettext("A complaint"), Verb.FOR_COMPLAINT),
            Button(words.gettext("A missing message"), Verb.FOR_DELIVERY),
            Button(words.gettext("A privacy request"), Verb.FOR_PRIVACY),
        ),
    )


def card_buttons(words: Words, *, resend: bool, link: bool) -> tuple[Button, ...]:
    """What may be done from a card."""
    buttons = []
    if resend:
        buttons.append(Button(words.gettext("Send the question again"), Verb.RESEND))
    if link:
        buttons.append(Button(words.gettext("Link an account"), Verb.LINK_ACCOUNT))
    return tuple(buttons)


def sent_again(words: Words) -> Message:
    """The question is on its way."""
    return staff_message(words, words.gettext("The question is being sent again."))


def not_sent_again(words: Words, why: str | None) -> Message:
    """It is not, and why."""
    return staff_message(words, words.gettext("The question was not sent again."), *filter(None, [why]))


def why_not_again(words: Words, why: NotAgain) -> str:
    """The reason as a sentence."""
    match why:
        case NotAgain.NOT_ASKED:
            return words.gettext("This person has not been asked yet; the question comes by itself.")
        case NotAgain.DEADLINE_PASSED:
            return words.gettext(
                "The deadline has passed there; earlier buttons and the commands still work."
            )
        case NotAgain.SENT_LATELY:
            return words.gettext("It was sent again within the last day.")
    assert_never(why)


def link(words: Words, reference: str, *, code: str, bot: str | None, until: datetime) -> Message:
    """A link for the person alone; `bot` is what Telegram calls us, where that is known."""
    telegram = f"https://t.me/{bot}?start={code}" if bot else f"/start {code}"
    when = shown_brief(until, words.catalog.locale, words.zone)
    return staff_message(
        words,
        words.gettext("A link that connects an account to {reference}", reference=reference),
        words.gettext("It works once, until {when}. Give it to this person only.", when=when),
        words.gettext("An account of staff cannot be connected by it."),
        facts=(Fact("Telegram", telegram), Fact("Slack", f"/policy start {code}")),
    )
