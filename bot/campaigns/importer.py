"""Importing people from a CSV file: what is good goes in, what is not goes to a rejects file."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from bot.campaigns.first_lines import FirstLines
from bot.campaigns.people_csv import PeopleFile, RejectsFile, Row, check_readable, open_text
from bot.domain.people_file import Imported, Problem
from bot.domain.recipient import Address, ChannelName
from bot.store import recipients
from bot.store.database import Database
from bot.store.models import AddressRow, RecipientRow
from bot.store.recipients import Change, Seen, Verdict
from bot.store.statistics import count_anew

BATCH = 2_000  # rows of a transaction: a tenth of a second, and twice that where all of them are changed

Progress = Callable[[int, int], None]  # lines done, lines in all


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did. `rejects_file` is where the bad rows stand, None when there were none.

    Among the `unchanged` are `forgotten` ones, who asked to be: they are left out.
    """

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    rejects_file: str | None = None
    seconds: float = 0.0
    forgotten: int = 0


def import_people(
    database: Database,
    path: Path,
    *,
    dry_run: bool = False,
    progress: Progress = lambda done, total: None,
    key: bytes | None = None,
) -> ImportResult:
    """Everybody in the file is a recipient as it says; with `dry_run` it is only told what would be.

    Rows go in by batches, each in a transaction of its own: after an interruption the same file can be
    imported again, and what is in already stays as it is. Bad rows stand in the rejects file. `key` is that
    of the marks of people who were forgotten.
    """
    began = database.clock.monotonic()
    total = check_readable(path)
    with open_text(path) as file, RejectsFile(path) as rejects, FirstLines() as firsts:
        people = PeopleFile(file, path)
        task = _Import(database, people, rejects, firsts, dry_run=dry_run, key=key)
        for batch in _batches(people.rows()):
            task.take(batch)
            progress(batch[-1].line, total)
        task.close()
    progress(total, total)
    seconds = round(database.clock.monotonic() - began, 3)
    return replace(task.result, rejects_file=rejects.written, seconds=seconds)


class _Import:
    """An import on its way."""

    def __init__(
        self,
        database: Database,
        people: PeopleFile,
        rejects: RejectsFile,
        firsts: FirstLines,
        *,
        dry_run: bool,
        key: bytes | None,
    ) -> None:
        self.database = database
        self.key = key
        self.people = people
        self.rejects = rejects
        self.firsts = firsts
        self.dry_run = dry_run
        self.result = ImportResult()
        self._seen = Seen()

    def take(self, batch: Sequence[Row]) -> None:
        """The rows of the batch are in, or among the rejects."""
        bad = {row.line: row.read for row in batch if isinstance(row.read, tuple)}
        good = [(row.line, row.read) for row in batch if isinstance(row.read, Imported)]
        if twice := self.firsts.earlier([(person.ref, line) for line, person in good]):
            bad |= {line: (_twice(person, twice[line]),) for line, person in good if line in twice}
            good = [(line, person) for line, person in good if line not in twice]
        verdicts = self._store([person for _, person in good])
        for (line, _), verdict in zip(good, verdicts, strict=True):
            if verdict.taken is not None:
                bad[line] = (_taken(verdict.taken, verdict.owner),)
        for line in sorted(bad):
            self.rejects.add(line, bad[line])
        self._count(len(batch), [verdict.change for verdict in verdicts], rejected=len(bad))

    def close(self) -> None:
        """The database knows how many there are now."""
        if not self.dry_run:
            self.database.run(count_anew, self.result.read, RecipientRow, AddressRow)

    def _store(self, people: Sequence[Imported]) -> list[Verdict]:
        columns, now = self.people.columns, self.database.clock.now()
        if self.dry_run:
            return self.database.run(
                recipients.compare, people, columns=columns, seen=self._seen, key=self.key
            )
        return self.database.run(recipients.put, people, columns=columns, now=now, key=self.key)

    def _count(self, read: int, changes: Sequence[Change], *, rejected: int) -> None:
        forgotten = changes.count(Change.SUPPRESSED)
        self.result = replace(
            self.result,
            read=self.result.read + read,
            created=self.result.created + changes.count(Change.CREATED),
            updated=self.result.updated + changes.count(Change.UPDATED),
            unchanged=self.result.unchanged + changes.count(Change.UNCHANGED) + forgotten,
            forgotten=self.result.forgotten + forgotten,
            rejected=self.result.rejected + rejected,
        )


def _twice(person: Imported, first: int) -> Problem:
    return Problem("ref", person.ref, f"each person once; line {first} has this one already")


def _taken(place: Address, owner: str | None) -> Problem:
    column = "telegram_chat_id" if place.channel is ChannelName.TELEGRAM else "slack_user_id"
    return Problem(column, place.external, f"an address of this person's own; `{owner}` has this one")


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    left = iter(rows)
    while batch := list(islice(left, BATCH)):
        yield batch
