"""Campaign files: TOML in, a document out, and back; every mistake is told with its line and its key."""

import json
from collections.abc import Collection, Iterable
from datetime import date, timedelta
from typing import assert_never

from bot.domain.calendar import zone
from bot.domain.campaign import Cadence, CampaignDocument, Halving, Hours, Offsets
from bot.domain.delivery import OnDoubt
from bot.domain.guard import Guards
from bot.domain.recipient import Audience, Plan
from bot.domain.step import LAST_REMINDER, StepKind
from bot.domain.toml_file import Table, read_toml
from bot.exceptions import UnknownZone

MOST_REMINDERS = 4  # more would be nagging
LEAST_GAP = timedelta(hours=24)
MOST_BEFORE_A_GUARD = 1_000_000  # messages; a guard that never holds is written "100%"
SLUG = r"(?=.{1,64}$)[a-z0-9]+(-[a-z0-9]+)*"
LOCALE = r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*"
A_SLUG = "lower-case letters, digits and single hyphens, such as claude-consumer-terms"
A_LOCALE = "a language tag such as id or pt-BR"
LINK = r"https://[^\s\x00-\x1f]+"
A_LINK = "an address that begins with https://"
BASIS = r"dpv:[A-Z][A-Za-z]*|https://[^\s\x00-\x1f]+"
A_BASIS = "a term such as dpv:Consent, or its address"

REQUIRED = ("slug", "template", "announce", "deadline", "zone", "authoritative_locale", "link")
KEYS = (
    *REQUIRED,
    "single_operator",
    "allow_paid_broadcast",
    "legal_basis",
    "audience",
    "cadence",
    "hours",
    "guards",
    "on_doubt",
)
PAID = "allow_paid_broadcast = true  # Telegram only: up to 1,000 messages a second, 0.1 Star each"
AUDIENCE_KEYS = ("plans", "registered_before")
CADENCE_KEYS = ("rule", "max_reminders", "offsets", "min_gap")
HOURS_KEYS = ("from", "to")
GUARDS_KEYS = ("blocked", "blocked_after", "failed", "failed_after")
PERCENT = r"(?:100|\d{1,2}(?:\.\d{1,3})?)%"
A_PERCENT = 'a percentage in quotes, such as "0.5%"; "100%" for no limit'
ON_DOUBT_KEYS = (*(kind.value for kind in StepKind if kind is not StepKind.REPLY), LAST_REMINDER)


def parse(text: str, path: str, *, locales: Collection[str] | None = None) -> CampaignDocument:
    """The document in this file; `locales`, if given, are those that the template exists in."""
    file = read_toml(text, path, KEYS)
    file.check_present(REQUIRED)
    announce, deadline = _days(file)
    return CampaignDocument(
        slug=file.needed("slug", file.text("slug", SLUG, A_SLUG)),
        template=file.needed("template", file.text("template", SLUG, A_SLUG)),
        announce=announce,
        deadline=deadline,
        zone=_zone(file),
        authoritative_locale=_locale(file, locales),
        link=file.needed("link", file.text("link", LINK, A_LINK)),
        single_operator=file.flag("single_operator") or False,
        allow_paid_broadcast=file.flag("allow_paid_broadcast") or False,
        legal_basis=file.text("legal_basis", BASIS, A_BASIS),
        audience=_audience(file.table("audience", AUDIENCE_KEYS)),
        cadence=_cadence(file.table("cadence", CADENCE_KEYS)),
        hours=_hours(file.table("hours", HOURS_KEYS)),
        guards=_guards(file.table("guards", GUARDS_KEYS)),
        on_doubt=_on_doubt(file.table("on_doubt", ON_DOUBT_KEYS)),
    )


def dump(document: CampaignDocument) -> str:
    """The file that says this document; `parse` reads it back unchanged."""
    lines = [
        f"slug = {quoted(document.slug)}",
        f"template = {quoted(document.template)}",
        f"announce = {document.announce}",
        f"deadline = {document.deadline}  # the end of this day on the recipient's own clock",
        f"zone = {quoted(document.zone)}  # for those whose zone we do not know",
        f"authoritative_locale = {quoted(document.authoritative_locale)}",
        f"link = {quoted(document.link)}  # the full text",
        f"single_operator = {str(document.single_operator).lower()}  # true: the author may approve",
        *([PAID] if document.allow_paid_broadcast else []),
        *([f"legal_basis = {quoted(document.legal_basis)}"] if document.legal_basis else []),
        *_audience_lines(document.audience),
        *_cadence_lines(document.cadence),
        "",
        "[hours]",
        f'from = "{document.hours.start:%H:%M}"',
        f'to = "{document.hours.end:%H:%M}"',
        *_guards_lines(document.guards),
    ]
    if document.on_doubt:
        lines += ["", "[on_doubt]", *(f'{kind} = "{what}"' for kind, what in document.on_doubt)]
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    """The text as a TOML string."""
    return json.dumps(text, ensure_ascii=False)  # a JSON string is a TOML one


def shown_span(duration: timedelta) -> str:
    """A duration as files write it: `36h`, `14d`."""
    hours = duration // timedelta(hours=1)
    return f"{hours // 24}d" if hours % 24 == 0 and hours > 24 else f"{hours}h"


