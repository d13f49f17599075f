"""Settings of one person: messages on and off, the language, the time zone."""

from datetime import datetime

from bot.conversation import menu, plain_words, settings_words
from bot.conversation.person import Person, meet_again
from bot.conversation.turn import Turn
from bot.domain.calendar import is_zone, zone
from bot.domain.message import Fact, Surface, Verb
from bot.domain.recipient import ChannelName, Reach
from bot.exceptions import UnknownZone
from bot.i18n import LOCALES, Words, match_locale
from bot.store import lanes, outbox, recipients
from bot.store import staff as members

LONGEST_NAME = 64  # characters; no zone has so many
LOCALE_OF = {verb: locale for locale, verb in settings_words.SPEAK.items()}
OFFERED = {  # where most of those who write in a language live, at most six places
    "id": ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura", "Asia/Singapore"),
    "en": (
        "Europe/London",
        "America/New_York",
        "America/Chicago",
        "America/Los_Angeles",
        "Asia/Kolkata",
        "Australia/Sydney",
    ),
    "zh": ("Asia/Shanghai", "Asia/Taipei", "Asia/Hong_Kong", "Asia/Singapore"),
    "ja": ("Asia/Tokyo", "Asia/Singapore", "Europe/London", "America/Los_Angeles"),
    "ar": (
        "Africa/Cairo",
        "Asia/Riyadh",
        "Asia/Dubai",
        "Asia/Baghdad",
        "Africa/Casablanca",
        "Africa/Algiers",
    ),
    "fr": ("Europe/Paris", "America/Toronto", "Africa/Dakar", "Indian/Reunion", "Pacific/Tahiti"),
}


def stop(turn: Turn) -> None:
    """The person gets no more campaign messages; that is no answer."""
    recipients.mute(turn.session, turn.person.recipient.id, now=turn.replies.now)
    outbox.withdraw(turn.session, turn.person.recipient.id, why="muted", now=turn.replies.now)
    if not turn.at_home:
        turn.say(plain_words.muted(turn.words))


def resume(turn: Turn) -> None:
    """The person gets campaign messages again."""
    recipients.mute(turn.session, turn.person.recipient.id, now=None)
    turn.settle(plain_words.resumed(turn.words))


def facts(words: Words, person: Person, now: datetime) -> tuple[Fact, ...]:
    """The person's settings, as they are shown."""
    muted = person.recipient.muted_at is not None
    return settings_words.settings(words, muted=muted, zone=person.zone, now=now)


def show_languages(turn: Turn) -> None:
    """The person can choose a language."""
    turn.say(settings_words.languages(turn.words))


def name_language(turn: Turn, words: tuple[str, ...]) -> None:
    """The language that the person named is chosen, or all are offered."""
    wanted = match_locale(words[0]) if len(words) == 1 else None
    if wanted is None:
        show_languages(turn)
        return
    speak(turn, settings_words.SPEAK[wanted])


def speak(turn: Turn, verb: Verb) -> None:
    """The person is written to in this language from now on, and the menu of the chat is in it, too."""
    locale = LOCALE_OF[verb]
    recipients.choose_locale(turn.session, turn.person.recipient.id, locale)
    words = turn.talk.speaking.words(locale, turn.person.zone)
    turn.settle(settings_words.language_is(words))
    for place in turn.person.recipient.addresses:
        if place.channel is ChannelName.TELEGRAM and place.reach is Reach.REACHABLE:
            is_staff = members.find(turn.session, place.key) is not None
            lane = lanes.of(turn.session, place)
            said = menu.menu(words, staff=is_staff)
            turn.replies.say(said, to=place, lane=lane, surface=Surface.MENU)


def offer_language(turn: Turn, languages: frozenset[str]) -> None:
    """Somebody who has clearly answered in one other language may have us write in it; offered once."""
    if len(languages) != 1 or turn.words.locale in languages:
        return
    (locale,) = languages
    if locale in LOCALES and recipients.offer_locale(turn.session, turn.person.recipient.id, locale):
        turn.say(settings_words.language_offer(turn.talk.speaking.words(locale, turn.person.zone)))


def name_zone(turn: Turn, words: tuple[str, ...]) -> None:
    """The zone that the person named is chosen; without a name some are offered, and a wrong one is told."""
    usage = menu.usage(turn.person.address.channel, "timezone")
    if not words:
        offered = OFFERED[turn.words.locale]
        now = turn.replies.now
        turn.say(
            settings_words.zones(turn.words, zone=turn.person.zone, offered=offered, usage=usage, now=now)
        )
        return
    name = "_".join(words)[:LONGEST_NAME]
    try:
        chosen = zone(_spelled(name)).key
    except UnknownZone as error:
        said = settings_words.zone_unknown(turn.words, name=name, nearest=error.nearest, usage=usage)
        turn.say(said)
        return
    live_in(turn, chosen)


def take_offered_zone(turn: Turn, verb: Verb, *, locale: str) -> None:
    """The zone of this button, which was offered in this language, is chosen."""
    offered = OFFERED[locale]
    place = settings_words.ZONE_VERBS.index(verb)
    if place < len(offered):
        live_in(turn, offered[place])


def live_in(turn: Turn, chosen: str) -> None:
    """Times are shown, and messages come, by the clock of this zone; what is planned follows."""
    recipients.choose_zone(turn.session, turn.person.recipient.id, chosen)
    words = turn.talk.words_for(meet_again(turn.session, turn.person))
    turn.settle(settings_words.zone_is(words, zone=chosen, now=turn.replies.now))


def _spelled(name: str) -> str:
    """The zone's own spelling, where only the case is another: `europe/paris`."""
    if is_zone(name):
        return name
    parts = ["_".join(word.capitalize() for word in part.split("_")) for part in name.lower().split("/")]
    return "/".join(parts) if is_zone("/".join(parts)) else name
