"""A campaign's messages, put together from its template; nothing here knows any one campaign's words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, Self

from bot.domain.campaign import CampaignDocument
from bot.domain.choice import ChoiceValue
from bot.domain.message import Button, Link, Message, MessageKind, Paragraph, ShownTime, Verb
from bot.domain.template import CampaignWords, LocaleWords, Origin, PlacedText
from bot.exceptions import BadFile
from bot.i18n import (
    Catalog,
    Catalogs,
    Words,
    directed,
    filled,
    language_name,
    match_locale,
    set_apart,
    zone_name,
)

BULLET: Final = "• "
ASKING: Final = (
    MessageKind.NOTICE,
    MessageKind.REMINDER,
    MessageKind.LAST_REMINDER,
    MessageKind.CORRECTION,
)
VERBS: Final = {ChoiceValue.OPT_IN: Verb.OPT_IN, ChoiceValue.OPT_OUT: Verb.OPT_OUT}  # in the order shown


@dataclass(frozen=True, slots=True)
class Template:
    """A campaign's own words in one language, and the bot's words that go with them.

    Its places: `title`, `question`, `choice.<answer>`, `choice.<answer>.change`, `receipt.recorded`,
    `receipt.applied`, and for each kind of message `<kind>.headline`, `<kind>.item.<n>`,
    `<kind>.paragraph.<n>`, `<kind>.deadline`, `<kind>.long.<n>`, as many of each as the template has.
    `zone_known` is whether times can be called the reader's own.
    """

    name: str
    said: LocaleWords
    words: Words
    link: str
    operator: str
    zone_known: bool = True

    @classmethod
    def of(
        cls,
        document: CampaignDocument,
        *,
        locale: str | None,
        zone: str | None,
        operator: str,
        catalogs: Catalogs,
        own: CampaignWords | None = None,
    ) -> Self:
        """The campaign's words in `locale`, or in its authoritative language where they are not whole.

        `own` are the words that the campaign has of its own; without them it speaks those of the shipped
        template. Times are shown in `zone`; without one in the campaign's, and then by the zone's name.
        """
        said = _own(document, own, locale) if own else _shipped(document, catalogs, locale)
        words = Words(catalogs, said.locale, zone or document.zone, document.authoritative_locale)
        named = operator or words.pgettext("who sends", "the operator of this bot")
        return cls(document.template, said, words, document.link, named, zone is not None)

    @property
    def locale(self) -> str:
        """The language of the words."""
        return self.said.locale

    @property
    def machine_made(self) -> bool:
        """Whether a machine made these words and no human has reviewed them."""
        return self.said.machine_made or self.words.catalog.machine_made

    @property
    def title(self) -> str:
        """What the campaign is about, in a few words."""
        return self.need("title")

    @property
    def question(self) -> str:
        """The one question that the campaign asks."""
        return self.need("question")

    @property
    def answers(self) -> tuple[Button, ...]:
        """Both answers, always in this order and in the same words."""
        return tuple(Button(self.label(value), verb) for value, verb in VERBS.items())

    @property
    def full_text(self) -> Link:
        """Where the original is published."""
        return Link(self.words.gettext("Full text"), self.link)

    def label(self, value: ChoiceValue) -> str:
        """The words of one answer: they name the act."""
        return self.need(f"choice.{value}")

    def change_to(self, value: ChoiceValue) -> Button:
        """The button that changes a recorded choice into `value`, in one tap."""
        return Button(self.need(f"choice.{value}.change"), VERBS[value])

    def text(self, place: str) -> str | None:
        """The words at `place` with the operator's name in them; None when the template has none there."""
        text = self.said.text(place)
        return None if text is None else filled(text, self.locale, operator=self.operator)

    def need(self, place: str) -> str:
        """The words at `place`, without which no message can be made."""
        text = self.text(place)
        if text is None:
            raise BadFile(self.name, f"the template has no words for {self.locale}", key=place)
        return text

    def texts(self, kind: str, part: str) -> Iterator[str]:
        """The words at `<kind>.<part>.1`, `.2`, … as far as they go."""
        pattern = re.compile(rf"{re.escape(kind)}\.{part}\.\d+")
        numbered = [place for place in self.said.texts if pattern.fullmatch(place)]
        for name in sorted(numbered, key=lambda name: int(name.rpartition(".")[2])):
            yield self.need(name)

    def until(self, place: str, deadline: datetime) -> ShownTime | None:
        """The sentence at `place` about the deadline; None when the template has none there."""
        sentence = self.text(place)
        if sentence is None:
            return None
        apart = sentence.replace("{when}", set_apart("{when}", self.locale))
        return ShownTime(directed(apart, self.locale), self.when(deadline), deadline.astimezone(UTC))

    def when(self, instant: datetime) -> str:
        """An instant with its day, said to be on the reader's clock or else in the named zone."""
        shown = self.words.day_and_time(instant)
        if self.zone_known:
            return self.words.pgettext("an instant", "{when}, your time", when=shown)
        zone = zone_name(instant, self.locale, self.words.zone)
        return self.words.pgettext("an instant", "{when} ({zone})", when=shown, zone=zone)


