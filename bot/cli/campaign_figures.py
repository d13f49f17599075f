"""`tenggat campaign forecast`, `report` and `export`: what a campaign will do, and what came of it."""

import csv
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.console import AsJson, Slug, answer, database, note, settings, table
from bot.domain import moments

if TYPE_CHECKING:
    from bot.campaigns.forecast import Forecast
    from bot.campaigns.report import Report
    from bot.campaigns.wording import Template
    from bot.domain.campaign import Campaign
    from bot.store.database import Session

Png = Annotated[Path | None, typer.Option(metavar="FILE.png", help="The same picture as PNG.")]
PictureLocale = Annotated[
    str | None, typer.Option(metavar="L", help="The picture's language; else the authoritative one.")
]
Dark = Annotated[bool, typer.Option("--dark", help="Draw on a dark ground.")]
UNLINKED_COLUMNS = ("ref", "locale", "timezone")


def register(app: typer.Typer) -> None:
    """The commands of this file are commands of `app`."""
    app.command()(forecast)
    app.command()(report)
    app.command()(export)


def forecast(
    slug: Slug,
    at: Annotated[
        str | None, typer.Option(metavar="T", help="As if it were started at this instant.")
    ] = None,
    unlinked: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.csv", help="Write down who has no account connected: ref, locale, timezone."
        ),
    ] = None,
    svg: Annotated[
        Path | None, typer.Option(metavar="FILE.svg", help="Draw the messages by day, step upon step.")
    ] = None,
    png: Png = None,
    locale: PictureLocale = None,
    dark: Dark = False,
    as_json: AsJson = False,
) -> None:
    """Tell what a campaign will send when nobody answers, when, and whom it will not reach in time.

    Before the start that is the plan from the announcement, afterwards what went out and what is to come. An
    instant without an offset is on the campaign's clock. JSON: audience, excluded (reason: people), lanes
    (lane, rate_per_second, steps: step, count, first_at, last_at), finishes_at, misses (step, count, why),
    holds (step, count: whose turn comes outside their hours), stars (what Telegram charges at most for paid
    broadcasts, null without), fallbacks (language without words: people).
    """
    from bot import resources
    from bot.campaigns.templates import fallbacks
    from bot.i18n import Catalogs
    from bot.store import campaigns

    catalogs = Catalogs.load(resources.locales())
    with database() as opened:
        found = opened.read(_forecast, slug, at, now=opened.clock.now())
        campaign = opened.run(campaigns.get, slug)
        without = opened.run(fallbacks, campaign, catalogs)
        if unlinked is not None:
            count = opened.run(_write_unlinked, slug, unlinked)
            note(f"{count} people without a connected account are in {unlinked}.")
    if (svg is not None or png is not None) and found.lanes:
        _draw_forecast(campaign, found, svg, png, locale=locale, dark=dark)
    answer(
        {**found.as_json(), "fallbacks": dict(without)},
        as_json=as_json,
        lines=[
            *_told(found),
            *(f"{locale}: no words for {count} people" for locale, count in without.items()),
        ],
    )


def warn_of_misses(slug: str) -> None:
    """Whom the campaign does not reach in time at this pace is told on stderr, if there are any."""
    with database() as opened:
        found = opened.read(_forecast, slug, None, now=opened.clock.now())
    for line in _late(found):
        note(f"Warning: {line}")


def tell_cost(slug: str) -> None:
    """What Telegram may charge for the campaign is told on stderr, if it may charge anything."""
    from bot.store import campaigns

    with database() as opened:
        if not opened.run(campaigns.get, slug).document.allow_paid_broadcast:
            return
        found = opened.read(_forecast, slug, None, now=opened.clock.now())
    for line in _cost(found):
        note(line)


def report(
    slug: Slug,
    svg: Annotated[Path | None, typer.Option(metavar="FILE.svg", help="Draw the answers by day.")] = None,
    png: Png = None,
    locale: PictureLocale = None,
    dark: Dark = False,
    as_json: AsJson = False,
) -> None:
    """Tell what came of a campaign, both answers in neutral order and with equal weight.

    Days are those of the campaign's zone; in doubt counts as reached. JSON: slug, state, deadline,
    single_operator, audience, excluded, reached, answered, opt_in, opt_out, no_answer, muted, blocked,
    changed, in_doubt, median_seconds_to_answer, funnel (of those who got a link), and by steps, days, locales,
    channels: name, reached, answered, opt_in, opt_out.
    """
    from bot.campaigns.report import report as find_report
    from bot.store.twins import twinned

    with database() as opened:
        found = opened.read(twinned(find_report), slug)
    if svg is not None or png is not None:
        _draw_report(found, svg, png, locale=locale, dark=dark)
    answer(found.as_json(), as_json=as_json, lines=_reported(found))


def export(
    slug: Slug,
    out: Annotated[Path, typer.Option(metavar="FILE", help="FILE.csv or FILE.jsonl.")],
    as_json: AsJson = False,
) -> None:
    """Write every answer of a campaign to a file, changed ones too, without names.

    No cell of a CSV file is a formula: one that would be begins with an apostrophe. JSON: answers (how many).
    """
    with database() as opened:
        written = opened.run(_export, slug, out)
    answer({"answers": written}, as_json=as_json, lines=[f"{written} answers are in {out}."])


