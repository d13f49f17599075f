"""Inviting: one signed deep link a person, in a file for the operator's own mail or app."""

import csv
import hashlib
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, TextIO
from urllib.parse import quote

from bot.campaigns import qr as qr_codes
from bot.domain import invitation
from bot.domain.calendar import closes_everywhere
from bot.domain.campaign import Campaign
from bot.exceptions import BadBotName, BadFile, CannotInvite
from bot.store import campaigns, links, staff
from bot.store.database import Database, Session
from bot.store.links import Invited, RandomBytes

COLUMNS: Final = ("ref", "locale", "link")
BATCH: Final = 2_000  # people of a transaction: some tens of milliseconds
BOT_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}")
LONGEST_NAME: Final = 200  # bytes of a file's name before its end; file systems take 255

Progress = Callable[[int, int], None]  # links written, links in all


@dataclass(frozen=True, slots=True)
class InviteResult:
    """What was written: `links` people have theirs in the file `out`, of whom `new` had none before."""

    campaign: str
    bot: str
    links: int
    new: int
    out: str
    qr: str | None = None


def invite(
    database: Database,
    slug: str,
    *,
    bot: str,
    key: bytes,
    out: Path,
    everyone: bool = False,
    qr: Path | None = None,
    by: str,
    random_bytes: RandomBytes = secrets.token_bytes,
    progress: Progress = lambda done, total: None,
) -> InviteResult:
    """Everybody whom the campaign asks and who has not answered has a link, in `out` and drawn in `qr`.

    Without `everyone` those are left out whom the bot can write to on Telegram. Asked again, it is the same
    link. The file takes the place of an older one at the end, and only its owner can read it.
    """
    name = checked_name(bot)
    campaign = database.run(_campaign, slug, now=database.clock.now())
    new = _make(database, campaign, everyone=everyone, random_bytes=random_bytes)
    total = database.run(links.count, campaign, everyone=everyone)
    with _errors_named(out), _private(out) as file:
        _make_folder(qr)
        written = csv.writer(file)
        written.writerow(COLUMNS)
        count = 0
        for person in _invited(database, campaign, everyone=everyone):
            link = f"https://t.me/{name}?start={invitation.sign(key, person.token)}"
            written.writerow([person.ref, person.locale or campaign.document.authoritative_locale, link])
            if qr is not None:
                qr_codes.draw(link, qr / f"{_file_name(person.ref)}.svg")
            count += 1
            progress(count, total)
    database.run(_audit, campaign, by=by, now=database.clock.now(), links=count, new=new)
    return InviteResult(slug, name, count, new, str(out), str(qr) if qr else None)


def checked_name(text: str) -> str:
    """The bot's username, without the sign before it."""
    name = text.removeprefix("@")
    if not BOT_NAME.fullmatch(name):
        raise BadBotName(text)
    return name


def _campaign(session: Session, slug: str, *, now: datetime) -> Campaign:
    campaign = campaigns.get(session, slug)
    if campaign.state in links.OVER:
        raise CannotInvite(slug, f"it is {campaign.state}")
    if now > closes_everywhere(campaign.document.deadline):
        raise CannotInvite(slug, f"its deadline ({campaign.document.deadline}) has passed")
    return campaign


def _make(database: Database, campaign: Campaign, *, everyone: bool, random_bytes: RandomBytes) -> int:
    new, after = 0, 0
    while made := database.run(
        links.make,
        campaign,
        everyone=everyone,
        random_bytes=random_bytes,
        now=database.clock.now(),
        after=after,
        limit=BATCH,
    ):
        new, after = new + len(made), made[-1]
    return new


def _invited(database: Database, campaign: Campaign, *, everyone: bool) -> Iterator[Invited]:
    after = 0
    while people := database.run(links.page, campaign, everyone=everyone, after=after, limit=BATCH):
        yield from people
        after = people[-1].id


def _audit(session: Session, campaign: Campaign, *, by: str, now: datetime, links: int, new: int) -> None:
    detail = f"{links} links, {new} of them new"
    act = "recipients.invite"
    staff.audit(session, actor=by, act=act, allowed=True, now=now, subject=campaign.slug, detail=detail)


def _make_folder(folder: Path | None) -> None:
    if folder is not None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)


@contextmanager
def _private(path: Path) -> Iterator[TextIO]:
    """A text file that only its owner can read; at the end, if all went well, it is at `path`."""
    if path.exists() and not path.is_file():  # a pipe or a terminal
        with path.open("w", encoding="utf-8", newline="") as file:
            yield file
        return
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(number, "w", encoding="utf-8", newline="") as file:
            yield file
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink()
        raise


@contextmanager
def _errors_named(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BadFile(str(error.filename or out), f"cannot be written ({error.strerror}).") from error


def _file_name(ref: str) -> str:
    """The reference as the name of a file: two of them never have the same."""
    name = quote(ref, safe=" ")
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[:100]}%{hashlib.sha256(ref.encode()).hexdigest()}"
