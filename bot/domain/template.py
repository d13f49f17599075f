"""A campaign's own words: text by place and language, known by the hash of them all."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.domain.campaign import canonical
from bot.domain.message import MessageKind

NO_FACT: Final = "none"  # stands where facts would: the words state none
PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
OPERATOR, WHEN = "operator", "when"

STEPS: Final = (
    MessageKind.NOTICE,
    MessageKind.REMINDER,
    MessageKind.LAST_REMINDER,
    MessageKind.CORRECTION,
    MessageKind.CLOSING,
)
SHARED: Final = (
    "title",
    "question",
    "choice.opt_in",
    "choice.opt_out",
    "choice.opt_in.change",
    "choice.opt_out.change",
    "receipt.recorded",
    "receipt.applied",
)
NEEDED: Final = (
    *SHARED,
    *(f"{kind}.headline" for kind in STEPS),
    *(f"{kind}.deadline" for kind in STEPS if kind is not MessageKind.CLOSING),
)
NUMBERED: Final = ("item", "paragraph", "long")

_STEP_PLACE = re.compile(rf"({'|'.join(STEPS)})\.(headline|deadline|({'|'.join(NUMBERED)})\.[1-9]\d?)")


class Origin(StrEnum):
    """Who made the words of one language."""

    HUMAN = "human"
    MACHINE = "machine"


@dataclass(frozen=True, slots=True)
class PlacedText:
    """The words at one place, and the facts that they rest on."""

    text: str
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LocaleWords:
    """A template's words in one language, by place, in the order in which they are read."""

    locale: str
    texts: Mapping[str, PlacedText]
    origin: Origin = Origin.HUMAN
    reviewed_by: str | None = None

    @property
    def machine_made(self) -> bool:
        """Whether a machine made these words and no human has reviewed them."""
        return self.origin is Origin.MACHINE and not self.reviewed_by

    def text(self, place: str) -> str | None:
        """The words at `place`, with their placeholders still open; None when there are none."""
        found = self.texts.get(place)
        return found.text if found else None

    def facts(self, kind: MessageKind) -> frozenset[str]:
        """The facts that a message of this kind rests on, by its own places."""
        own = (found.facts for place, found in self.texts.items() if place.startswith(f"{kind}."))
        return frozenset(fact for facts in own for fact in facts)


@dataclass(frozen=True, slots=True)
class CampaignWords:
    """A template as a campaign has it of its own, in some languages."""

    locales: Mapping[str, LocaleWords]

    @property
    def hash(self) -> str:
        """SHA-256 over all words in all languages, in hex: the name under which they are kept."""
        return hashlib.sha256(canonical(tuple(self._rows()))).hexdigest()

    def best(self, wanted: Iterable[str | None], *, authoritative: str) -> LocaleWords | None:
        """The words of the first of these languages that is whole, else of the authoritative one."""
        for locale in (*wanted, authoritative):
            if locale is not None and self.is_whole(locale, authoritative=authoritative):
                return self.locales[locale]
        return None

    def is_whole(self, locale: str, *, authoritative: str) -> bool:
        """Whether this language has words at exactly the places of the authoritative one."""
        ours, theirs = self.locales.get(locale), self.locales.get(authoritative)
        if ours is None or theirs is None:
            return False
        return all(found.text for found in ours.texts.values()) and ours.texts.keys() == theirs.texts.keys()

    def _rows(self) -> Iterator[tuple[object, ...]]:
        for locale, words in sorted(self.locales.items()):
            yield locale, words.origin, words.reviewed_by
            for place, found in words.texts.items():
                yield locale, place, found.text, found.facts


def is_place(name: str) -> bool:
    """Whether a template may have words there."""
    return name in SHARED or _STEP_PLACE.fullmatch(name) is not None


def problem_with(place: str, text: str) -> str | None:
    """What is wrong with these words at this place; None when nothing is."""
    names = PLACEHOLDER.findall(text)
    allowed = {OPERATOR, WHEN} if place.endswith(".deadline") else {OPERATOR}
    for name in names:
        if name not in allowed:
            known = " and ".join(f"{{{name}}}" for name in sorted(allowed))
            return f"{{{name}}} means nothing here: expected {known}, or no braces."
    if place.endswith(".deadline") and names.count(WHEN) != 1:
        return "expected {when} once: it is where the deadline goes."
    if set("{}") & set(PLACEHOLDER.sub("", text)):
        return "a brace without its other half."
    return None
