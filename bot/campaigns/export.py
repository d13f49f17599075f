"""The export: every answer of a campaign, without names, as CSV or as lines of JSON."""

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from typing import IO

from bot.store import campaigns, register
from bot.store.database import Session
from bot.store.register import KeptAnswer

COMPUTED = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")  # a spreadsheet takes it for a formula
MARK = "'"  # before what would be one, and before what begins with it


@dataclass(frozen=True, slots=True)
class Line:
    """An answer as a file tells it; an empty string where there is nothing. `stands`: yes or no."""

    ref: str
    campaign: str
    revision: str
    value: str
    stands: str
    received_at: str
    recorded_at: str
    channel: str
    control: str
    locale: str
    deadline_shown: str
    receipt: str


COLUMNS = tuple(field.name for field in fields(Line))


def lines(session: Session, slug: str) -> Iterator[Line]:
    """Every answer in the order in which it was kept; those that were changed later do not stand."""
    campaign = campaigns.get(session, slug)
    return (_line(kept) for kept in register.every_answer(session, campaign))


def write_csv(found: Iterable[Line], out: IO[str]) -> int:
    """The lines as CSV, no cell of it a formula; how many. `read_csv` gives them back as they were."""
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    written = 0
    for line in found:
        writer.writerow([_marked(getattr(line, name)) for name in COLUMNS])
        written += 1
    return written


def write_jsonl(found: Iterable[Line], out: IO[str]) -> int:
    """The lines as JSON, each on a line of its own; how many."""
    written = 0
    for line in found:
        out.write(json.dumps(asdict(line), ensure_ascii=False) + "\n")
        written += 1
    return written


def read_csv(file: IO[str]) -> Iterator[Line]:
    """The lines that `write_csv` wrote."""
    for row in csv.DictReader(file):
        yield Line(**{name: cell.removeprefix(MARK) for name, cell in row.items()})


def read_jsonl(file: IO[str]) -> Iterator[Line]:
    """The lines that `write_jsonl` wrote."""
    for text in file:
        yield Line(**json.loads(text))


def _line(kept: KeptAnswer) -> Line:
    record = kept.record
    return Line(
        ref=kept.ref,
        campaign=record.campaign,
        revision=str(record.revision),
        value=record.value.value,
        stands="yes" if kept.stands else "no",
        received_at=record.received_at.isoformat(),
        recorded_at=record.recorded_at.isoformat(),
        channel=record.channel.value,
        control=record.control.value,
        locale=record.locale,
        deadline_shown="" if record.deadline_shown is None else record.deadline_shown.isoformat(),
        receipt=record.receipt,
    )


def _marked(cell: str) -> str:
    return MARK + cell if cell.startswith((*COMPUTED, MARK)) else cell
