"""`tenggat campaign`: load, look at, approve, start and steer campaigns."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Concatenate

import typer

from bot.cli import campaign_figures
from bot.cli.campaign_words import findings_told, register
from bot.cli.console import ADMIN, AsJson, By, Ref, Slug, answer, database, group, note, table
from bot.domain import broadcast, moments

if TYPE_CHECKING:
    from bot.campaigns.explain import Explanation
    from bot.campaigns.status import Status
    from bot.domain.campaign import Campaign
    from bot.store.database import Session

app = group("Campaigns: a notice, a question, a deadline.")

register(app)
campaign_figures.register(app)

FIRST_PLACE = timezone(timedelta(hours=14))  # where every day begins first


@app.command()
def load(
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="The campaign file.")],
    by: By = ADMIN,
    as_json: AsJson = False,
) -> None:
    """Load a campaign file as a draft; loaded again, it rewrites the draft, and an approval falls.

    JSON: slug, state, content_hash.
    """
    from bot.campaigns import service
    from bot.domain.campaign_file import parse
    from bot.i18n import LOCALES

    with database() as opened:
        document = parse(_text(file), str(file), locales=LOCALES)
        now = opened.clock.now()
        campaign = opened.run(service.load, document, author=by, now=now)
        if service.has_passed(document, now):
            note(f"The deadline of `{document.slug}` ({document.deadline}) has passed: it cannot be started.")
        if document.allow_paid_broadcast:
            note(broadcast.TELEGRAM_ONLY)
    _answer(campaign, as_json)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List all campaigns. JSON: a list of slug, state, revision, deadline, content_hash."""
    from bot.store import campaigns

    with database() as opened:
        found = opened.run(campaigns.every)
    rows = [_summary(campaign) for campaign in found]
    headings = ("slug", "state", "revision", "deadline")
    answer(rows, as_json=as_json, lines=table(headings, [[row[name] for name in headings] for row in rows]))


@app.command()
def show(slug: Slug, as_json: AsJson = False) -> None:
    """Show a campaign and what it says.

    JSON: slug, state, revision, deadline, content_hash, author, approver, start_at, started_at, file.
    """
    from bot.domain.campaign_file import dump
    from bot.store import campaigns

    with database() as opened:
        campaign = opened.run(campaigns.get, slug)
    document = {
        **_summary(campaign),
        "author": campaign.author,
        "approver": campaign.approver,
        "start_at": _iso(campaign.start_at),
        "started_at": _iso(campaign.started_at),
        "file": dump(campaign.document),
    }
    lines = [f"{name:<12}  {value or '-'}" for name, value in document.items() if name != "file"]
    answer(document, as_json=as_json, lines=[*lines, "", *dump(campaign.document).splitlines()])


