"""The form for words: those of one language at every place, filled with what they are now."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.campaigns import templates
from bot.conversation.sitting import Carried, at, one
from bot.domain.form import LONGEST_TEXT, MOST_FIELDS, Field, FilledIn, Text
from bot.domain.template import NEEDED, CampaignWords, LocaleWords
from bot.exceptions import FormFaulty
from bot.i18n import Words

LONGEST_HINT: Final = 1000
LONG: Final = 60  # characters; what has more gets several lines


@dataclass(frozen=True, slots=True)
class Page:
    """The words `known`, to be written in `locale`."""

    known: CampaignWords
    locale: str
    authoritative: str

    @property
    def fields(self) -> tuple[Field, ...]:
        """A field for each place that one page has room for; what does not fit in stays as it is."""
        return tuple(self._field(place) for place in self._places)

    @property
    def names(self) -> tuple[str, ...]:
        """What the fields are called."""
        return tuple(at(place) for place in self._places)

    def written(self, said: FilledIn) -> LocaleWords | None:
        """The words as filled in, each checked at its place; None when none was changed."""
        texts = {place: found.text for place, found in self._ours.texts.items()}
        before = dict(texts)
        texts |= {place: one(said, at(place)) for place in self._places if at(place) in said}
        if _filled(texts) == _filled(before):
            return None
        return templates.typed(self.known, self.locale, texts, authoritative=self.authoritative)

    @property
    def _places(self) -> tuple[str, ...]:
        every = dict.fromkeys((*self._source.texts, *self._ours.texts, *NEEDED))
        fitting = [place for place in every if len(self._ours.text(place) or "") <= LONGEST_TEXT]
        return tuple(fitting[:MOST_FIELDS])

    @property
    def _ours(self) -> LocaleWords:
        return self.known.locales.get(self.locale) or LocaleWords(self.locale, {})

    @property
    def _source(self) -> LocaleWords:
        return self.known.locales.get(self.authoritative) or LocaleWords(self.authoritative, {})

    def _field(self, place: str) -> Field:
        text, original = self._ours.text(place) or "", self._source.text(place) or ""
        is_source = self.locale == self.authoritative
        long = max(len(text), len(original)) > LONG or "\n" in text
        return Field(
            at(place),
            place,
            Text(text, long=long and not place.startswith("choice.")),
            hint=None if is_source or not original else _cut(original),
            optional=not is_source or place not in NEEDED,
        )


def require_fresh(words: Words, page: Page, carried: Carried) -> None:
    """Raise `FormFaulty` when the words have been changed since they were shown: what others wrote is not
    written over unseen."""
    if page.known.hash != carried.one("known"):
        problem = words.gettext("The words have changed meanwhile. Please open the form again.")
        raise FormFaulty({page.names[0]: problem})


def _filled(texts: Mapping[str, str]) -> dict[str, str]:
    return {place: text for place, text in texts.items() if text}


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_HINT else f"{text[:LONGEST_HINT]}…"
