"""What makes a catalog of words whole, one rule a function."""

import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from gettext import c2py
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog, Message

PLACE = re.compile(r"\{\w*\}")
WORD = re.compile(r"[A-Za-z]+|[^\W\d_A-Za-z]+")  # a Latin name may be joined to an Arabic "and"
COUNTS = (0, 1, 2, 3, 5, 11, 100)
OPENING, CLOSING = "\u2066\u2067\u2068", "\u2069"
SCRIPTS = {
    "id": ("LATIN",),
    "en": ("LATIN",),
    "fr": ("LATIN",),
    "zh": ("CJK",),
    "ja": ("CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"),
    "ar": ("ARABIC",),
}
FRENCH = re.compile(r"(?<![\u202f\d])[:;!?»]|«(?!\u202f)")  # a colon between digits is a time


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What a reader has found right although a rule would not."""

    names: frozenset[str]  # written in Latin letters in every language
    same: frozenset[str]  # strings that read the same as in English


@dataclass(frozen=True, slots=True)
class Entry:
    """One string of a catalog, in every form that it has."""

    source: Message
    forms: tuple[str, ...]
    locale: str
    reviewed: Reviewed


def problems_of(catalog: Catalog, template: Catalog, locale: str, folder: Path) -> Iterator[str]:
    """Everything that is wrong with `catalog` as the `locale` side of `template`."""
    yield from _plural_header(catalog, locale)
    yield from _against_template(catalog, template)
    reviewed = _reviewed(folder, locale)
    for message in catalog:
        if not message.id:
            continue
        entry = Entry(message, _forms(message.string), locale, reviewed)
        if message.fuzzy or not entry.forms or not all(entry.forms):
            yield f"missing or fuzzy: {_named(message)}"
            continue
        for rule in RULES:
            yield from (f"{problem}: {_named(message)}" for problem in rule(entry))


def _plural_header(catalog: Catalog, locale: str) -> Iterator[str]:
    """The header must number the plural forms as CLDR orders them, which is the usual gettext order."""
    plural = c2py(catalog.plural_expr)
    rule = Locale.parse(locale).plural_form
    order = ("zero", "one", "two", "few", "many", "other")
    used = sorted({rule(n) for n in range(201)}, key=order.index)
    if catalog.num_plurals != len(used) or any(plural(n) != used.index(rule(n)) for n in COUNTS):
        yield "wrong plural header"


def _against_template(catalog: Catalog, template: Catalog) -> Iterator[str]:
    ours = {_key(message): sorted(message.auto_comments) for message in catalog if message.id}
    theirs = {_key(message): sorted(message.auto_comments) for message in template if message.id}
    if ours != theirs:
        changed = {key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key)}
        yield f"{len(changed)} entries differ from the template; run `make catalogs`"


def _places(entry: Entry) -> Iterator[str]:
    """`{count}` alone may be left out, where a form stands for one number only ("one day")."""
    plural = not isinstance(entry.source.id, str)
    wanted = _counted(_forms(entry.source.id)[-1])
    for form in entry.forms:
        missing, extra = wanted - _counted(form), _counted(form) - wanted
        if extra or missing - (Counter(["{count}"]) if plural else Counter()):
            yield "unequal placeholders"


def _isolates(entry: Entry) -> Iterator[str]:
    for form in entry.forms:
        depth = 0
        for letter in form:
            depth += (letter in OPENING) - (letter == CLOSING)
            if depth < 0:
                break
        if depth:
            yield "an unbalanced isolate"


def _script(entry: Entry) -> Iterator[str]:
    own = SCRIPTS[entry.locale]
    for form in entry.forms:
        text = PLACE.sub(" ", form)
        words = [word for word in WORD.findall(text) if word not in entry.reviewed.names]
        letters = [letter for word in words for letter in word]
        if any(_script_of(letter) not in own for letter in letters):
            yield "letters of another script"


def _same_as_english(entry: Entry) -> Iterator[str]:
    if entry.locale == "en" or entry.forms[0] in entry.reviewed.same:
        return
    letters = re.sub(r"[\W\d_]", "", PLACE.sub("", entry.forms[0]))
    if letters and entry.forms[0] in _forms(entry.source.id):
        yield "the same as in English"


def _punctuation(entry: Entry) -> Iterator[str]:
    for form in entry.forms:
        if "!" in form or "！" in form:
            yield "an exclamation mark"
        if entry.locale == "fr" and FRENCH.search(form):
            yield "no narrow no-break space (U+202F) where French has one"


RULES: tuple[Callable[[Entry], Iterator[str]], ...] = (
    _places,
    _isolates,
    _script,
    _same_as_english,
    _punctuation,
)


@cache
def _reviewed(folder: Path, locale: str) -> Reviewed:
    found = tomllib.loads((folder / "reviewed.toml").read_text(encoding="utf-8"))
    return Reviewed(frozenset(found["names"]), frozenset(found["same"].get(locale, ())))


def _script_of(letter: str) -> str:
    """The first word of the letter's name, such as LATIN; marks and modifiers count as their script's."""
    return unicodedata.name(letter, "UNKNOWN").split()[0]


def _counted(text: str) -> Counter[str]:
    return Counter(PLACE.findall(text))


def _forms(strings: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (strings,) if isinstance(strings, str) else tuple(strings or ())


def _key(message: Message) -> tuple[str | None, tuple[str, ...]]:
    return message.context, _forms(message.id)


def _named(message: Message) -> str:
    text = _forms(message.id)[0]
    return f"{message.context or ''} “{text[:60]}”".strip()
