"""Writing on the staff pages: a campaign of one's own, and its words, language beside language."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from starlette.responses import HTMLResponse, Response

from bot.campaigns import service, templates
from bot.campaigns.preview import Preview, preview
from bot.campaigns.preview_page import POLICY, page
from bot.campaigns.templates import words_for_export
from bot.domain import campaign_file, moments
from bot.domain.campaign import Campaign, CampaignDocument, Halving
from bot.domain.recipient import Plan
from bot.domain.template import NEEDED, CampaignWords, LocaleWords, Origin, PlacedText, problem_with
from bot.exceptions import BadFile, TenggatError
from bot.i18n import LANGUAGE_NAMES, LOCALES, is_right_to_left
from bot.pages import HEADERS
from bot.store import campaigns
from bot.store.database import Session
from bot.web.staff.desk import Visit

FORM: Final = "The form"
FIELDS: Final = (
    "slug",
    "template",
    "announce",
    "deadline",
    "zone",
    "authoritative_locale",
    "link",
    "registered_before",
    "max_reminders",
    "min_gap",
    "from",
    "to",
)
OWN_HEADERS: Final = {**HEADERS, "Content-Security-Policy": f"{POLICY}; frame-ancestors 'self'"}


async def new(visit: Visit, problem: str | None = None) -> Response:
    """The form for a campaign, filled with what another one says or with what was typed."""
    found = await visit.desk.database.transact(campaigns.every)
    typed = {name: visit.said(name) for name in FIELDS}
    plans = set(visit.form.get("plans", ()))
    if not visit.form:
        typed, plans = _as_typed(found[-1].document) if found else _usual()
    html = visit.fill(
        "new.html", typed=typed, plans=plans, every_plan=tuple(Plan), locales=LANGUAGE_NAMES, problem=problem
    )
    return HTMLResponse(html, status_code=422 if problem else 200, headers=HEADERS)


async def add(visit: Visit) -> str | Response:
    """The campaign stands as a draft, as if it had come from a file."""
    document = campaign_file.parse(_as_file(visit), FORM, locales=LOCALES)
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


def _typed_words(visit: Visit, campaign: Campaign) -> LocaleWords:
    """The words of the form, each checked at its place; what was left empty is not there."""
    locale, known = _locale(visit, campaign), words_for_export(campaign, visit.desk.catalogs)
    facts = known.locales.get(campaign.document.authoritative_locale) or LocaleWords(locale, {})
    texts = {}
    for name in visit.form:
        place, text = name.removeprefix("at:"), visit.said(name).replace("\r\n", "\n")
        if not name.startswith("at:") or not text:
            continue
        if problem := problem_with(place, text):
            raise BadFile(f"The words in {LANGUAGE_NAMES[locale]}", problem, key=place)
        source = facts.texts.get(place)
        texts[place] = PlacedText(text, source.facts if source else ())
    return LocaleWords(locale, texts, Origin.HUMAN)


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


def _as_file(visit: Visit) -> str:
    """The file that says what the form says; the reader of files finds what is wrong with it."""
    quoted = {name: _quoted(visit.said(name)) for name in FIELDS}
    days = {name: visit.said(name) or '""' for name in ("announce", "deadline", "registered_before")}
    lines = [
        f"slug = {quoted['slug']}",
        f"template = {quoted['template']}",
        f"announce = {_day(days['announce'], 'The announcement')}",
        f"deadline = {_day(days['deadline'], 'The deadline')}",
        f"zone = {quoted['zone']}",
        f"authoritative_locale = {quoted['authoritative_locale']}",
        f"link = {quoted['link']}",
        "[audience]",
        f"plans = [{', '.join(_quoted(plan) for plan in visit.form.get('plans', ()))}]",
        *(
            [f"registered_before = {_day(days['registered_before'], 'The day of registration')}"]
            if visit.said("registered_before")
            else []
        ),
        "[cadence]",
        'rule = "halving"',
        f"max_reminders = {_whole(visit.said('max_reminders'))}",
        f"min_gap = {quoted['min_gap']}",
        "[hours]",
        f"from = {quoted['from']}",
        f"to = {quoted['to']}",
    ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return campaign_file.quoted(text)


def _day(text: str, what: str) -> date:
    return moments.day(text, what=what)


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 4):
        raise BadFile(FORM, "expected 0 to 4 as a number.", key="max_reminders")
    return int(text)


def _as_typed(document: CampaignDocument) -> tuple[dict[str, str], set[str]]:
    rule, before = document.cadence.rule, document.audience.registered_before
    typed = {
        "slug": "",
        "template": document.template,
        "announce": "",
        "deadline": "",
        "zone": document.zone,
        "authoritative_locale": document.authoritative_locale,
        "link": document.link,
        "registered_before": before.isoformat() if before else "",
        "max_reminders": str(rule.max_reminders if isinstance(rule, Halving) else Halving().max_reminders),
        "min_gap": f"{int(document.cadence.min_gap.total_seconds()) // 3600}h",
        "from": f"{document.hours.start:%H:%M}",
        "to": f"{document.hours.end:%H:%M}",
    }
    return typed, {plan.value for plan in document.audience.plans}


def _usual() -> tuple[dict[str, str], set[str]]:
    """What an empty form begins with."""
    usual = dict.fromkeys(FIELDS, "")
    usual |= {"zone": "Asia/Jakarta", "authoritative_locale": "id", "max_reminders": "4", "min_gap": "24h"}
    return usual | {"from": "09:00", "to": "20:30"}, set()
