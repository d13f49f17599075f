"""The form for a new campaign: audience, deadline, cadence and template, then its words."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from bot.campaigns import service
from bot.campaigns.steering import Written
from bot.campaigns.templates import words_for_export
from bot.conversation import form_words
from bot.conversation.sitting import Carried, Sitting, faulty, one
from bot.conversation.words_form import Page, require_fresh
from bot.domain import campaign_typed
from bot.domain.calendar import local_date
from bot.domain.campaign import Campaign, CampaignDocument
from bot.domain.campaign_file import MOST_REMINDERS
from bot.domain.campaign_typed import Typed
from bot.domain.form import AnyOf, Day, Field, FilledIn, Form, FormName, Input, OneOf, Option, Text, TimeOfDay
from bot.domain.recipient import Plan
from bot.exceptions import BadFile, BadMoment, SlugTaken, TenggatError
from bot.i18n import LANGUAGE_NAMES, LOCALES, Words
from bot.store import campaigns
from bot.store.database import Session

LONGEST_LINK: Final = 1000  # characters; all answers together are carried, and Slack carries 3000
LONGEST_NAME: Final = 64
MOST_ORIGINS: Final = 100  # options that a menu has
SHIPPED: Final = "template:"  # before the name of a template that no campaign need have
STAND_IN: Final = "https://example.org/"


class Part(StrEnum):
    """The pages, in their order; the last one shows the words of the template that was picked."""

    AUDIENCE = "audience"
    DEADLINE = "deadline"
    CADENCE = "cadence"
    TEMPLATE = "template"
    WORDS = "words"


NAMES: Final[Mapping[Part, tuple[str, ...]]] = {
    Part.AUDIENCE: ("slug", "plans", "registered_before"),
    Part.DEADLINE: ("announce", "deadline", "zone"),
    Part.CADENCE: ("max_reminders", "offsets", "min_gap", "from", "to"),
    Part.TEMPLATE: ("origin", "authoritative_locale", "link", "locale"),
}
OPTIONAL: Final = frozenset({"registered_before", "offsets"})


def first(sitting: Sitting) -> Form:
    """The first page, filled with what the newest campaign says."""
    return _page(sitting, Part.AUDIENCE, {})


def turned(sitting: Sitting, carried: Carried, said: FilledIn) -> Form:
    """The page after the one that was filled in; raise `FormFaulty` for what is wrong with that."""
    part = Part(carried.page)
    together = {**carried.said, **{name: said.get(name, ()) for name in NAMES[part]}}
    try:
        _check(sitting, part, together)
    except TenggatError as error:
        raise faulty(sitting.words, error, NAMES[part]) from error
    return _page(sitting, tuple(Part)[tuple(Part).index(part) + 1], together)


def written(sitting: Sitting, carried: Carried, said: FilledIn) -> Written:
    """The whole campaign, everything that was carried read anew; raise what is wrong with it."""
    page = _words_page(sitting, carried.said)
    require_fresh(sitting.words, page, carried)
    _check(sitting, Part.TEMPLATE, carried.said)
    document = _document(sitting, carried.said)
    return Written(page.written(said), document, _origin(sitting.session, carried.said).words)


def names(sitting: Sitting, carried: Carried) -> tuple[str, ...]:
    """The fields of the last page."""
    return _words_page(sitting, carried.said).names


def _check(sitting: Sitting, part: Part, said: FilledIn) -> None:
    """Raise what is wrong with what has been said so far."""
    for name in NAMES[part]:
        most = LONGEST_LINK if name == "link" else LONGEST_NAME
        if any(len(text) > most for text in said[name]):
            raise BadFile(campaign_typed.FORM, f"expected at most {most} characters.", key=name)
    document = _document(sitting, said)
    if campaigns.find(sitting.session, document.slug) is not None:
        raise SlugTaken(document.slug)
    if part is not Part.AUDIENCE and service.has_passed(document, sitting.now):
        raise BadMoment("The deadline", document.deadline.isoformat(), "a day to come")
    if part is Part.TEMPLATE and one(said, "locale") not in LOCALES:
        raise BadFile(campaign_typed.FORM, f"expected one of {', '.join(LOCALES)}.", key="locale")


def _document(sitting: Sitting, said: FilledIn) -> CampaignDocument:
    """What has been said so far, and for the rest what stands in the pages to come; the limits that no page
    asks for are those of the campaign that is copied."""
    begun = _begun(sitting)
    typed = {name: one(said, name) for name in begun.texts if name in said}
    plans = frozenset(said["plans"]) if "plans" in said else begun.plans
    origin = _origin(sitting.session, said) if "origin" in said else None
    if origin is not None:
        typed["template"] = origin.document.template
    document = campaign_typed.read(Typed({**begun.texts, **typed}, plans), locales=LOCALES)
    if origin is None:
        return document
    copied = origin.document
    return replace(
        document,
        single_operator=copied.single_operator,
        guards=copied.guards,
        on_doubt=copied.on_doubt,
        words=copied.words,
        legal_basis=copied.legal_basis,
        allow_paid_broadcast=copied.allow_paid_broadcast,
    )


def _begun(sitting: Sitting) -> Typed:
    """What the form is filled with, and stand-ins for what only the person can say."""
    newest = campaigns.newest(sitting.session)
    begun = Typed.of(newest.document) if newest else Typed.usual()
    today = local_date(sitting.now, begun.texts["zone"]).isoformat()
    texts = {**begun.texts, "announce": today, "deadline": today}
    return Typed(
        {**texts, "link": texts["link"] or STAND_IN, "template": texts["template"] or "none"}, begun.plans
    )


def _origin(session: Session, said: FilledIn) -> Campaign:
    """The campaign whose words are copied; of a shipped template one that is nowhere kept."""
    name = one(said, "origin")
    if not name.startswith(SHIPPED):
        found = campaigns.find(session, name)
        if found is None:
            raise BadFile(campaign_typed.FORM, f"there is no campaign `{name}`.", key="origin")
        return found
    typed = Typed.usual()
    texts = {**typed.texts, "slug": "shipped", "template": name.removeprefix(SHIPPED), "link": STAND_IN}
    days = dict.fromkeys(("announce", "deadline"), "2025-09-28")
    plans = frozenset({Plan.FREE.value})
    return Campaign(campaign_typed.read(Typed({**texts, **days}, plans), locales=LOCALES))


def _words_page(sitting: Sitting, said: FilledIn) -> Page:
    known = words_for_export(_origin(sitting.session, said), sitting.talk.speaking.catalogs)
    return Page(known, one(said, "locale"), one(said, "authoritative_locale"))


def _page(sitting: Sitting, part: Part, said: FilledIn) -> Form:
    words, inputs = sitting.words, _Inputs(sitting)
    heading = form_words.part_of(words, min(tuple(Part).index(part) + 1, form_words.PARTS))
    if part is Part.WORDS:
        return _last(sitting, said, heading)
    fields = [_field(words, name, inputs.of(name)) for name in NAMES[part]]
    carried = sitting.carry(FormName.CAMPAIGN, part, said)
    return form_words.page(words, FormName.CAMPAIGN, fields=fields, carried=carried, texts=(heading,))


def _last(sitting: Sitting, said: FilledIn, heading: str) -> Form:
    page = _words_page(sitting, said)
    told = form_words.written_in(sitting.words, one(said, "slug"), page.locale)
    return form_words.page(
        sitting.words,
        FormName.CAMPAIGN,
        fields=page.fields,
        carried=sitting.carry(FormName.CAMPAIGN, Part.WORDS, {**said, "known": (page.known.hash,)}),
        texts=(heading, told),
        is_last=True,
    )


def _field(words: Words, name: str, answered_by: Input) -> Field:
    return Field(
        name,
        form_words.field_name(words, name),
        answered_by,
        hint=form_words.field_hint(words, name),
        optional=name in OPTIONAL,
    )


@dataclass(frozen=True, slots=True)
class _Inputs:
    """How each field is answered, and what it is filled with."""

    sitting: Sitting

    def of(self, name: str) -> Input:
        newest = campaigns.newest(self.sitting.session)
        begun = Typed.of(newest.document) if newest else Typed.usual()
        value = begun.texts.get(name, "")
        match name:
            case "plans":
                return AnyOf(tuple(Option(plan, plan) for plan in Plan), begun.plans)
            case "announce":
                return Day(local_date(self.sitting.now, begun.texts["zone"]).isoformat())
            case "registered_before" | "deadline":
                return Day(value)
            case "from" | "to":
                return TimeOfDay(value)
            case "max_reminders":
                counts = (str(count) for count in range(MOST_REMINDERS + 1))
                return OneOf(tuple(Option(count, count) for count in counts), value)
            case "origin":
                return self._origins()
            case "authoritative_locale":
                return OneOf(_languages(), value)
            case "locale":
                return OneOf(_languages(), begun.texts["authoritative_locale"])
            case "link":
                return Text(value, at_most=LONGEST_LINK)
            case _:
                return Text(value, at_most=LONGEST_NAME)

    def _origins(self) -> OneOf:
        """Every campaign, the newest first, and every template that ships with the program."""
        words, templates = self.sitting.words, self.sitting.talk.speaking.catalogs.templates()
        shipped = [Option(f"{SHIPPED}{name}", form_words.as_shipped(words, name)) for name in templates]
        made = [campaign.slug for campaign in reversed(campaigns.every(self.sitting.session))]
        options = [Option(slug, slug) for slug in made[: MOST_ORIGINS - len(shipped)]] + shipped
        return OneOf(tuple(options), options[0].value)


def _languages() -> tuple[Option, ...]:
    return tuple(Option(locale, LANGUAGE_NAMES[locale]) for locale in LOCALES)
