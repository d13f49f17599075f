"""What the bot says to a tap under a test message."""

from bot.conversation.plain_words import plain
from bot.domain.message import Message, MessageKind
from bot.i18n import Words


def trial_tapped(words: Words) -> Message:
    """The button did nothing, as the message above says."""
    return plain(
        words,
        MessageKind.INFO,
        words.gettext("This is a test message: its buttons record nothing."),
        words.gettext("Nothing has been recorded."),
    )
