"""A campaign as people type it into a form, field by field, on the staff pages and in a chat alike."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from bot.domain import campaign_file, moments
from bot.domain.campaign import CampaignDocument, Halving, Offsets
from bot.domain.campaign_file import quoted, shown_span
from bot.exceptions import BadFile, BadMoment

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
    "offsets",
    "min_gap",
    "from",
    "to",
)


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form: text by field, and the plans that are ticked."""

    texts: Mapping[str, str]
    plans: frozenset[str] = frozenset()

    @classmethod
    def of(cls, document: CampaignDocument) -> "Typed":
        """What a form is filled with that begins with another campaign: all but its name and its days."""
        rule, before = document.cadence.rule, document.audience.registered_before
        texts = {
            **dict.fromkeys(FIELDS, ""),
            "template": document.template,
            "zone": document.zone,
            "authoritative_locale": document.authoritative_locale,
            "link": document.link,
            "registered_before": before.isoformat() if before else "",
            "max_reminders": str(
                rule.max_reminders if isinstance(rule, Halving) else Halving().max_reminders
            ),
            "offsets": ", ".join(map(shown_span, rule.offsets)) if isinstance(rule, Offsets) else "",
            "min_gap": f"{int(document.cadence.min_gap.total_seconds()) // 3600}h",
            "from": f"{document.hours.start:%H:%M}",
            "to": f"{document.hours.end:%H:%M}",
        }
        return cls(texts, frozenset(plan.value for plan in document.audience.plans))

    @classmethod
    def usual(cls) -> "Typed":
        """What an empty form begins with."""
        usual = dict.fromkeys(FIELDS, "")
        usual |= {"zone": "Asia/Jakarta", "authoritative_locale": "id", "max_reminders": "4"}
        return cls(usual | {"min_gap": "24h", "from": "09:00", "to": "20:30"})


def read(typed: Typed, *, locales: Collection[str]) -> CampaignDocument:
    """The document, as if it had come from a file; the reader of files says what is wrong, and at which key."""
    return campaign_file.parse(_as_file(typed), FORM, locales=locales)


def _as_file(typed: Typed) -> str:
    said = {name: typed.texts.get(name, "") for name in FIELDS}
    plans = ", ".join(quoted(plan) for plan in sorted(typed.plans))
    before = said["registered_before"]
    lines = [
        f"slug = {quoted(said['slug'])}",
        f"template = {quoted(said['template'])}",
        f"announce = {_day(said, 'announce')}",
        f"deadline = {_day(said, 'deadline')}",
        f"zone = {quoted(said['zone'])}",
        f"authoritative_locale = {quoted(said['authoritative_locale'])}",
        f"link = {quoted(said['link'])}",
        "[audience]",
        f"plans = [{plans}]",
        *([f"registered_before = {_day(said, 'registered_before')}"] if before else []),
        "[cadence]",
        *_rule(said),
        f"min_gap = {quoted(said['min_gap'])}",
        "[hours]",
        f"from = {quoted(said['from'])}",
        f"to = {quoted(said['to'])}",
    ]
    return "\n".join(lines) + "\n"


def _rule(said: Mapping[str, str]) -> tuple[str, str]:
    """Offsets, where there are any, take the place of halving."""
    if offsets := said["offsets"].replace(",", " ").split():
        return 'rule = "offsets"', f"offsets = [{', '.join(map(quoted, offsets))}]"
    return 'rule = "halving"', f"max_reminders = {_whole(said['max_reminders'])}"


def _day(said: Mapping[str, str], name: str) -> date:
    text = said[name]
    try:
        return moments.day(text, what=name)
    except BadMoment as error:
        raise BadFile(FORM, f"expected {moments.A_DAY}, not `{text}`.", key=name) from error


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 4):
        raise BadFile(FORM, "expected 0 to 4 as a number.", key="max_reminders")
    return int(text)