@app.command()
def explain(
    slug: Slug,
    ref: Ref,
    at: Annotated[
        str | None, typer.Option(metavar="T", help="As if it were started at this instant.")
    ] = None,
    joined: Annotated[
        str | None, typer.Option(metavar="T", help="As if first within reach at this instant.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell every step of one person, with its time and the reason for it.

    Before the start that is the plan from the announcement, afterwards what happened and what is to come.
    Instants without an offset are on the person's own clock. JSON: deadline, zone, excluded (null or why),
    steps: step, due_at (null when it is not sent), left_seconds, state, why.
    """
    with database() as opened:
        explanation = opened.run(_explain, slug, ref, at, joined)
    answer(explanation.as_json(), as_json=as_json, lines=_explained(explanation))


@app.command()
def request(slug: Slug, by: By = ADMIN, as_json: AsJson = False) -> None:
    """Ask for the approval of a draft, which locks it. JSON: slug, state, content_hash."""
    from bot.campaigns import service

    _act(service.request, slug, by, as_json)


@app.command()
def reject(
    slug: Slug,
    why: Annotated[str | None, typer.Option(metavar="TEXT", help="The reason, for the record.")] = None,
    by: By = ADMIN,
    as_json: AsJson = False,
) -> None:
    """Give a campaign in review back to its author, as a draft; or drop the change of one that has started.

    JSON: slug, state, content_hash.
    """
    from bot.campaigns import approval

    _act(partial(approval.reject, why=why), slug, by, as_json)


@app.command()
def approve(
    slug: Slug,
    audience: Annotated[
        int | None, typer.Option(metavar="N", help="How many people it asks; another number is refused.")
    ] = None,
    by: By = ADMIN,
    as_json: AsJson = False,
) -> None:
    """Approve a campaign as it is now, or the change that waits of one that has started; who wrote it may
    not, unless the campaign says `single_operator = true`.

    What `lint` finds is told, and nothing is approved then: exit code 1. Whom it would not reach in time at
    the lanes' pace is told as well, and it is approved all the same; so is what Telegram may charge, before
    anything is approved. JSON: slug, state, content_hash; or slug,
    findings.
    """
    from bot.campaigns import approval
    from bot.i18n import rest_days

    _require_right(slug, by)
    campaign_figures.tell_cost(slug)
    _act(partial(approval.approve, audience=audience, rest_days=rest_days), slug, by, as_json)
    campaign_figures.warn_of_misses(slug)


@app.command()
def start(
    slug: Slug,
    first: Annotated[
        str | None, typer.Option(metavar="SHARE", help="Such as 1% or 200: nobody else is asked yet.")
    ] = None,
    by: By = ADMIN,
    as_json: AsJson = False,
) -> None:
    """Start an approved campaign: from now on people are asked. JSON: slug, state, content_hash.

    Who is in a first part is always the same: those whose SHA-256 of the slug, a colon and their reference is
    lowest. `continue` asks everybody else.
    """
    from bot.campaigns import service
    from bot.domain.share import Share

    _act(partial(service.start, first=None if first is None else Share.read(first)), slug, by, as_json)


@app.command("continue")
def go_on(slug: Slug, by: By = ADMIN, as_json: AsJson = False) -> None:
    """Ask everybody, not the first part alone. JSON: slug, state, content_hash."""
    from bot.campaigns import service

    _act(service.go_on, slug, by, as_json)


@app.command()
def schedule(
    slug: Slug,
    at: Annotated[str, typer.Option(metavar="T", help='Such as "2025-09-02 09:00".')],
    zone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Whose clock; else the campaign's.")
    ] = None,
    local: Annotated[bool, typer.Option("--local", help="On everybody's own clock.")] = False,
    by: By = ADMIN,
    as_json: AsJson = False,
) -> None:
    """Let an approved campaign start by itself at an instant. JSON: slug, state, content_hash, start_at."""
    with database() as opened, findings_told(slug, as_json=as_json):
        campaign = opened.run(_schedule, slug, at, zone, local=local, by=by, now=opened.clock.now())
    _answer(campaign, as_json, start_at=_iso(campaign.start_at))


@app.command()
def unschedule(slug: Slug, by: By = ADMIN, as_json: AsJson = False) -> None:
    """Take a scheduled start back; the campaign stays approved. JSON: slug, state, content_hash."""
    from bot.campaigns import service

    _act(service.unschedule, slug, by, as_json)


@app.command()
def pause(slug: Slug, by: By = ADMIN, as_json: AsJson = False) -> None:
    """Begin nothing more; what is on its way still arrives. JSON: slug, state, content_hash."""
    from bot.campaigns import service

    _act(service.pause, slug, by, as_json)


@app.command()
def resume(slug: Slug, by: By = ADMIN, as_json: AsJson = False) -> None:
    """Run again; of the reminders missed meanwhile only the latest goes out.

    JSON: slug, state, content_hash.
    """
    from bot.campaigns import service
    from bot.i18n import rest_days

    with database() as opened:
        campaign = opened.run(service.resume, slug, by=by, now=opened.clock.now(), rest_days=rest_days)
    _answer(campaign, as_json)


@app.command()
def cancel(slug: Slug, by: By = ADMIN, as_json: AsJson = False) -> None:
    """End a campaign before its time; choices already made stand. JSON: slug, state, content_hash."""
    from bot.campaigns import service

    _act(service.cancel, slug, by, as_json)


@app.command("move-deadline")
def move_deadline(
    slug: Slug,
    deadline: Annotated[str, typer.Argument(metavar="DATE", help="The new last day.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing, only tell what would be.")
    ] = False,
    by: By = ADMIN,
    as_json: AsJson = False,
) -> None:
    """Move the deadline. Those who are undecided and were told the old date get one correction.

    A campaign that has not started becomes a draft again; one that has started waits until somebody else
    approves the move, unless it says `single_operator = true`. JSON: slug, state, was, deadline, revision,
    content_hash, corrections, silent (told it, but muted, excluded or out of reach), not_told, answered, waits,
    steps (on the clock of the campaign's zone, as in `explain`).
    """
    from bot.campaigns import approval
    from bot.campaigns import deadline as deadlines
    from bot.i18n import rest_days

    to = moments.day(deadline, what="The deadline")
    with database() as opened:
        now = opened.clock.now()
        if dry_run:
            outcome = opened.run(deadlines.preview, slug, to=to, now=now, rest_days=rest_days)
        else:
            outcome = opened.run(
                approval.move_deadline, slug, to=to, by=by, now=now, rest_days=rest_days, may_approve=True
            )
    answer(outcome.as_json(), as_json=as_json)
    if outcome.waits and not dry_run:
        note(f"Nothing has changed yet: somebody else approves it with `tenggat campaign approve {slug}`.")


@app.command()
def status(slug: Slug, as_json: AsJson = False) -> None:
    """Tell where a campaign stands.

    JSON: slug, state, revision, deadline, started_at, audience, excluded (reason: people), asked, answered,
    opt_in, opt_out, no_answer, muted, unreachable, in_doubt, funnel (of those who got a link: invited,
    linked, asked, answered), steps (step: state: deliveries), doubts (open ones: id, campaign, recipient, step,
    lane, state, sends, begun_at, due_at, reason, then).
    """
    from bot.campaigns.status import status as find_status

    with database() as opened:
        found = opened.run(find_status, slug)
    answer(found.as_json(), as_json=as_json, lines=_standing(found))


@app.command()
def new(
    origin: Annotated[str, typer.Option("--from", metavar="CAMPAIGN", help="The campaign to begin with.")],
    deadline: Annotated[str, typer.Option(metavar="DATE", help="The last day of the new one.")],
    name: Annotated[str | None, typer.Option("--slug", help="Its slug; else made of the two above.")] = None,
    announce: Annotated[
        str | None, typer.Option(metavar="DATE", help="The day of the notice; else today.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", help="Write the draft's file here as well.")
    ] = None,
    by: By = ADMIN,
    as_json: AsJson = False,
) -> None:
    """Make a draft of one's own from a campaign that there is. JSON: slug, state, content_hash."""
    from bot.campaigns import service

    last = moments.day(deadline, what="The deadline")
    first = None if announce is None else moments.day(announce, what="The announcement")
    with database() as opened:
        now = opened.clock.now()
        campaign = opened.run(
            service.new_from, origin, deadline=last, announce=first, name=name, author=by, now=now
        )
    if out is not None:
        _write(out, campaign)
    _answer(campaign, as_json)


def _require_right(slug: str, by: str) -> None:
    """Raise, with a denial on record, when the campaign is their own."""
    from bot.campaigns import rights
    from bot.domain.roles import Act
    from bot.exceptions import SameApprover

    act = Act.APPROVE
    with database() as opened:
        now, actor = opened.clock.now(), rights.at_console(by)
        if not opened.run(rights.admit, actor, act, asked=act.value, now=now, subject=slug):
            raise SameApprover(by)


def _act(act: Callable[Concatenate["Session", ...], "Campaign"], slug: str, by: str, as_json: bool) -> None:
    with database() as opened, findings_told(slug, as_json=as_json):
        campaign = opened.run(act, slug, by=by, now=opened.clock.now())
    _answer(campaign, as_json)


def _answer(campaign: "Campaign", as_json: bool, **more: str | None) -> None:
    document = {
        "slug": campaign.slug,
        "state": campaign.state.value,
        "content_hash": campaign.document.content_hash,
        **more,
    }
    answer(document, as_json=as_json)


def _summary(campaign: "Campaign") -> dict[str, object]:
    return {
        "slug": campaign.slug,
        "state": campaign.state.value,
        "revision": campaign.revision,
        "deadline": campaign.document.deadline.isoformat(),
        "content_hash": campaign.document.content_hash,
    }


def _explain(session: "Session", slug: str, ref: str, at: str | None, joined: str | None) -> "Explanation":
    from bot.campaigns.explain import explain, zone_for
    from bot.i18n import rest_days

    zone = zone_for(session, slug, ref)
    return explain(
        session,
        slug,
        ref,
        rest_days=rest_days,
        at=None if at is None else moments.instant(at, zone, what="--at"),
        joined=None if joined is None else moments.instant(joined, zone, what="--joined"),
    )


def _schedule(
    session: "Session", slug: str, at: str, zone: str | None, *, local: bool, by: str, now: datetime
) -> "Campaign":
    from bot.campaigns import service
    from bot.domain.calendar import zone as known_zone
    from bot.exceptions import BadMoment
    from bot.store import campaigns

    document = campaigns.get(session, slug).document
    place = zone or document.zone
    known_zone(place)
    instant = moments.instant(at, place, what="--at")
    if local:
        instant = instant.replace(tzinfo=FIRST_PLACE)
        if instant.date() > document.announce:
            raise BadMoment("--at with --local", at, f"the day of the announcement, {document.announce}")
    return service.schedule(session, slug, at=instant.astimezone(UTC), by=by, now=now)


def _explained(explanation: "Explanation") -> Sequence[str]:
    from bot.domain.explain import shown

    zone = explanation.zone
    rows = [
        (
            step.step,
            "-" if step.due_at is None else shown(step.due_at, zone),
            _left(step.left),
            step.state,
            step.why,
        )
        for step in explanation.steps
    ]
    excluded = [f"Not asked: {explanation.excluded}."] if explanation.excluded else []
    return [
        f"Deadline {shown(explanation.deadline, zone)} ({zone})",
        *excluded,
        *table(("step", "at", "left", "state", "why"), rows),
    ]


def _left(left: timedelta | None) -> str:
    from bot.domain.plan import span

    return span(left) if left else "-"


def _standing(found: "Status") -> Sequence[str]:
    left_out = ("steps", "doubts")
    figures = {name: value for name, value in found.as_json().items() if name not in left_out}
    states = [(step, states) for step, states in found.figures.steps.items()]
    rows = [
        (step, ", ".join(f"{count} {state}" for state, count in counts.items())) for step, counts in states
    ]
    figures["funnel"] = " → ".join(
        f"{count} {stage}" for stage, count in asdict(found.figures.funnel).items()
    )
    lines = [f"{name:<12}  {_plain(value)}" for name, value in figures.items()]
    if rows:
        lines += ["", *table(("step", "deliveries"), rows)]
    doubts = [(doubt.id, doubt.step, doubt.lane, doubt.fate.value) for doubt in found.doubts]
    return [*lines, "", *table(("in doubt", "step", "lane", "then"), doubts)] if doubts else lines


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{count} {name}" for name, count in value.items()) or "-"
    return "-" if value is None else str(value)


def _text(file: Path) -> str:
    from bot.exceptions import BadFile

    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise BadFile(str(file), f"cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise BadFile(str(file), f"byte {error.start + 1} is not UTF-8.") from error


def _write(file: Path, campaign: "Campaign") -> None:
    from bot.domain.campaign_file import dump
    from bot.exceptions import BadFile

    try:
        file.write_text(dump(campaign.document), encoding="utf-8")
    except OSError as error:
        raise BadFile(str(file), f"cannot be written ({error.strerror}).") from error


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()
