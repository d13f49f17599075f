"""What the bot says on its own behalf, about no campaign in particular."""

from typing import Final

from bot.campaigns.wording import footnote
from bot.domain.message import Button, Fact, Link, Message, MessageKind, Paragraph, Verb
from bot.i18n import Words, directed

TOAST: Final = 200  # characters that Telegram shows above the chat


def no_longer_known(words: Words) -> Message:
    """A button that was ours, under which stands somebody who has been forgotten since."""
    return plain(
        words,
        MessageKind.INFO,
        words.gettext("We keep nothing about you here any more."),
        words.gettext("Nothing has been recorded."),
    )


def welcome(words: Words, *, operator: str, command: str) -> Message:
    """To somebody who has just opened the bot and whose question comes by itself, or by `command`."""
    return plain(
        words,
        MessageKind.INFO,
        words.gettext("Welcome. {operator} asks you one question here.", operator=named(words, operator)),
        words.gettext("It comes in a message of its own; {command} shows it at once.", command=command),
    )


def muted(words: Words) -> Message:
    """No more campaign messages, which is neither a yes nor a no; one tap takes it back."""
    return plain(
        words,
        MessageKind.MUTED,
        words.gettext("We will send you no more messages about this."),
        words.gettext("This counts neither as a yes nor as a no: no choice is recorded by it."),
        words.gettext("The buttons in earlier messages keep working."),
        secondary=resume_button(words),
    )


def resumed(words: Words) -> Message:
    """Campaign messages are on again."""
    return plain(words, MessageKind.RESUMED, words.gettext("We will send you messages again."))


def short_help(words: Words) -> Message:
    """For what the bot cannot read: a voice message, a sticker, words that mean nothing to it."""
    return plain(
        words,
        MessageKind.HELP,
        words.gettext("This bot reads short answers and buttons only."),
        words.gettext("Write “status” to see how things stand, or “help” for everything else."),
    )


def help_text(words: Words, *, operator: str, commands: tuple[Fact, ...] = ()) -> Message:
    """What can be done here in plain words and by command, and who the human behind it is."""
    return plain(
        words,
        MessageKind.HELP,
        words.gettext("This bot asks you one question about a policy update and records your answer."),
        words.gettext(
            "Use the buttons, or write a word such as “yes”, “no”, “later”, “status”, “stop” or “help”."
        ),
        words.gettext(
            "You can change your choice at any time; “stop” ends the messages and is not an answer."
        ),
        words.gettext("To speak to a person, contact {operator}.", operator=named(words, operator)),
        facts=commands,
    )


def stranger(words: Words, *, operator: str) -> Message:
    """What the bot is, for somebody whom it does not know."""
    name = named(words, operator)
    return plain(
        words,
        MessageKind.INFO,
        words.gettext("This bot asks users about a policy update and records their choice."),
        words.gettext(
            "It is run by {operator}, and this account is not linked to any user yet.", operator=name
        ),
        words.gettext("If {operator} has sent you a link, please open it here.", operator=name),
        words.gettext("Nothing has been recorded."),
    )


def nothing_open(words: Words) -> Message:
    """Somebody answers while nothing is asked."""
    return plain(words, MessageKind.INFO, words.gettext("There is no question for you at the moment."))


def group_decline(words: Words) -> Message:
    """In a group or channel the bot takes no answer."""
    return plain(
        words,
        MessageKind.INFO,
        words.gettext("Please write to me in a private chat."),
        words.gettext("Nothing that is said here is recorded."),
    )


def foreign_button(words: Words) -> Message:
    """A button that was made for somebody else, or that we did not make."""
    return plain(
        words,
        MessageKind.INFO,
        words.gettext("This question belongs to someone else."),
        words.gettext("Nothing has been recorded."),
    )


def not_saved(words: Words) -> str:
    """What a tap is answered when it could not be kept in time; at most `TOAST` characters."""
    return words.gettext("Not saved yet, please try again.")


def plain(
    words: Words,
    kind: MessageKind,
    headline: str,
    *texts: str,
    facts: tuple[Fact, ...] = (),
    secondary: tuple[Button | Link, ...] = (),
) -> Message:
    """A message about no campaign in particular; no button leads from it to the original."""
    catalog = words.catalog
    return Message(
        kind=kind,
        locale=catalog.locale,
        headline=directed(headline, catalog.locale),
        paragraphs=tuple(Paragraph(directed(text, catalog.locale)) for text in texts),
        facts=facts,
        secondary=secondary,
        footnote=footnote(words, machine_made=catalog.machine_made),
    )


def named(words: Words, operator: str) -> str:
    """Who sends these messages."""
    return operator or words.pgettext("who sends", "the operator of this bot")


def receipt_button(words: Words) -> Button:
    """Gives the receipt as a file."""
    return Button(words.gettext("Download the receipt"), Verb.RECEIPT)


def resume_button(words: Words) -> tuple[Button, ...]:
    """Turns campaign messages on again."""
    return (Button(words.gettext("Send me messages again"), Verb.RESUME),)