def compose(
    kind: MessageKind,
    *,
    document: CampaignDocument,
    locale: str | None,
    deadline: datetime,
    zone: str | None,
    operator: str,
    catalogs: Catalogs,
    own: CampaignWords | None = None,
    back_to: str | None = None,
) -> Message:
    """One message of a campaign: a notice, a reminder, the last one, a correction or the closing note.

    `deadline` is the last second of the recipient's day; without a `zone` it is shown in the campaign's,
    by name. `back_to` is the language of a reader who asked for the original: the message then has a
    button that leads back to it.
    """
    template = Template.of(document, locale=locale, zone=zone, operator=operator, catalogs=catalogs, own=own)
    words, machine_made = template.words, template.machine_made
    return Message(
        kind=kind,
        locale=template.locale,
        headline=directed(template.need(f"{kind}.headline"), template.locale),
        paragraphs=tuple(_paragraphs(template, kind)),
        deadline=template.until(f"{kind}.deadline", deadline),
        choices=template.answers if kind in ASKING else (),
        secondary=(
            *_later(words, kind),
            template.full_text,
            *language_button(words, machine_made=machine_made, back_to=back_to),
        ),
        footnote=footnote(words, machine_made=machine_made),
    )


@lru_cache(maxsize=64)
def words_of(catalog: Catalog) -> LocaleWords:
    """A shipped template's words in one language."""
    texts = {
        place.name: PlacedText(catalog.at(place.name) or "", tuple(sorted(place.facts)))
        for place in catalog.places
    }
    origin = Origin.MACHINE if catalog.is_from_machine else Origin.HUMAN
    return LocaleWords(catalog.locale, texts, origin, catalog.reviewed_by)


def footnote(words: Words, *, machine_made: bool) -> str | None:
    """The line that says that a machine has translated this; None where a human answers for the words."""
    if not machine_made:
        return None
    line = words.gettext(
        "This text was translated by a machine; the {language} text is the one that counts.",
        language=language_name(words.authoritative),
    )
    return directed(line, words.locale)


def language_button(words: Words, *, machine_made: bool, back_to: str | None = None) -> tuple[Button, ...]:
    """The button that shows the original in place, or the one that leads from it back to `back_to`.

    The way back is named in the reader's own language. There is no button where a human answers for the
    words.
    """
    if back_to is not None and back_to != words.locale:
        reader = Words(words.catalogs, back_to, words.zone, words.authoritative)
        return (_language_button(reader, back_to, Verb.TRANSLATION),)
    if machine_made:
        return (_language_button(words, words.authoritative, Verb.ORIGINAL),)
    return ()


def _own(document: CampaignDocument, own: CampaignWords, locale: str | None) -> LocaleWords:
    authoritative = document.authoritative_locale
    found = own.best((locale, match_locale(locale)), authoritative=authoritative)
    if found is None:
        raise BadFile(
            f"The words of `{document.slug}`", f"are not whole in `{authoritative}`; import them anew."
        )
    return found


def _shipped(document: CampaignDocument, catalogs: Catalogs, locale: str | None) -> LocaleWords:
    authoritative = document.authoritative_locale
    return words_of(catalogs.for_locale(locale, document.template, authoritative=authoritative))


def _language_button(words: Words, language: str, verb: Verb) -> Button:
    return Button(words.gettext("Show in {language}", language=language_name(language)), verb)


def _later(words: Words, kind: MessageKind) -> tuple[Button, ...]:
    """Beside both answers, and not when no reminder is left to put off."""
    if kind not in ASKING or kind is MessageKind.LAST_REMINDER:
        return ()
    return (Button(words.gettext("Remind me later"), Verb.LATER),)


def _paragraphs(template: Template, kind: MessageKind) -> Iterator[Paragraph]:
    if kind in ASKING:
        yield Paragraph(directed(template.question, template.locale))
    if items := "\n".join(BULLET + item for item in template.texts(kind, "item")):
        yield Paragraph(directed(items, template.locale))
    for text in template.texts(kind, "paragraph"):
        yield Paragraph(directed(text, template.locale))
    for text in template.texts(kind, "long"):
        yield Paragraph(directed(text, template.locale), long=True)
