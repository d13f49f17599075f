"""The bot's commands and how it introduces itself, in one language."""

from typing import Final

from bot.domain.message import Fact, Message, MessageKind
from bot.domain.recipient import ChannelName
from bot.i18n import Words

PREFIX: Final = {ChannelName.TELEGRAM: "/", ChannelName.SLACK: "/policy "}


def commands(words: Words) -> tuple[Fact, ...]:
    """Each command with what it does, in the order in which a menu shows them."""
    return (
        Fact("choice", words.gettext("Make your choice, or change it")),
        Fact("status", words.gettext("See how things stand")),
        Fact("later", words.gettext("Be reminded later")),
        Fact("language", words.gettext("Choose the language")),
        Fact("timezone", words.gettext("Choose the time zone")),
        Fact("stop", words.gettext("Get no more messages; this is not an answer")),
        Fact("resume", words.gettext("Get messages again")),
        Fact("receipt", words.gettext("Get your receipt as a file")),
        Fact("mydata", words.gettext("Get everything that is kept about you")),
        Fact("privacy", words.gettext("Read what is kept, and by whom")),
        Fact("forget", words.gettext("Have everything about you erased")),
        Fact("help", words.gettext("See what can be done here")),
    )


def staff_commands(words: Words) -> tuple[Fact, ...]:
    """The commands of staff, for their own chats only."""
    return (
        Fact("campaign", words.gettext("See and steer a campaign")),
        Fact("lookup", words.gettext("Look one person up")),
    )


def usage(channel: ChannelName, command: str) -> str:
    """How a command is written on a channel."""
    return f"{PREFIX[channel]}{command}"


def listed(words: Words, channel: ChannelName) -> tuple[Fact, ...]:
    """The commands as a person writes them on a channel."""
    return tuple(Fact(usage(channel, fact.label), fact.value) for fact in commands(words))


def menu(words: Words, *, staff: bool) -> Message:
    """The menu of one chat, in its language; it is no message that is read."""
    facts = (*commands(words), *(staff_commands(words) if staff else ()))
    return Message(MessageKind.MENU, words.locale, headline="", facts=facts)


def name(words: Words) -> str:
    """What the bot is called, at most 64 characters."""
    return words.gettext("Your policy choice")


def short(words: Words) -> str:
    """What stands on the bot's card, at most 120 characters."""
    return words.gettext("Asks one question about a policy update and keeps your answer.")


def description(words: Words) -> str:
    """What stands in the empty chat, at most 512 characters."""
    texts = (
        words.gettext("This bot asks you one question about a policy update and records your answer."),
        words.gettext("You can change it at any time, stop the messages, or have everything erased."),
    )
    return "\n".join(texts)
