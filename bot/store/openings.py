"""Openings: what each choice commits to, and which entry it says has that commitment."""

import multiprocessing
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from bot.clock import SystemClock
from bot.domain.ledger import NONCE_BYTES, mac
from bot.exceptions import TenggatError
from bot.store.choices import HOUR
from bot.store.database import Database
from bot.store.stored import NotText, Row, Unreadable, stored

CHOICES = """
    SELECT c.seq, c.delivery_id, c.receipt, c.value, c.supersedes, c.record, c.nonce, r.pseudonym, k.slug,
        c.received_at, c.hour, c.channel, c.locale
    FROM choice c
    LEFT JOIN recipient r ON r.id = c.recipient_id
    LEFT JOIN campaign k ON k.id = c.campaign_id
    WHERE c.id BETWEEN :first AND :last
    ORDER BY c.id
"""
NOT_COPIED = [None] * 4  # by a release that does not know these columns
FIRST, LAST = -(1 << 63), (1 << 63) - 1  # whatever number a row has


@dataclass(slots=True)
class Openings:
    """What a pass over the choices found; `commitments` are 32 bytes for each of `seqs`.

    `late`: the entries beside which a newer choice is said to have stood already. `odd`: how many choices have
    columns that do not say what their record says.
    """

    seqs: "array[int]" = field(default_factory=lambda: array("q"))
    commitments: bytearray = field(default_factory=bytearray, repr=False)
    late: list[int] = field(default_factory=list)
    odd: int = 0

    def __add__(self, more: "Openings") -> "Openings":
        """All of both."""
        return Openings(
            self.seqs + more.seqs,
            self.commitments + more.commitments,
            self.late + more.late,
            self.odd + more.odd,
        )

    def pairs(self) -> Iterator[tuple[int, bytearray]]:
        """(number of the entry, commitment) of each choice."""
        for place, seq in enumerate(self.seqs):
            yield seq, self.commitments[32 * place : 32 * place + 32]


def opened(rows: Iterable[Row]) -> Openings:
    """The openings of these `CHOICES`."""
    found = Openings()
    for row in rows:
        seq, record, nonce = row[0], row[5], row[6]
        if not _is_its_record(row):
            found.odd += 1
            continue
        found.seqs.append(seq)
        found.commitments += mac(nonce, record)
        if not row[4]:
            found.late.append(seq)
    return found


@contextmanager
def opened_beside(url: str, last: int) -> Iterator[Connection]:
    """Another process reads the choices of the database there up to the row `last`; the connection gives its
    `Openings`, None when they cannot be read, or EOFError when that process is no more.

    It sees the database as it is a moment later than whoever asks, who has to allow for that.
    """
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(
        target=_open, args=(url, last, theirs), daemon=True
    )
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        process.terminate()
        process.join()


def _open(url: str, last: int, answer: Connection) -> None:
    with Database(url, clock=SystemClock()) as database:
        try:
            answer.send(database.read(_up_to, last))
        except (TenggatError, DBAPIError, NotText, Unreadable):
            answer.send(None)


def _up_to(session: Session, last: int) -> Openings:
    return opened(stored(session, CHOICES, first=FIRST, last=last))


def _is_its_record(row: Row) -> bool:
    """Whether the columns of a choice are of their types and say what its record says.

    A record is canonical JSON, in which each key stands once and no quotation mark in a text stands bare: so a
    column is the record's when the bytes that say so are in it. Reading it as JSON takes four times as long.
    """
    seq, delivery, receipt, value, stands, record, nonce, pseudonym, slug, *copied = row
    if not (type(seq) is int and type(record) is type(nonce) is bytes and len(nonce) == NONCE_BYTES):
        return False
    told = record.decode(errors="replace")
    number = "null" if delivery is None else repr(delivery)
    return (
        stands in (0, 1)
        and type(receipt) is type(value) is type(pseudonym) is type(slug) is str
        and told.startswith(f'{{"campaign":"{slug}","channel":"')
        and f',"delivery":{number},"identity":"' in told
        and f',"receipt":"{receipt}","received_at":"' in told
        and f',"recipient":"{pseudonym}","recorded_at":"' in told
        and told.endswith(f',"value":"{value}"}}')
        and (copied == NOT_COPIED or _is_copied(told, slug, *copied))
    )


def _is_copied(
    told: str, slug: str, received_at: object, hour: object, channel: object, locale: object
) -> bool:
    return (
        told.startswith(f'{{"campaign":"{slug}","channel":"{channel}"')
        and f'","locale":"{locale}","machine_made":' in told
        and f'","received_at":"{received_at}","recipient":' in told
        and type(received_at) is type(hour) is str
        and hour == received_at[:HOUR]
    )
