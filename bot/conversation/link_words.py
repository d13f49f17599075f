"""What the bot says to somebody who connects an account of theirs by a link."""

from bot.campaigns.wording import footnote
from bot.conversation.cards import masked
from bot.domain.message import Button, Fact, Message, MessageKind, Paragraph, Verb
from bot.domain.recipient import ChannelName, Recipient
from bot.i18n import Words, directed


def is_this_you(words: Words, recipient: Recipient, *, operator: str) -> Message:
    """Whose link it is, masked, and both answers; nothing is connected before the yes."""
    return _said(
        words,
        words.gettext("Is this your account?"),
        words.gettext("You have opened a personal link from {operator}.", operator=named(words, operator)),
        words.gettext("If it is yours, we will write to you here about a policy update."),
        facts=(
            Fact(words.gettext("Account"), masked(recipient.ref)),
            Fact(words.gettext("Plan"), recipient.plan.value.capitalize()),
        ),
        choices=(
            Button(words.gettext("Yes, this is my account"), Verb.LINK_YES),
            Button(words.gettext("No, this is not my account"), Verb.LINK_NO),
        ),
    )


def connected(words: Words) -> Message:
    """The yes: this chat is the person's."""
    return _said(
        words,
        words.gettext("This chat is now connected to your account."),
        words.gettext("We will write to you here about the policy update."),
        words.gettext(
            "You can change your choice at any time; “stop” ends the messages and is not an answer."
        ),
    )


def not_connected(words: Words) -> Message:
    """The no: nobody is written to here."""
    return _said(
        words,
        words.gettext("This chat is not connected to any account."),
        words.gettext("We will not write to you here, and nothing has been recorded."),
    )


def refused(words: Words, *, operator: str) -> Message:
    """A link that leads nowhere: the same words, whatever is wrong with it."""
    return _said(
        words,
        words.gettext("This link cannot be used."),
        words.gettext("It may be incomplete, too old, or used already."),
        words.gettext("For a new one, please contact {operator}.", operator=named(words, operator)),
        words.gettext("Nothing has been recorded."),
    )


def connected_elsewhere(words: Words, channel: ChannelName, *, operator: str) -> Message:
    """To the person's other accounts: who did not do it themselves should know."""
    return _said(
        words,
        words.gettext(
            "Your account has been connected to another chat, in {channel}.",
            channel=channel.value.capitalize(),
        ),
        words.gettext("If that was not you, please tell {operator}.", operator=named(words, operator)),
    )


def named(words: Words, operator: str) -> str:
    """Who sends these messages."""
    return operator or words.pgettext("who sends", "the operator of this bot")


def _said(
    words: Words, headline: str, *texts: str, facts: tuple[Fact, ...] = (), choices: tuple[Button, ...] = ()
) -> Message:
    catalog = words.catalog
    return Message(
        kind=MessageKind.INFO,
        locale=catalog.locale,
        headline=directed(headline, catalog.locale),
        paragraphs=tuple(Paragraph(directed(text, catalog.locale)) for text in texts),
        facts=facts,
        choices=choices,
        footnote=footnote(words, machine_made=catalog.machine_made),
    )
