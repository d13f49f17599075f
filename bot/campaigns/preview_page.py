"""The preview as one page of HTML: both channels' look side by side, without a script and without a net."""

import re
from collections.abc import Iterable, Iterator
from html import escape
from typing import Final
from zoneinfo import ZoneInfo

from bot.campaigns.preview import Preview, Shot
from bot.campaigns.preview_style import STYLE
from bot.domain.fairness import Finding
from bot.domain.message import Button, Link, MessageKind
from bot.domain.plan import PlannedStep
from bot.domain.recipient import ChannelName
from bot.i18n import LANGUAGE_NAMES, is_right_to_left

NAMES: Final = {
    MessageKind.NOTICE: "Notice",
    MessageKind.REMINDER: "Reminder",
    MessageKind.LAST_REMINDER: "Last reminder",
    MessageKind.CORRECTION: "Correction",
    MessageKind.CLOSING: "Closing note",
}
ONLY_IF: Final = {MessageKind.CORRECTION: "only if the deadline is moved"}
POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

_TELEGRAM_TIME = re.compile(r"<tg-time[^>]*>(.*?)</tg-time>", re.DOTALL)
_QUOTE = re.compile(r"<blockquote expandable>(.*?)</blockquote>", re.DOTALL)
_SLACK_TIME = re.compile(r"<!date\^\d+\^[^|]*\|([^>]*)>")
_CODE = re.compile(r"`([^`\n]+)`")


def page(found: Preview) -> str:
    """The whole page."""
    title = escape(f"Preview of {found.campaign.slug}")
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{title}</title>",
            f"<style>{STYLE}</style>",
            "</head>",
            "<body>",
            *_head(found),
            "<main>",
            *(line for locale in found.locales for line in _language(found, locale)),
            "</main>",
            "</body>",
            "</html>",
            "",
        ]
    )


def _head(found: Preview) -> Iterator[str]:
    campaign = found.campaign
    hours = found.document.hours
    facts = {
        "State": f"{campaign.state}, revision {campaign.revision}",
        "Deadline": f"{found.document.deadline:%A, %-d %B %Y}, on each recipient’s own clock",
        "Hours": f"{hours.start:%H:%M}–{hours.end:%H:%M}",
        "Author": campaign.author,
        "Content": campaign.document.content_hash[:16],
    }
    yield '<header class="top">'
    yield f'<p class="over">Preview</p><h1>{escape(campaign.slug)}</h1>'
    yield '<dl class="facts">'
    yield from (f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in facts.items())
    yield "</dl>"
    yield from _lint(found.findings)
    yield from _without(found)
    yield '<nav aria-label="Languages">'
    yield from (f'<a href="#{tag}" lang="{tag}">{LANGUAGE_NAMES[tag]}</a>' for tag in found.locales)
    yield "</nav></header>"


def _lint(findings: Iterable[Finding]) -> Iterator[str]:
    listed = list(findings)
    if not listed:
        yield '<p class="fair">Fair by all eleven rules.</p>'
        return
    count = "1 finding" if len(listed) == 1 else f"{len(listed)} findings"
    yield f'<details class="unfair" open><summary>{count}: it cannot be approved like this.</summary><ul>'
    for finding in listed:
        yield (
            f"<li><b>Rule {finding.rule.value}, {finding.rule.title}</b> <code>{escape(finding.place)}</code><br>"
            f"<q>{escape(finding.text)}</q><br>{escape(finding.why)} {escape(finding.do)}</li>"
        )
    yield "</ul></details>"


def _without(found: Preview) -> Iterator[str]:
    if not found.missing:
        return
    original = LANGUAGE_NAMES[found.document.authoritative_locale]
    names = ", ".join(LANGUAGE_NAMES[tag] for tag in found.missing)
    people = sum(found.fallbacks.values())
    yield f'<p class="missing">No words in {names}; who reads these gets {original}: {people} people.</p>'


