"""What is kept of a person: shown, handed over as a file, and erased."""

import json
from collections.abc import Sequence
from dataclasses import replace

from bot.campaigns import receipts
from bot.conversation import choice, dossier_words, menu, privacy_words
from bot.conversation.turn import Turn
from bot.domain.choice import ChoiceRecord
from bot.domain.message import Document, Fact, Surface
from bot.domain.suppression import suppression_key
from bot.i18n import Words, language_name, match_locale, shown_list, shown_number
from bot.store import addresses, campaigns, choices, dossier, erasure, lanes
from bot.store.dossier import Json

JSON = "application/json"
JSON_LD = "application/ld+json"
TEXT = "text/plain"
DATA_FILE, TEXT_FILE = "my-data.json", "my-data.txt"


def show_data(turn: Turn) -> None:
    """The person has what is kept of them: in short, as a text to read, and as a file with all of it."""
    kept = dossier.of(turn.session, turn.person.recipient.id, turn.talk.periods)
    facts = _summary(turn, kept)
    turn.say(privacy_words.kept(turn.words, facts))
    turn.say(
        privacy_words.data_text(turn.words),
        document=Document(TEXT_FILE, TEXT, _readable(turn, facts).encode()),
    )
    turn.say(privacy_words.data_file(turn.words), document=_file(DATA_FILE, kept))


def show_receipt(turn: Turn) -> None:
    """The person has the receipt of the choice that stands, with its record as a file; without a choice,
    how things stand."""
    campaign = choice.concerning(turn.session, turn.person)
    record = turn.person.answer(turn.session, campaign) if campaign else None
    if campaign is None or record is None:
        choice.tell(turn.session, turn.talk, turn.person, turn.replies)
        return
    turn.say(
        choice.receipt_message(turn.session, turn.talk, turn.person, campaign, record), campaign=campaign
    )
    hand_receipt(turn)


def hand_receipt(turn: Turn) -> None:
    """The person has the choice that stands as a file with its proof, if there is one."""
    campaign = choice.concerning(turn.session, turn.person)
    record = turn.person.answer(turn.session, campaign) if campaign else None
    if record is None:
        choice.tell(turn.session, turn.talk, turn.person, turn.replies)
        return
    content = receipts.write(
        turn.session,
        record.receipt,
        secret=turn.talk.key,
        operator=turn.talk.speaking.operator,
        now=turn.replies.now,
    )
    said = privacy_words.receipt_file(turn.words, record.receipt)
    turn.say(said, document=Document(f"{record.receipt}.json", JSON_LD, content.encode()))


def explain(turn: Turn) -> None:
    """The person has read what is kept, and by whom."""
    channel = turn.person.address.channel
    said = privacy_words.privacy(
        turn.words,
        operator=turn.talk.speaking.operator,
        mydata=menu.usage(channel, "mydata"),
        forget=menu.usage(channel, "forget"),
    )
    turn.say(said)


def offer_to_forget(turn: Turn) -> None:
    """The receipt is offered, and one tap erases; nothing is erased yet."""
    answered = bool(choices.history(turn.session, turn.person.recipient.id))
    turn.say(privacy_words.forget(turn.words, has_receipt=answered))


def forget(turn: Turn) -> None:
    """Nothing is kept of the person any more, this update included; the last messages say so and are then
    forgotten as well."""
    recipient_id, place = turn.person.recipient.id, replace(turn.person.address, id=0)
    homes = [replace(home, id=0) for home in addresses.with_home(turn.session, recipient_id)]
    erasure.erase(
        turn.session,
        recipient_id,
        key=suppression_key(turn.talk.key),
        now=turn.replies.now,
    )
    turn.replies.forget()
    farewell = privacy_words.forgotten(turn.words)
    turn.replies.say(farewell, to=place, edits=turn.touched)
    for home in homes:
        lane = lanes.of(turn.session, home)
        turn.replies.say(farewell, to=home, lane=lane, surface=Surface.HOME)


def _summary(turn: Turn, kept: Json) -> Sequence[Fact]:
    words, recipient = turn.words, turn.person.recipient
    locale = words.catalog.locale
    channels = tuple(place.channel.value.capitalize() for place in recipient.addresses)
    ours = match_locale(recipient.locale)
    return (
        Fact(words.gettext("Reference"), recipient.ref),
        Fact(words.gettext("Plan"), recipient.plan.value.capitalize()),
        Fact(words.gettext("Accounts"), shown_list(channels, locale)),
        Fact(words.gettext("Language"), language_name(ours) if ours else words.gettext("not known")),
        Fact(words.gettext("Time zone"), recipient.zone or words.gettext("not known")),
        Fact(words.gettext("Choices"), _count(words, kept["choices"])),
        Fact(words.gettext("Messages to you"), _count(words, kept["messages"])),
        Fact(words.gettext("Look-ups by staff"), _count(words, kept["looked_up_by_staff"])),
    )


def _readable(turn: Turn, facts: Sequence[Fact]) -> str:
    session, recipient_id = turn.session, turn.person.recipient.id

    def label(record: ChoiceRecord) -> str:
        campaign = campaigns.get(session, record.campaign)
        return turn.talk.template(turn.person, campaign).label(record.value)

    return dossier_words.readable(
        turn.words,
        operator=turn.talk.speaking.operator,
        facts=facts,
        choices=choices.history(session, recipient_id),
        label=label,
        messages=dossier.shown_texts(session, recipient_id),
        look_ups=dossier.look_ups(session, recipient_id),
        periods=turn.talk.periods,
    )


def _count(words: Words, rows: object) -> str:
    return shown_number(len(rows) if isinstance(rows, list) else 0, words.catalog.locale)


def _file(name: str, content: Json) -> Document:
    text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    return Document(name, JSON, text.encode())
