"""Words, dates and numbers for six languages; the only home of Babel."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
from typing import Final, Self
from unicodedata import bidirectional
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import (
    format_date,
    format_datetime,
    format_time,
    format_timedelta,
    get_timezone_location,
    get_timezone_name,
)
from babel.lists import format_list
from babel.messages.catalog import Message as Entry
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

from bot.exceptions import BadFile

LOCALES: Final = ("id", "en", "zh", "ja", "ar", "fr")
LANGUAGE_NAMES: Final = {
    "id": "Bahasa Indonesia",
    "en": "English",
    "zh": "中文",
    "ja": "日本語",
    "ar": "العربية",
    "fr": "Français",
}
AUTHORITATIVE: Final = "id"
BOT: Final = "bot"  # the domain of the bot's own words; a campaign's template is a domain of its own
PAGES: Final = "pages"  # the domain of the staff pages
PAGE_LOCALES: Final = ("id", "en")  # the languages that the staff pages speak

ISOLATE, POP_ISOLATE, RIGHT_TO_LEFT_MARK = "\u2068", "\u2069", "\u200f"
WEEKEND: Final = frozenset({6, 7})

_OLD_CODES = {"in": "id"}  # what Java-made clients still call Indonesian
_DAY_AND_TIME = {"id": "{1}, {0}", "fr": "{1} 'à' {0}"}  # where CLDR's join reads badly after a weekday
_MOMENT = {"fr": "{1} 'à' {0}"}
_PLACE = re.compile(r"\{(\w+)\}")
_HEADER = re.compile(r'^"(X-[\w-]+): *(.*?)(?:\\n)?"$', re.MULTILINE)  # Babel drops those it does not know
_FACT = re.compile(r"\bF\d\d\b")


@dataclass(frozen=True, slots=True)
class Place:
    """One place of a template: its name, and the facts that its words rest on."""

    name: str
    facts: frozenset[str]


class Catalog:
    """The words of one domain in one language.

    Values are filled into their named places; in a language written from right to left each is set apart
    by isolates, so that neither it nor what follows is turned round.
    """

    def __init__(self, path: Path, locale: str, domain: str) -> None:
        source = path.read_text(encoding="utf-8")
        try:
            parsed = read_po(BytesIO(source.encode()), locale=locale, domain=domain, abort_invalid=True)
        except ValueError as error:
            raise BadFile(str(path), str(error)) from error
        compiled = BytesIO()
        write_mo(compiled, parsed)
        compiled.seek(0)
        self.path, self.locale, self.domain = path, locale, domain
        self.is_whole = not any(_is_missing(entry) for entry in parsed if entry.id)
        self.places = tuple(_place(entry) for entry in parsed if entry.id and entry.context)
        self._texts = {entry.context: str(entry.string) for entry in parsed if entry.context and entry.string}
        self._translations = GNUTranslations(compiled)
        self._headers = dict(_HEADER.findall(source))

    @property
    def machine_made(self) -> bool:
        """Whether a machine made these words and no human has reviewed them."""
        return self.is_from_machine and not self.reviewed_by

    @property
    def is_from_machine(self) -> bool:
        """Whether a machine made these words, reviewed or not."""
        return self._headers.get("X-Translation-Origin") == "machine"

    @property
    def reviewed_by(self) -> str | None:
        """Who has reviewed these words, and when; None when nobody has."""
        return self._headers.get("X-Reviewed-By") or None

    def gettext(self, text: str, **values: str) -> str:
        """`text` in this language."""
        return self.fill(self._translations.gettext(text), **values)

    def pgettext(self, context: str, text: str, **values: str) -> str:
        """`text` as it reads in `context`."""
        return self.fill(self._translations.pgettext(context, text), **values)

    def ngettext(self, one: str, many: str, count: int, **values: str) -> str:
        """The form of the sentence for `count`, which stands in it as `{count}`."""
        number = shown_number(count, self.locale)
        return self.fill(self._translations.ngettext(one, many, count), count=number, **values)

    def at(self, place: str) -> str | None:
        """A template's words at `place`, with their places still open; None when it has none there."""
        return self._texts.get(place)

    def fill(self, text: str, **values: str) -> str:
        """`text` with each `{name}` replaced; a name without a value stays as it is."""
        return filled(text, self.locale, **values)


