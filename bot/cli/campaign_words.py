"""`tenggat campaign lint`, `preview` and `test-send`: what a campaign says, before anybody is asked."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.console import ADMIN, AsJson, By, Slug, answer, database, note
from bot.domain import broadcast

if TYPE_CHECKING:
    from bot.campaigns.lint import Linter
    from bot.domain.message import MessageKind

Found = Mapping[str, str | int]

CHECK_FAILED = 1
SHOWN = 100  # characters of a text that a finding is about


def register(app: typer.Typer) -> None:
    """The commands of this file are commands of `app`."""
    app.command()(lint)
    app.command()(preview)
    app.command("test-send")(send_test)


def lint(slug: Slug, as_json: AsJson = False) -> None:
    """Judge a campaign by the rules of fairness (docs/fairness.md): every message, language and channel.

    Exit code 1 when something is found. JSON: slug, findings (rule, name, place, text, why, do), missing
    (languages without words, whose readers get the authoritative ones).
    """
    from bot.campaigns.lint import missing
    from bot.store import campaigns

    with database() as opened:
        campaign = opened.run(campaigns.get, slug)
        judge = linter()
        findings = [finding.as_json() for finding in judge(campaign)]
        without = missing(campaign, judge.catalogs)
    document = {"slug": slug, "findings": findings, "missing": list(without)}
    answer(document, as_json=as_json, lines=_told(findings) or [f"`{slug}` is fair."])
    if campaign.document.allow_paid_broadcast:
        note(broadcast.TELEGRAM_ONLY)
    if findings:
        raise typer.Exit(CHECK_FAILED)


def preview(
    slug: Slug,
    locale: Annotated[str | None, typer.Option(metavar="L", help="This language only.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Write a page that shows both channels' look.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show every message of a campaign, in every language, as Telegram and Slack will show it.

    JSON: slug, findings, missing, fallbacks (language: people), messages (kind, locale, channel, text, buttons).
    """
    from bot.campaigns.preview import in_terminal
    from bot.campaigns.preview import preview as make
    from bot.campaigns.preview_page import page
    from bot.campaigns.templates import fallbacks
    from bot.store import campaigns

    judge = linter()
    with database() as opened:
        campaign = opened.run(campaigns.get, slug)
        people = opened.run(fallbacks, campaign, judge.catalogs)
    found = make(campaign, judge, fallbacks=people, locale=locale)
    if out is not None:
        _write(out, page(found))
        note(f"The page is in {out}.")
    lines = [] if out is not None else list(in_terminal(found))
    answer(found.as_json(), as_json=as_json, lines=lines)
    if found.findings:
        note(f"{len(found.findings)} findings of the lint: `tenggat campaign lint {slug}` tells them.")


def send_test(
    slug: Slug,
    to: Annotated[
        list[str],
        typer.Option("--to", metavar="PLACE", help="telegram:CHAT or slack:TEAM:USER; at most five."),
    ],
    step: Annotated[
        list[str] | None,
        typer.Option("--step", metavar="KIND", help="Such as notice or last_reminder; else all."),
    ] = None,
    locale: Annotated[
        str | None, typer.Option(metavar="L", help="The language; else the campaign's own.")
    ] = None,
    by: By = ADMIN,
    as_json: AsJson = False,
) -> None:
    """Send a campaign's messages to a few testers, said to be tests, with buttons that do nothing.

    They wait in the outbox for a running `tenggat up` or `tenggat worker`. Nothing counts them. JSON: slug,
    locale, testers, messages.
    """
    from bot.campaigns.trial import send
    from bot.domain.recipient import Address

    testers, kinds = [Address.read(text) for text in to], _kinds(step)
    judge = linter()
    with database() as opened:
        sent = opened.run(
            send, slug, testers, linter=judge, by=by, now=opened.clock.now(), locale=locale, kinds=kinds
        )
    count = len(sent.testers)
    line = f"{sent.messages} messages to {count} testers are in the outbox; `tenggat up` sends them."
    answer(sent.as_json(), as_json=as_json, lines=[line])


@contextmanager
def findings_told(slug: str, *, as_json: bool) -> Iterator[None]:
    """What the lint finds in the block is told, and the command ends with exit code 1."""
    from bot.exceptions import Unfair

    try:
        yield
    except Unfair as error:
        answer({"slug": slug, "findings": list(error.findings)}, as_json=as_json, lines=_told(error.findings))
        note(str(error))
        raise typer.Exit(CHECK_FAILED) from error


def linter() -> "Linter":
    """The shipped words and rules, with the operator's name of the settings."""
    from dataclasses import replace

    from bot.campaigns.lint import shipped
    from bot.cli.console import settings

    return replace(shipped(), operator=settings().operator)


def _kinds(named: Sequence[str] | None) -> "Sequence[MessageKind]":
    from bot.domain.template import STEPS
    from bot.exceptions import UnknownWord

    known = {kind.value: kind for kind in STEPS}
    for name in named or ():
        if name not in known:
            raise UnknownWord("--step", name, tuple(known))
    return [known[name] for name in named] if named else STEPS


def _write(file: Path, text: str) -> None:
    from bot.exceptions import BadFile

    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadFile(str(file), f"cannot be written ({error.strerror}).") from error


def _told(findings: Sequence[Found]) -> list[str]:
    """Each finding once, with all places where it was made."""
    places: dict[tuple[str | int, ...], list[str]] = {}
    for found in findings:
        key = (found["rule"], found["name"], found["why"], found["do"], found["text"])
        places.setdefault(key, []).append(str(found["place"]))
    lines = []
    for (rule, name, why, do, text), where in places.items():
        lines += [f"Rule {rule}, {name}: {why} {do}", f"  {', '.join(where)}", f"  {_cut(str(text))}", ""]
    return lines[:-1]


def _cut(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= SHOWN else one_line[: SHOWN - 1] + "…"
