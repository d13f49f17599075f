"""Linking people to Slack by their e-mail addresses, which are asked for once and kept nowhere."""

import csv
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import Final, assert_never

from bot.campaigns.people_csv import DELIMITERS, RejectsFile, check_readable, open_text
from bot.channels.directory import Away, Directory, Later, Member, Nobody
from bot.clock import Clock, Rest
from bot.domain.people_file import Problem
from bot.domain.recipient import Address, ChannelName, Reach
from bot.exceptions import BadFile, ChannelAway, UnknownRecipient
from bot.store import addresses, links, recipients, staff
from bot.store.database import Database, Session
from bot.store.links import Account

COLUMNS: Final = ("ref", "email")
EVERY: Final = timedelta(seconds=1.2)  # users.lookupByEmail is of tier 3: 50 a minute
TRIES: Final = 5  # in a row, before we take Slack to be away
FIRST_PAUSE: Final = timedelta(seconds=1)  # doubles with each
EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}")
ACT: Final = "recipients.link-slack"

Progress = Callable[[int, int], None]  # rows done, rows in all


@dataclass(frozen=True, slots=True)
class LinkResult:
    """What became of the file's rows. `unchanged` are those who were linked in this workspace before."""

    read: int = 0
    linked: int = 0
    unchanged: int = 0
    rejected: int = 0
    rejects_file: str | None = None
    seconds: float = 0.0


class Verdict(StrEnum):
    """What became of one row."""

    LINKED = "linked"
    UNCHANGED = "unchanged"


async def link_slack(
    database: Database,
    path: Path,
    directory: Directory,
    *,
    clock: Clock,
    by: str,
    progress: Progress = lambda done, total: None,
) -> LinkResult:
    """Everybody in the file whom the workspace knows by their address can be reached there.

    It can be broken off and begun again: who is linked is not looked up a second time. Bad rows, and people
    whom the workspace does not know, stand in the rejects file, without their addresses.
    """
    began = database.clock.monotonic()
    total = max(check_readable(path) - 1, 0)
    linking = _Linking(database, directory, clock)
    result = LinkResult()
    with open_text(path) as file, RejectsFile(path) as rejects:
        try:
            for line, row in _rows(csv.reader(file, delimiter=_delimiter(path), strict=True), path):
                verdict = await linking.link(row)
                if isinstance(verdict, Problem):
                    rejects.add(line, [verdict])
                result = _counted(result, verdict)
                progress(result.read, total)
        finally:
            _audit(database, result, directory.workspace, by)
        result = replace(result, rejects_file=rejects.written)
    return replace(result, seconds=round(database.clock.monotonic() - began, 3))


class _Linking:
    """One file on its way, at the rate that Slack allows."""

    def __init__(self, database: Database, directory: Directory, clock: Clock) -> None:
        self.database = database
        self.directory = directory
        self.clock = clock
        self._seen: set[str] = set()
        self._rest = Rest(clock)

    async def link(self, row: Mapping[str, str]) -> Verdict | Problem:
        """The row's person is linked, or was, or the row is bad."""
        ref, email = row["ref"].strip(), row["email"].strip()
        problem = self._problem(ref, email)
        if problem is not None:
            return problem
        standing = self.database.run(_standing, ref, _hash(email), self.directory.workspace)
        if standing is not None:
            return standing
        member = await self._find(email)
        if member is None:
            return _about("email", f"the address of a member of the workspace {self.directory.workspace}")
        place = Address(ChannelName.SLACK, member.external, self.directory.workspace)
        account = Account(place, handle=member.handle)
        return self.database.run(_connect, ref, account, now=self.database.clock.now())

    def _problem(self, ref: str, email: str) -> Problem | None:
        if not ref:
            return _about("ref", "the product's reference for this person")
        if ref in self._seen:
            return Problem("ref", ref, "each person once")
        self._seen.add(ref)
        return None if EMAIL.fullmatch(email) else _about("email", "an e-mail address")

    async def _find(self, email: str) -> Member | None:
        pause, tries = FIRST_PAUSE, 1
        while True:
            await self.clock.sleep(self._rest.left)
            self._rest.begin(EVERY)
            with self.clock.busy():
                found = await self.directory.find(email)
            match found:
                case Member():
                    return found
                case Nobody():
                    return None
                case Later(wait=wait):
                    self._rest.begin(max(wait, EVERY))
                case Away(reason=reason):
                    if tries == TRIES:
                        raise ChannelAway("Slack", reason, setting="BOT_SLACK_API")
                    self._rest.begin(max(pause, EVERY))
                    pause, tries = pause * 2, tries + 1
                case _:
                    assert_never(found)


def _standing(session: Session, ref: str, email_hash: str, workspace: str) -> Verdict | Problem | None:
    """Why this person is not to be looked up; None when they are."""
    try:
        person = recipients.get(session, ref)
    except UnknownRecipient:
        return Problem("ref", ref, "somebody who has been imported")
    kept = recipients.email_hash(session, person.id)
    if kept is not None and kept != email_hash:
        return _about("email", "the address whose hash was imported for this person")
    here = (place for place in person.addresses if place.workspace == workspace)
    if any(place.reach in (Reach.REACHABLE, Reach.BLOCKED) for place in here):
        return Verdict.UNCHANGED
    return None


def _connect(session: Session, ref: str, account: Account, *, now: datetime) -> Verdict | Problem:
    person = recipients.get(session, ref)
    owner = addresses.by_key(session, account.place.key)
    if owner is not None and owner.recipient_id != person.id:
        return _about("email", f"a Slack account of this person's own; {account.place.external} is another's")
    links.connect(session, person, account, now=now)
    return Verdict.LINKED


def _counted(result: LinkResult, verdict: Verdict | Problem) -> LinkResult:
    return replace(
        result,
        read=result.read + 1,
        linked=result.linked + (verdict is Verdict.LINKED),
        unchanged=result.unchanged + (verdict is Verdict.UNCHANGED),
        rejected=result.rejected + isinstance(verdict, Problem),
    )


def _audit(database: Database, result: LinkResult, workspace: str, by: str) -> None:
    database.run(
        staff.audit,
        actor=by,
        act=ACT,
        allowed=True,
        now=database.clock.now(),
        subject=workspace,
        detail=f"{result.linked} of {result.read} linked",
    )


def _rows(lines: Iterator[list[str]], path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Each row with its line; the first line names the columns, in any order."""
    header: list[str] = []
    for line in count(1):
        try:
            cells = next(lines, None)
        except csv.Error as error:
            raise BadFile(str(path), f"not a CSV file from here on ({error}).", line=line) from error
        if line == 1:
            header = [name.strip().lower() for name in cells or []]
            if sorted(header) != sorted(COLUMNS):
                raise BadFile(str(path), f"expected the columns {', '.join(COLUMNS)} and no others.", line=1)
        elif cells is None:
            return
        elif any(cell.strip() for cell in cells):
            yield line, dict(zip(header, [*cells, "", ""], strict=False))


def _delimiter(path: Path) -> str:
    with open_text(path) as file:
        first = file.readline()
    return max(DELIMITERS, key=first.count)


def _hash(email: str) -> str:
    return hashlib.sha256(email.lower().encode()).hexdigest()


def _about(column: str, expected: str) -> Problem:
    """What is wrong with a cell whose value must not be written down."""
    return Problem(column, "", expected)