class Catalogs:
    """All catalogs of a folder, read and compiled in memory when they are first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[tuple[str, str], Catalog | None] = {}

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The catalogs `<folder>/<locale>/LC_MESSAGES/<domain>.po`; the bot's own words are there."""
        catalogs = cls(folder)
        catalogs.for_locale(AUTHORITATIVE, BOT)
        return catalogs

    def read_all(self) -> Self:
        """The same; no message will wait until a catalog is read, or how its language writes days and numbers."""
        for locale in LOCALES:
            for domain in (BOT, *self.templates()):
                self._catalog(locale, domain)
            shown_day_and_time(datetime.now(UTC), locale, "UTC")
        return self

    def for_locale(self, locale: str | None, domain: str, *, authoritative: str = AUTHORITATIVE) -> Catalog:
        """The first catalog without a gap among: this locale's, its language's, the authoritative one's.

        A message is never put together from two languages: one missing sentence changes the whole. Only
        the authoritative words are taken with a gap as well, since there is nothing to take instead.
        """
        candidates = (locale, match_locale(locale), authoritative, AUTHORITATIVE)
        found = [c for name in candidates if name and (c := self._catalog(name, domain)) is not None]
        for catalog in found:
            if catalog.is_whole:
                return catalog
        if not found:
            raise BadFile(str(self._folder), f"no catalog of `{domain}`, not even in `{authoritative}`")
        return found[-1]

    def has(self, domain: str) -> bool:
        """Whether there is a catalog of this domain in any language."""
        return any(self._catalog(locale, domain) is not None for locale in LOCALES)

    def templates(self) -> tuple[str, ...]:
        """The templates that ship with the program."""
        found = (path.stem for path in (self._folder / AUTHORITATIVE / "LC_MESSAGES").glob("*.po"))
        return tuple(sorted(name for name in found if name not in (BOT, PAGES)))

    def _catalog(self, locale: str, domain: str) -> Catalog | None:
        key = (locale, domain)
        if key not in self._known:
            path = self._folder / locale / "LC_MESSAGES" / f"{domain}.po"
            self._known[key] = Catalog(path, locale, domain) if path.is_file() else None
        return self._known[key]


@dataclass(frozen=True, slots=True)
class Words:
    """Our own words for one person: their language, and the zone their times are shown in."""

    catalogs: Catalogs
    locale: str
    zone: str
    authoritative: str = AUTHORITATIVE
    domain: str = BOT

    @property
    def catalog(self) -> Catalog:
        """The catalog of these words for this person."""
        return self.catalogs.for_locale(self.locale, self.domain, authoritative=self.authoritative)

    def gettext(self, text: str, **values: str) -> str:
        """`text` in this person's language."""
        return self.catalog.gettext(text, **values)

    def pgettext(self, context: str, text: str, **values: str) -> str:
        """`text` as it reads in `context`."""
        return self.catalog.pgettext(context, text, **values)

    def ngettext(self, one: str, many: str, count: int, **values: str) -> str:
        """The form of the sentence for `count`."""
        return self.catalog.ngettext(one, many, count, **values)

    def day_and_time(self, instant: datetime) -> str:
        """`Minggu, 28 September 2025, 23.59`, on this person's clock."""
        return shown_day_and_time(instant, self.catalog.locale, self.zone)

    def moment(self, instant: datetime) -> str:
        """`25 September 2025 09.12`, on this person's clock."""
        return shown_moment(instant, self.catalog.locale, self.zone)

    def day(self, day: date) -> str:
        """`28 September 2025`."""
        return format_date(day, "long", locale=self.catalog.locale)

    def on_clock_of(self, zone: str) -> "Words":
        """The same words, with instants shown on the clock of another zone."""
        return replace(self, zone=zone)


def match_locale(tag: str | None) -> str | None:
    """The one of our locales that serves a language tag such as `zh-Hant-TW` or `pt_BR`; None if none does."""
    if not tag:
        return None
    language = re.split(r"[-_@.]", tag.strip().casefold(), maxsplit=1)[0]
    language = _OLD_CODES.get(language, language)
    return language if language in LOCALES else None


def language_name(locale: str) -> str:
    """The name of one of our languages in that language."""
    return LANGUAGE_NAMES[locale]


def is_right_to_left(locale: str) -> bool:
    """Whether the language is written from right to left."""
    return Locale.parse(locale).text_direction == "rtl"


def filled(text: str, locale: str, **values: str) -> str:
    """`text` with each `{name}` replaced and set apart; a name without a value stays as it is."""

    def value(found: re.Match[str]) -> str:
        given = values.get(found[1])
        return found[0] if given is None else set_apart(given, locale)

    return _PLACE.sub(value, text)


def set_apart(value: str, locale: str) -> str:
    """`value` so that it does not disturb the direction of what stands around it."""
    return f"{ISOLATE}{value}{POP_ISOLATE}" if is_right_to_left(locale) else value


def directed(text: str, locale: str) -> str:
    """`text` with every line beginning in the language's own direction, whatever its first letter is."""
    if not is_right_to_left(locale):
        return text
    return "\n".join(_directed_line(line) for line in text.split("\n"))


