"""`tenggat recipients`: bring people in, and look one up."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import reach
from bot.cli.console import ADMIN, AsJson, By, Ref, answer, database, group, note, settings
from bot.cli.progress import progress

if TYPE_CHECKING:
    from bot.campaigns.importer import ImportResult

app = group("The people whom campaigns are for.")
reach.register(app)

ROWS_REJECTED = 1
MANY = 100_000  # lines; fewer are done before anybody looks


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="UTF-8, with commas or semicolons.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing, only tell what would be.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring people in, or up to date, from a CSV file.

    Columns: ref, plan (both needed), locale, timezone, registered_at, telegram_chat_id, telegram_bot (of several
    bots the one that a new address belongs to, by its number), slack_team_id, slack_user_id, email_hash. A column
    that the file does not have is left as it is, an empty cell clears it, but no address. Bad rows go to
    FILE.rejects.csv, and the exit code is 1; all others go in. JSON: read, created, updated, unchanged, rejected,
    rejects_file, seconds.
    """
    from bot.campaigns.importer import import_people
    from bot.domain.suppression import suppression_key

    secret = settings().secret_key.encode()
    with database() as opened, progress("Importing", few=MANY) as told:
        key = suppression_key(secret) if secret else None
        result = import_people(opened, file, dry_run=dry_run, progress=told, key=key)
    document = {name: value for name, value in asdict(result).items() if name != "forgotten"}
    answer(document, as_json=as_json, lines=[_sentence(result, dry_run=dry_run)])
    if result.forgotten:
        note(f"{result.forgotten} of the unchanged rows are of people who asked to be forgotten.")
    if result.rejected:
        note(f"{result.rejected} of {result.read} rows were rejected; why stands in {result.rejects_file}.")
        raise typer.Exit(ROWS_REJECTED)


@app.command()
def show(ref: Ref, by: By = ADMIN, as_json: AsJson = False) -> None:
    """Show what is known of one person, with every message and the words that it showed.

    The look-up is on record, and the person can see it. JSON: ref, plan, locale, timezone, addresses, choice,
    history, deliveries, muted, next_step, why_no_message (campaign, why, step, at).
    """
    from bot.campaigns.person import show as shown
    from bot.i18n import rest_days

    with database() as opened:
        document = opened.run(shown, ref, rest_days=rest_days, by=by, now=opened.clock.now())
    answer(document, as_json=as_json)


def _sentence(result: "ImportResult", *, dry_run: bool) -> str:
    would = "would be " if dry_run else ""
    return (
        f"{result.read} rows read: {result.created} {would}created, {result.updated} {would}updated,"
        f" {result.unchanged} unchanged, {result.rejected} rejected; {result.seconds:.1f} s."
    )
