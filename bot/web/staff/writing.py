"""Writing on the staff pages: a campaign of one's own, and its words, language beside language."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from starlette.responses import HTMLResponse, Response

from bot.campaigns import service, templates
from bot.campaigns.preview import Preview, preview
from bot.campaigns.preview_page import POLICY, page
from bot.campaigns.templates import words_for_export
from bot.domain import campaign_typed
from bot.domain.campaign import Campaign, CampaignDocument
from bot.domain.campaign_typed import FIELDS, Typed
from bot.domain.recipient import Plan
from bot.domain.template import NEEDED, CampaignWords, LocaleWords
from bot.exceptions import TenggatError
from bot.i18n import LANGUAGE_NAMES, LOCALES, is_right_to_left
from bot.pages import HEADERS
from bot.store import campaigns
from bot.store.database import Session
from bot.web.staff.desk import Visit

OWN_HEADERS: Final = {**HEADERS, "Content-Security-Policy": f"{POLICY}; frame-ancestors 'self'"}


async def new(visit: Visit, problem: str | None = None) -> Response:
    """The form for a campaign, filled with what another one says or with what was typed."""
    found = await visit.desk.database.transact(campaigns.every)
    typed = _typed(visit)
    if not visit.form:
        typed = Typed.of(found[-1].document) if found else Typed.usual()
    html = visit.fill(
        "new.html",
        typed=typed.texts,
        plans=typed.plans,
        every_plan=tuple(Plan),
        locales=LANGUAGE_NAMES,
        problem=problem,
    )
    return HTMLResponse(html, status_code=422 if problem else 200, headers=HEADERS)


async def add(visit: Visit) -> str | Response:
    """The campaign stands as a draft, as if it had come from a file."""
    document = campaign_typed.read(_typed(visit), locales=LOCALES)
    await visit.desk.database.transact(_load, visit, document)
    return f"/staff/campaigns/{document.slug}"


@dataclass(frozen=True, slots=True)
class Field:
    """The words at one place, in the language written and in the authoritative one."""

    place: str
    text: str
    source: str
    facts: str
    is_needed: bool
    rows: int


async def words(visit: Visit, problem: str | None = None) -> Response:
    """The words of one language beside the authoritative ones, and what the lint says of them all."""
    campaign = await visit.desk.database.transact(campaigns.get, visit.slug)
    locale = _locale(visit, campaign)
    shown = await asyncio.to_thread(_preview, visit, campaign)
    html = visit.fill(
        "words.html",
        campaign=campaign,
        locale=locale,
        language=LANGUAGE_NAMES[locale],
        names=LANGUAGE_NAMES,
        direction="rtl" if is_right_to_left(locale) else "ltr",
        authoritative=campaign.document.authoritative_locale,
        fields=tuple(_fields(visit, campaign, locale)),
        findings=shown.findings,
        missing=shown.missing,
        can_write=campaign.state in service.REWRITABLE,
        problem=problem,
    )
    return HTMLResponse(html, status_code=422 if problem else 200, headers=HEADERS)


async def write(visit: Visit) -> str | Response:
    """These words are the campaign's own; an approval that there was has fallen."""
    await visit.desk.database.transact(_bring, visit)
    return f"/staff/campaigns/{visit.slug}/words?locale={_tag(visit)}"


async def weigh(visit: Visit) -> str | Response:
    """What the lint says of words that are not kept yet, and how they will look; nothing is changed."""
    campaign = await visit.desk.database.transact(campaigns.get, visit.slug)
    try:
        draft = _draft(visit, campaign)
        shown = await asyncio.to_thread(_preview, visit, draft, locale=_tag(visit))
    except TenggatError as error:
        return HTMLResponse(
            visit.fill("weighed.html", problem=str(error), shots=(), findings=()), headers=HEADERS
        )
    shots = [(shot.kind.value, shot.message) for shot in shown.shots]
    html = visit.fill("weighed.html", problem=None, shots=shots, findings=shown.findings)
    return HTMLResponse(html, headers=HEADERS)


async def look(visit: Visit) -> Response:
    """Every message on both channels, on a page of its own."""
    campaign = await visit.desk.database.transact(campaigns.get, visit.slug)
    shown = await asyncio.to_thread(_preview, visit, campaign)
    return HTMLResponse(page(shown), headers=OWN_HEADERS)


def _load(session: Session, visit: Visit, document: CampaignDocument) -> Campaign:
    return service.load(session, document, author=visit.member.name, now=visit.desk.clock.now())


def _bring(session: Session, visit: Visit) -> None:
    templates.bring(
        session,
        visit.slug,
        [_typed_words(visit, campaigns.get(session, visit.slug))],
        by=visit.member.name,
        now=visit.desk.clock.now(),
        catalogs=visit.desk.catalogs,
    )


def _preview(visit: Visit, campaign: Campaign, locale: str | None = None) -> Preview:
    return preview(campaign, visit.desk.linter, fallbacks={}, locale=locale)


def _draft(visit: Visit, campaign: Campaign) -> Campaign:
    """The campaign as it would be with the words of the form."""
    known = words_for_export(campaign, visit.desk.catalogs)
    typed = _typed_words(visit, campaign)
    own = CampaignWords({**known.locales, typed.locale: typed})
    return replace(campaign, words=own, document=replace(campaign.document, words=own.hash))


def _typed(visit: Visit) -> Typed:
    """What stands in the form."""
    return Typed({name: visit.said(name) for name in FIELDS}, frozenset(visit.form.get("plans", ())))


def _typed_words(visit: Visit, campaign: Campaign) -> LocaleWords:
    """The words of the form, each checked at its place; what was left empty is not there."""
    names = [name for name in visit.form if name.startswith("at:")]
    texts = {name.removeprefix("at:"): visit.said(name).replace("\r\n", "\n") for name in names}
    known = words_for_export(campaign, visit.desk.catalogs)
    authoritative = campaign.document.authoritative_locale
    return templates.typed(known, _locale(visit, campaign), texts, authoritative=authoritative)


def _fields(visit: Visit, campaign: Campaign, locale: str) -> Iterator[Field]:
    known = words_for_export(campaign, visit.desk.catalogs)
    source = known.locales.get(campaign.document.authoritative_locale) or LocaleWords(locale, {})
    ours = known.locales.get(locale) or LocaleWords(locale, {})
    for place in dict.fromkeys((*source.texts, *NEEDED)):
        text = visit.said(f"at:{place}") or ours.text(place) or ""
        original = source.text(place) or ""
        facts = source.texts[place].facts if place in source.texts else ()
        rows = max(1, -(-max(len(text), len(original)) // 52))
        yield Field(place, text, original, " ".join(facts), place in NEEDED, rows)


def _tag(visit: Visit) -> str:
    return visit.said("locale") or visit.request.query_params.get("locale", "")


def _locale(visit: Visit, campaign: Campaign) -> str:
    """The language asked for; the authoritative one when it is none of ours."""
    tag = _tag(visit)
    return tag if tag in LOCALES else campaign.document.authoritative_locale