def _export(session: "Session", slug: str, file: Path) -> int:
    from bot.campaigns import export
    from bot.exceptions import BadFile

    writers = {".csv": export.write_csv, ".jsonl": export.write_jsonl}
    write = writers.get(file.suffix)
    if write is None:
        raise BadFile(str(file), "its name must end in .csv or .jsonl.")
    found = export.lines(session, slug)
    try:
        with file.open("w", encoding="utf-8", newline="") as out:
            return write(found, out)
    except OSError as error:
        raise BadFile(str(file), f"cannot be written ({error.strerror}).") from error


def _draw_report(
    found: "Report", svg: Path | None, png: Path | None, *, locale: str | None, dark: bool
) -> None:
    from bot.campaigns import chart

    said = chart.labels(_template(found.campaign, locale, zone=None))
    _put(chart.svg(chart.every_day(found.days), said, dark=dark), svg, png)


def _draw_forecast(
    campaign: "Campaign",
    found: "Forecast",
    svg: Path | None,
    png: Path | None,
    *,
    locale: str | None,
    dark: bool,
) -> None:
    from bot.campaigns import forecast_chart
    from bot.conversation.figures_words import forecast_captions

    zone = campaign.document.zone
    days = forecast_chart.by_day(found, zone=zone)
    said = forecast_captions(_template(campaign, locale, zone=zone), days)
    _put(forecast_chart.svg(days, said, dark=dark), svg, png)


def _template(campaign: "Campaign", locale: str | None, *, zone: str | None) -> "Template":
    from bot import resources
    from bot.campaigns.wording import Template
    from bot.i18n import Catalogs

    return Template.of(
        campaign.document,
        locale=locale or campaign.document.authoritative_locale,
        zone=zone,
        operator=settings().operator,
        catalogs=Catalogs.load(resources.locales()),
        own=campaign.words,
    )


def _put(picture: str, svg: Path | None, png: Path | None) -> None:
    """The picture is in the files that were named."""
    from bot.campaigns import chart
    from bot.exceptions import BadFile

    try:
        if svg is not None:
            svg.write_text(picture, encoding="utf-8")
        if png is not None:
            png.write_bytes(chart.png(picture))
    except OSError as error:
        raise BadFile(str(error.filename), f"cannot be written ({error.strerror}).") from error


def _reported(found: "Report") -> Sequence[str]:
    document = found.as_json()
    parts = {"step": found.steps, "day": found.days, "language": found.locales, "channel": found.channels}
    lines = [
        f"{name:<24}  {value}" for name, value in document.items() if not isinstance(value, (dict, list))
    ]
    for name, rows in parts.items():
        cells = [(row.name, row.reached, row.answered, row.opt_in, row.opt_out) for row in rows]
        if cells:
            lines += ["", *table((name, "reached", "answered", "opt_in", "opt_out"), cells)]
    return lines


def _forecast(session: "Session", slug: str, at: str | None, *, now: datetime) -> "Forecast":
    from bot.campaigns.forecast import Rates, forecast
    from bot.i18n import rest_days
    from bot.store import campaigns

    zone = campaigns.get(session, slug).document.zone
    start = None if at is None else moments.instant(at, zone, what="--at")
    rates = Rates.of_settings(settings())
    return forecast(session, slug, rates=rates, rest_days=rest_days, now=now, at=start)


def _write_unlinked(session: "Session", slug: str, file: Path) -> int:
    from bot.store import campaigns, prospects

    people = prospects.unlinked(session, campaigns.get(session, slug))
    return _write_csv(file, UNLINKED_COLUMNS, ((who.ref, who.locale, who.zone) for who in people))


def _write_csv(file: Path, columns: Sequence[str], rows: Iterable[Sequence[str | None]]) -> int:
    """The rows are in the file; how many."""
    from bot.exceptions import BadFile

    written = 0
    try:
        with file.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(columns)
            for row in rows:
                writer.writerow(row)
                written += 1
    except OSError as error:
        raise BadFile(str(file), f"cannot be written ({error.strerror}).") from error
    return written


def _told(found: "Forecast") -> Sequence[str]:
    excluded = ", ".join(f"{count} {why}" for why, count in found.excluded.items()) or "nobody"
    rows = [
        (lane.lane, lane.rate or "-", step.step, step.count, step.first_at, step.last_at)
        for lane in found.lanes
        for step in lane.steps
    ]
    headings = ("lane", "per second", "step", "people", "first", "last")
    return [
        f"{found.audience} people are asked; left out: {excluded}.",
        *(table(headings, rows) if rows else ["Nothing is sent."]),
        *(f"Held for the hours: {hold.count} of {hold.step}." for hold in found.holds),
        *_late(found),
        *_cost(found),
    ]


def _cost(found: "Forecast") -> Sequence[str]:
    return [] if found.stars is None else [f"Paid broadcast on Telegram: {found.stars:,.1f} Stars at most."]


def _late(found: "Forecast") -> Sequence[str]:
    return [f"Not reached: {miss.count} by {miss.step}: {miss.why}." for miss in found.misses]