def _days(file: Table) -> tuple[date, date]:
    announce = file.needed("announce", file.day("announce"))
    deadline = file.needed("deadline", file.day("deadline"))
    if deadline < announce:
        raise file.error("deadline", f"{deadline} is before the announcement on {announce}.")
    return announce, deadline


def _zone(file: Table) -> str:
    name = file.needed("zone", file.text("zone", r".+", "an IANA zone such as Asia/Jakarta"))
    try:
        zone(name)
    except UnknownZone as error:
        raise file.error("zone", str(error)) from error
    return name


def _locale(file: Table, locales: Collection[str] | None) -> str:
    key = "authoritative_locale"
    if locales is not None:
        return file.needed(key, file.word(key, locales))
    return file.needed(key, file.text(key, LOCALE, A_LOCALE))


def _audience(table: Table) -> Audience:
    before = table.day("registered_before")
    plans = table.words("plans", tuple(Plan))
    if plans is None:
        return Audience(registered_before=before)
    return Audience(plans=frozenset(Plan(plan) for plan in plans), registered_before=before)


def _cadence(table: Table) -> Cadence:
    gap = table.span("min_gap") or LEAST_GAP
    if gap < LEAST_GAP:
        raise table.error("min_gap", 'expected "24h" or more: nobody is written to twice in a day.')
    rule = table.word("rule", ("halving", "offsets")) or "halving"
    return Cadence(rule=_offsets(table) if rule == "offsets" else _halving(table), min_gap=gap)


def _halving(table: Table) -> Halving:
    if "offsets" in table.values:
        raise table.error("offsets", 'goes with rule = "offsets" only.')
    count = table.number("max_reminders")
    if count is None:
        return Halving()
    if not 0 <= count <= MOST_REMINDERS:
        raise table.error("max_reminders", f"expected 0 to {MOST_REMINDERS}, not {count}.")
    return Halving(max_reminders=count)


def _offsets(table: Table) -> Offsets:
    if "max_reminders" in table.values:
        raise table.error("max_reminders", 'goes with rule = "halving" only; `offsets` says how many.')
    offsets = table.needed("offsets", table.spans("offsets"))
    if len(offsets) > MOST_REMINDERS or len(set(offsets)) < len(offsets) or not all(offsets):
        raise table.error("offsets", f"expected at most {MOST_REMINDERS} durations, each once and over 0.")
    return Offsets(tuple(sorted(offsets, reverse=True)))


def _hours(table: Table) -> Hours:
    usual = Hours()
    hours = Hours(start=table.clock("from") or usual.start, end=table.clock("to") or usual.end)
    if hours.start >= hours.end:
        key = "to" if "to" in table.values else "from"
        raise table.error(key, f"the window from {hours.start:%H:%M} to {hours.end:%H:%M} is empty.")
    return hours


def _guards(table: Table) -> Guards:
    usual = Guards()
    return Guards(
        blocked=_percent(table, "blocked", usual.blocked),
        blocked_after=_least(table, "blocked_after", usual.blocked_after),
        failed=_percent(table, "failed", usual.failed),
        failed_after=_least(table, "failed_after", usual.failed_after),
    )


def _percent(table: Table, key: str, usual: float) -> float:
    text = table.text(key, PERCENT, A_PERCENT)
    return usual if text is None else float(text.removesuffix("%"))


def _least(table: Table, key: str, usual: int) -> int:
    count = table.number(key)
    if count is None:
        return usual
    if not 1 <= count <= MOST_BEFORE_A_GUARD:
        raise table.error(key, f"expected 1 to {MOST_BEFORE_A_GUARD} messages, not {count}.")
    return count


def _on_doubt(table: Table) -> tuple[tuple[str, OnDoubt], ...]:
    said = ((kind, table.word(kind, tuple(OnDoubt))) for kind in sorted(table.values))
    return tuple((kind, OnDoubt(word)) for kind, word in said if word is not None)


def _audience_lines(audience: Audience) -> Iterable[str]:
    yield ""
    yield "[audience]"
    yield f"plans = [{', '.join(quoted(plan) for plan in Plan if plan in audience.plans)}]"
    if audience.registered_before is not None:
        yield f"registered_before = {audience.registered_before}  # who comes later chooses at sign-up"


def _cadence_lines(cadence: Cadence) -> Iterable[str]:
    yield ""
    yield "[cadence]"
    match cadence.rule:
        case Halving(max_reminders=count):
            yield 'rule = "halving"'
            yield f"max_reminders = {count}"
        case Offsets(offsets=offsets):
            yield 'rule = "offsets"'
            yield f"offsets = [{', '.join(quoted(shown_span(offset)) for offset in offsets)}]"
        case _:
            assert_never(cadence.rule)
    yield f"min_gap = {quoted(shown_span(cadence.min_gap))}"


def _guards_lines(guards: Guards) -> Iterable[str]:
    yield ""
    yield "[guards]  # beyond these it pauses by itself"
    yield f'blocked = "{guards.blocked:g}%"'
    yield f"blocked_after = {guards.blocked_after}  # messages that arrived"
    yield f'failed = "{guards.failed:g}%"'
    yield f"failed_after = {guards.failed_after}  # messages"
