"""`tenggat campaign lint`, `preview` and `test-send`: what a campaign says, before anybody is asked."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from bot.cli.console import AsJson, Slug, answer, database, note

if TYPE_CHECKING:
    from bot.campaigns.lint import Linter

Found = Mapping[str, str | int]

CHECK_FAILED = 1
SHOWN = 100  # characters of a text that a finding is about


def register(app: typer.Typer) -> None:
    """The commands of this file are commands of `app`."""
    app.command()(lint)


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
    if findings:
        raise typer.Exit(CHECK_FAILED)


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
