"""What the bot says about what is kept of a person: told, handed over, erased."""

from collections.abc import Sequence

from bot.conversation.plain_words import named, plain, receipt_button
from bot.domain.message import Button, Fact, Message, MessageKind, Verb
from bot.i18n import Words


def kept(words: Words, facts: Sequence[Fact]) -> Message:
    """What is kept of the person, in short; all of it stands in the file that follows."""
    return plain(
        words,
        MessageKind.DATA,
        words.gettext("This is what we keep about you."),
        words.gettext("Everything stands in the files that follow: once to be read, and once for programs."),
        facts=tuple(facts),
    )


def data_text(words: Words) -> Message:
    """Above the file with what is kept, as a text."""
    return plain(words, MessageKind.DATA, words.gettext("What we keep about you, to be read"))


def data_file(words: Words) -> Message:
    """Above the file with everything that is kept."""
    return plain(words, MessageKind.DATA, words.gettext("Everything that we keep about you, for programs"))


def receipt_file(words: Words, code: str) -> Message:
    """Above the file with a receipt."""
    return plain(words, MessageKind.DATA, words.gettext("Your receipt {code}, as a file", code=code))


def privacy(words: Words, *, operator: str, mydata: str, forget: str) -> Message:
    """What is kept, why, for how long, and by whom; the commands as they are written here."""
    name = named(words, operator)
    return plain(
        words,
        MessageKind.PRIVACY,
        words.gettext("What is kept about you here, and by whom"),
        words.gettext("{operator} runs this bot and keeps what it records.", operator=name),
        words.gettext(
            "We keep your reference with the product, your plan, your language and time zone, the account in"
            " which we write to you, which messages you were sent, what you write to this bot, and each choice"
            " with its receipt."
        ),
        words.gettext("It is used to ask you one question, to remind you of it, and to prove your answer."),
        words.gettext(
            "It is kept until you have it erased with {command}, or until {operator} ends its records.",
            command=forget,
            operator=name,
        ),
        words.gettext(
            "{command} gives you all of it as a file, with every look-up by staff.", command=mydata
        ),
    )


def forget(words: Words, *, has_receipt: bool) -> Message:
    """Whether everything is to be erased; the receipt first, since it is the last chance to have it."""
    texts = [
        words.gettext(
            "Your choices and their receipts, your messages and your settings are erased for good."
        ),
        words.gettext("We could then no longer prove to you what you have chosen."),
        words.gettext("To end only the messages, write “stop”."),
    ]
    if has_receipt:
        texts.append(words.gettext("If you want to keep your receipt, download it first."))
    erase = Button(words.gettext("Erase everything"), Verb.ERASE)
    return plain(
        words,
        MessageKind.FORGET,
        words.gettext("Shall we erase everything that we keep about you?"),
        *texts,
        secondary=(receipt_button(words), erase) if has_receipt else (erase,),
    )


def forgotten(words: Words) -> Message:
    """It is done."""
    return plain(
        words,
        MessageKind.FORGOTTEN,
        words.gettext("Everything that we kept about you has been erased."),
        words.gettext("What stays is a mark without your name, so that you are not written to again."),
    )
