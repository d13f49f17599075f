"""The person's own page in the app, where the platform has one: how things stand, and everything to change it."""

from collections.abc import Sequence
from dataclasses import replace

from bot.conversation import choice, plain_words, settings
from bot.conversation.person import meet_again
from bot.conversation.settings_words import language_buttons
from bot.conversation.turn import Turn
from bot.domain.message import Button, Message, MessageKind, Surface, Verb
from bot.domain.recipient import Address
from bot.i18n import Words
from bot.store import addresses, lanes


def show(turn: Turn) -> None:
    """The page is published where the person looks at it, and is kept up to date from now on."""
    addresses.home_opened(turn.session, turn.person.address.id, now=turn.replies.now)
    refresh(turn)


def refresh_after(turn: Turn) -> None:
    """The page, if there is one, shows what the person has just changed."""
    if places := addresses.with_home(turn.session, turn.person.recipient.id):
        _publish(replace(turn, person=meet_again(turn.session, turn.person)), places)


def refresh(turn: Turn, *, original: bool = False) -> None:
    """The page is published again, wherever the person has ever looked at it; nowhere else.

    `original`: in the language that counts, with a button that leads back.
    """
    _publish(turn, addresses.with_home(turn.session, turn.person.recipient.id), original=original)


def _publish(turn: Turn, places: Sequence[Address], *, original: bool = False) -> None:
    for place in places:
        campaign = choice.concerning(turn.session, turn.person)
        turn.replies.say(
            page(turn, original=original),
            to=place,
            lane=lanes.of(turn.session, place),
            recipient_id=turn.person.recipient.id,
            campaign_id=campaign.id if campaign else None,
            surface=Surface.HOME,
        )


def page(turn: Turn, *, original: bool = False) -> Message:
    """How things stand, with the settings; a change of each is one tap away."""
    campaign = choice.concerning(turn.session, turn.person)
    if campaign is None:
        said = plain_words.nothing_open(turn.words)
        said = replace(said, facts=settings.facts(turn.words, turn.person, turn.replies.now))
    else:
        locale = campaign.document.authoritative_locale if original else None
        said = choice.standing_message(
            turn.session, turn.talk, turn.person, campaign, turn.replies.now, locale
        )
    muted = turn.person.recipient.muted_at is not None
    others = [button for button in said.secondary if _is_kept(button)]
    return replace(
        said,
        kind=MessageKind.HOME,
        secondary=(*others, _messages_button(turn.words, muted=muted), *language_buttons()),
    )


def stranger_page(words: Words, *, operator: str) -> Message:
    """The page of somebody whom the bot does not know."""
    return replace(plain_words.stranger(words, operator=operator), kind=MessageKind.HOME)


def _is_kept(button: object) -> bool:
    """The page has its own button for messages on and off, and one is enough."""
    return not (isinstance(button, Button) and button.verb is Verb.RESUME)


def _messages_button(words: Words, *, muted: bool) -> Button:
    if muted:
        return plain_words.resume_button(words)[0]
    return Button(words.gettext("Send me no more messages"), Verb.STOP)