def shown_day_and_time(instant: datetime, locale: str, zone: str) -> str:
    """An instant with its day of the week: `Minggu, 28 September 2025, 23.59`."""
    local = instant.astimezone(ZoneInfo(zone))
    day = format_date(local.date(), "full", locale=locale)
    return _joined(day, shown_time(instant, locale, zone), _DAY_AND_TIME.get(locale), locale)


def shown_moment(instant: datetime, locale: str, zone: str) -> str:
    """An instant: `25 September 2025 09.12`."""
    local = instant.astimezone(ZoneInfo(zone))
    day = format_date(local.date(), "long", locale=locale)
    return _joined(day, shown_time(instant, locale, zone), _MOMENT.get(locale), locale)


def shown_brief(instant: datetime, locale: str, zone: str) -> str:
    """An instant for a crowded card: `28 Sep 23.59`."""
    local = instant.astimezone(ZoneInfo(zone))
    day = format_datetime(local.replace(tzinfo=None), _day_pattern(locale), locale=locale)
    return _joined(day, shown_time(instant, locale, zone), "{1} {0}", locale)


def shown_date(instant: datetime, locale: str, zone: str) -> str:
    """The date of an instant: `28 September 2025`."""
    return format_date(instant.astimezone(ZoneInfo(zone)).date(), "long", locale=locale)


def shown_time(instant: datetime, locale: str, zone: str) -> str:
    """The time of day of an instant: `23.59`."""
    return format_time(instant.astimezone(ZoneInfo(zone)).time(), "short", locale=locale)


def weekday(instant: datetime, locale: str, zone: str) -> str:
    """The day of the week of an instant: `Minggu`."""
    return format_date(instant.astimezone(ZoneInfo(zone)).date(), "EEEE", locale=locale)


def zone_name(instant: datetime, locale: str, zone: str) -> str:
    """What a zone's time is called at an instant: `Waktu Indonesia Barat`."""
    return get_timezone_name(instant.astimezone(ZoneInfo(zone)), width="long", locale=locale)


def zone_place(zone: str, locale: str) -> str:
    """The town that a zone is named after: `Jayapura`, `القاهرة`."""
    return get_timezone_location(ZoneInfo(zone), locale=locale, return_city=True)


def shown_number(number: int, locale: str) -> str:
    """A number with the language's grouping: `10.802`."""
    return format_decimal(number, locale=locale)


def shown_decimal(number: float, locale: str) -> str:
    """A number with at most one digit after the point: `29,9`."""
    return format_decimal(round(number, 1), locale=locale)


def shown_share(part: int, whole: int, locale: str) -> str:
    """A part in per cent, never rounded up to all of it: `76 %`."""
    share = part * 100 // whole if whole else 100
    return format_percent(share / 100, locale=locale)


def shown_duration(length: timedelta, locale: str) -> str:
    """A length of time in the largest unit of which there are three: `7 jam`, but `153 menit`."""
    return format_timedelta(length, threshold=3, locale=locale)


def shown_list(items: tuple[str, ...], locale: str) -> str:
    """Things in a row: `Telegram dan Slack`."""
    return format_list(items, locale=locale)


@cache
def rest_days(zone: str) -> frozenset[int]:
    """The ISO weekdays on which the zone's territory rests, by CLDR; Saturday and Sunday where unknown."""
    territory = _territory(zone)
    if territory is None:
        return WEEKEND
    try:
        place = Locale.parse(f"und_{territory}")
    except UnknownLocaleError:  # the territory has no language of its own
        return WEEKEND
    return frozenset(_weekdays(place.weekend_start, place.weekend_end))


def _territory(zone: str) -> str | None:
    canonical = get_global("zone_aliases").get(zone, zone)
    return get_global("zone_territories").get(canonical)


def _weekdays(first: int, last: int) -> list[int]:
    return [(first + step) % 7 + 1 for step in range((last - first) % 7 + 1)]


def _joined(day: str, time: str, pattern: str | None, locale: str) -> str:
    pattern = pattern or str(Locale.parse(locale).datetime_formats["long"])
    return pattern.replace("'", "").replace("{1}", day).replace("{0}", time)


def _day_pattern(locale: str) -> str:
    return str(Locale.parse(locale).datetime_skeletons["MMMd"].pattern)


def _directed_line(line: str) -> str:
    if not line or bidirectional(line[0]) in ("R", "AL"):
        return line
    return RIGHT_TO_LEFT_MARK + line


def _is_missing(entry: Entry) -> bool:
    forms = entry.string if isinstance(entry.string, tuple | list) else (entry.string,)
    return entry.fuzzy or not all(forms)


def _place(entry: Entry) -> Place:
    return Place(str(entry.context), frozenset(_FACT.findall(" ".join(entry.auto_comments))))
