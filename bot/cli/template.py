"""`tenggat template`: the words of campaigns as files, one a language."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.console import ADMIN, AsJson, By, Slug, answer, database, group, note, table

if TYPE_CHECKING:
    from bot.campaigns.templates import Brought
    from bot.domain.template import LocaleWords

app = group("The words of campaigns, as files that a spreadsheet opens.")

SHIPPED = "claude-consumer-terms"

Locales = Annotated[
    list[str] | None, typer.Option("--locale", metavar="L", help="This language; may be given again.")
]


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the files go; made if need be.")],
    locale: Locales = None,
    as_json: AsJson = False,
) -> None:
    """Write empty files for the words of a campaign, one a language, with the shipped words as an example.

    JSON: a list of locale, file, places.
    """
    from bot.campaigns.template_csv import blank
    from bot.campaigns.templates import shipped_example
    from bot.cli.campaign_words import linter

    catalogs = linter().catalogs
    files = {tag: blank(tag, example=shipped_example(catalogs, SHIPPED, tag)) for tag in _wanted(locale, ())}
    _write(folder, files, as_json)


@app.command()
def export(
    slug: Slug,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the files go; made if need be.")],
    locale: Locales = None,
    as_json: AsJson = False,
) -> None:
    """Write the words of a campaign, one file a language; for a language that it lacks, one to fill in.

    JSON: a list of locale, file, places.
    """
    from bot.campaigns.template_csv import to_csv
    from bot.campaigns.templates import words_for_export
    from bot.cli.campaign_words import linter
    from bot.domain.template import LocaleWords
    from bot.store import campaigns

    with database() as opened:
        campaign = opened.run(campaigns.get, slug)
        words = words_for_export(campaign, linter().catalogs)
    source = words.locales.get(campaign.document.authoritative_locale)
    files = {
        tag: to_csv(words.locales.get(tag, LocaleWords(tag, {})), source=source)
        for tag in _wanted(locale, tuple(words.locales))
    }
    _write(out, files, as_json)


@app.command("import")
def import_(
    slug: Slug,
    files: Annotated[list[Path], typer.Argument(metavar="FILE.csv...", help="One or more languages.")],
    alone: Annotated[
        bool, typer.Option("--alone", help="Forget the words that the campaign has in other languages.")
    ] = False,
    by: By = ADMIN,
    as_json: AsJson = False,
) -> None:
    """Give a campaign words of its own; it becomes a draft again, and an approval falls.

    Where words in the authoritative language have changed, translations that are not among the files are
    dropped; a language with a gap gives way to the authoritative one. JSON: slug, state, content_hash, whole,
    missing, dropped, fallbacks (language: people who read it and get the authoritative words).
    """
    from bot.campaigns.template_csv import from_csv
    from bot.campaigns.templates import bring, fallbacks
    from bot.cli.campaign_words import linter

    words = [from_csv(_text(file), str(file)) for file in files]
    _check_once(words, files)
    catalogs = linter().catalogs
    with database() as opened:
        brought = opened.run(
            bring, slug, words, by=by, now=opened.clock.now(), catalogs=catalogs, alone=alone
        )
        people = opened.run(fallbacks, brought.campaign, catalogs)
    document = {**brought.as_json(), "fallbacks": people}
    answer(document, as_json=as_json)
    _tell(brought)


def _tell(brought: "Brought") -> None:
    if brought.dropped:
        note(
            f"{brought.dropped} translated places no longer say what the authoritative words say, and were"
            " dropped; import those languages again."
        )


def _check_once(words: Sequence["LocaleWords"], files: Sequence[Path]) -> None:
    from bot.exceptions import BadFile

    seen: dict[str, Path] = {}
    for found, file in zip(words, files, strict=True):
        if found.locale in seen:
            raise BadFile(str(file), f"`{found.locale}` is the language of {seen[found.locale]} already.")
        seen[found.locale] = file


def _wanted(locale: list[str] | None, usual: Sequence[str]) -> Sequence[str]:
    from bot.exceptions import UnknownWord
    from bot.i18n import LOCALES

    for tag in locale or ():
        if tag not in LOCALES:
            raise UnknownWord("--locale", tag, LOCALES)
    return locale or usual or LOCALES


def _write(folder: Path, files: dict[str, str], as_json: bool) -> None:
    from bot.exceptions import BadFile

    rows = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for tag, text in files.items():
            path = folder / f"{tag}.csv"
            path.write_text(text, encoding="utf-8", newline="")
            rows.append({"locale": tag, "file": str(path), "places": text.count("\r\n") - 4})
    except OSError as error:
        raise BadFile(str(folder), f"cannot be written ({error.strerror}).") from error
    headings = ("locale", "file", "places")
    answer(rows, as_json=as_json, lines=table(headings, [list(row.values()) for row in rows]))


def _text(file: Path) -> str:
    from bot.exceptions import BadFile

    try:
        return file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise BadFile(str(file), f"cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise BadFile(
            str(file), f"byte {error.start + 1} is not UTF-8; save the file as “CSV UTF-8”."
        ) from error
