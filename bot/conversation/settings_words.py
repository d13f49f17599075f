"""What the bot says about a person's settings: the language, the zone, and whether messages are on."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from bot.conversation.plain_words import plain
from bot.domain.message import Button, Fact, Message, MessageKind, Verb
from bot.i18n import LOCALES, Words, language_name, shown_time, zone_name, zone_place

SPEAK: Final[Mapping[str, Verb]] = {locale: Verb(f"v{locale[0]}") for locale in LOCALES}
ZONE_VERBS: Final = tuple(Verb(f"z{n}") for n in range(1, 7))


def settings(words: Words, *, muted: bool, zone: str | None, now: datetime) -> tuple[Fact, ...]:
    """Whether messages are on, the language and the zone, each as a fact."""
    return (
        Fact(words.gettext("Messages"), words.gettext("off") if muted else words.gettext("on")),
        Fact(words.gettext("Language"), language_name(words.locale)),
        Fact(words.gettext("Time zone"), _zone(words, zone, now)),
    )


def languages(words: Words) -> Message:
    """The languages to choose from, each by its own name."""
    return plain(
        words,
        MessageKind.LANGUAGE,
        words.gettext("In which language shall we write to you?"),
        words.gettext("Answers in words are understood in all of them."),
        secondary=language_buttons(),
    )


def language_buttons() -> tuple[Button, ...]:
    """One button a language; a tap chooses it."""
    return tuple(Button(language_name(locale), verb) for locale, verb in SPEAK.items())


def language_is(words: Words) -> Message:
    """The language is chosen; these are words in it."""
    text = words.gettext("From now on we write to you in {language}.", language=language_name(words.locale))
    return plain(words, MessageKind.LANGUAGE, text)


def language_offer(words: Words) -> Message:
    """To somebody who has answered in another language than ours; these are words in theirs."""
    name = language_name(words.locale)
    return plain(
        words,
        MessageKind.LANGUAGE,
        words.gettext("You have written in {language}.", language=name),
        words.gettext("If you like, we write to you in {language} from now on.", language=name),
        secondary=(Button(name, SPEAK[words.locale]),),
    )


def zones(words: Words, *, zone: str | None, offered: Sequence[str], usage: str, now: datetime) -> Message:
    """The zone as it is known, some to choose from, and how any other is named."""
    return plain(
        words,
        MessageKind.ZONE,
        words.gettext("By which clock shall we show times to you?"),
        words.gettext("For another zone, write its name: {usage}", usage=f"{usage} Europe/Paris"),
        facts=(Fact(words.gettext("Time zone"), _zone(words, zone, now)),),
        secondary=tuple(
            Button(zone_place(name, words.locale), verb)
            for name, verb in zip(offered, ZONE_VERBS, strict=False)
        ),
    )


def zone_is(words: Words, *, zone: str, now: datetime) -> Message:
    """The zone is chosen; times and the deadline follow it."""
    return plain(
        words,
        MessageKind.ZONE,
        words.gettext(
            "From now on we show times by the clock of {place}.", place=zone_place(zone, words.locale)
        ),
        words.gettext("It is {time} there now.", time=shown_time(now, words.locale, zone)),
        words.gettext("The deadline is the end of the day on that clock."),
    )


def zone_unknown(words: Words, *, name: str, nearest: str | None, usage: str) -> Message:
    """There is no zone of that name; the nearest one, if one is near."""
    texts = [words.gettext("Nothing has been changed.")]
    if nearest is not None:
        texts.append(words.gettext("Perhaps you mean {usage}", usage=f"{usage} {nearest}"))
    headline = words.gettext("There is no time zone called {name}.", name=name)
    return plain(words, MessageKind.ZONE, headline, *texts)


def _zone(words: Words, zone: str | None, now: datetime) -> str:
    return zone_name(now, words.locale, zone) if zone else words.gettext("not known")