def _language(found: Preview, locale: str) -> Iterator[str]:
    yield f'<section class="language" id="{locale}">'
    yield f'<h2><span lang="{locale}">{LANGUAGE_NAMES[locale]}</span> <code>{locale}</code></h2>'
    for shot in found.shots:
        if shot.locale == locale:
            yield from _step(found, shot)
    yield "</section>"


def _step(found: Preview, shot: Shot) -> Iterator[str]:
    when = ONLY_IF.get(shot.kind) or "; ".join(_due(step, found.document.zone) for step in shot.steps)
    yield '<article class="step">'
    yield f'<h3>{NAMES[shot.kind]} <span class="when">{escape(when)}</span></h3>'
    yield '<div class="pair">'
    yield from _telegram(shot)
    yield from _slack(found, shot)
    yield "</div></article>"


def _due(step: PlannedStep, zone: str) -> str:
    if step.due_at is None:
        return f"{step.step}: {step.state}"
    return f"{step.step}: {step.due_at.astimezone(ZoneInfo(zone)):%a %-d %b, %H:%M}"


def _telegram(shot: Shot) -> Iterator[str]:
    text = _QUOTE.sub(lambda quote: _folded(quote[1]), _TELEGRAM_TIME.sub(r"<time>\1</time>", shot.html()))
    text = text.replace("</details>\n\n", "</details>").replace("\n\n<details", "<details")
    yield '<figure class="telegram"><figcaption>Telegram</figcaption><div class="chat">'
    yield f'<div class="bubble" {_direction(shot)}>{text}<span class="stamp" dir="ltr">09:00</span></div>'
    for row in shot.rows(ChannelName.TELEGRAM):
        yield f'<div class="row">{"".join(_button(button) for button in row)}</div>'
    yield "</div></figure>"


def _slack(found: Preview, shot: Shot) -> Iterator[str]:
    yield '<figure class="slack"><figcaption>Slack</figcaption><div class="post">'
    yield '<div class="avatar" aria-hidden="true">T</div><div class="said">'
    yield '<p class="by"><b>Tenggat</b> <span class="badge">APP</span> <span class="stamp">9:00</span></p>'
    for block in shot.blocks().blocks:
        if block["type"] != "actions":
            yield from _block(block, shot)
    for row in shot.rows(ChannelName.SLACK):
        yield f'<div class="row" {_direction(shot)}>{"".join(_button(button) for button in row)}</div>'
    yield "</div></div></figure>"


def _block(block: dict[str, object], shot: Shot) -> Iterator[str]:
    kind = "context" if block["type"] == "context" else "section"
    for inside in (block.get("text"), block.get("fields"), block.get("elements")):
        for item in inside if isinstance(inside, list) else [inside]:
            if isinstance(item, dict):
                yield f'<div class="{kind}" {_direction(shot)}>{_mrkdwn(str(item["text"]))}</div>'


def _mrkdwn(text: str) -> str:
    """Slack's light markup, as far as we write it; the text is escaped already."""
    dated = _CODE.sub(r"<code>\1</code>", _SLACK_TIME.sub(r"<time>\1</time>", text))
    if dated.startswith(">"):
        return _folded("\n".join(line.removeprefix(">") for line in dated.split("\n")))
    bold, star, rest = dated.removeprefix("*").partition("*")
    return f"<b>{bold}</b>{rest}" if dated.startswith("*") and star else dated


def _folded(text: str) -> str:
    """A part that unfolds; its first line stays to be seen."""
    first, _, rest = text.partition("\n")
    return f"<details open><summary>{first}</summary>{rest.strip()}</details>"


def _button(button: Button | Link) -> str:
    label = f"<bdi>{escape(button.label)}</bdi>"
    if isinstance(button, Link):
        return f'<a class="button link" href="{escape(button.url)}" rel="noreferrer">{label}</a>'
    return f'<span class="button">{label}</span>'


def _direction(shot: Shot) -> str:
    return f'lang="{shot.locale}" dir="{"rtl" if is_right_to_left(shot.locale) else "ltr"}"'
