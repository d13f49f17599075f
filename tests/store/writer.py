"""A process of its own that writes the ledger: `python -m tests.store.writer URL answers|statements|seals COUNT`."""

import asyncio
import sys

from bot.campaigns.sealing import Sealer
from bot.clock import VirtualClock
from bot.domain.checkpoint import Signer
from bot.domain.choice import ChoiceValue
from bot.domain.ledger import EntryType
from bot.store import ledger
from bot.store.database import Database
from tests.worlds import MORNING, World

SIGNER = Signer.from_secret(b"a secret of at least 32 characters")
PEOPLE = 3


def main(url: str, what: str, count: int) -> None:
    """So many answers of three people, statements with their entries, or checkpoints."""
    with Database(url, clock=VirtualClock(MORNING)) as database:
        world = World(database, VirtualClock(MORNING))
        match what:
            case "answers":
                for number in range(count):
                    value = ChoiceValue.OPT_IN if number % 2 else ChoiceValue.OPT_OUT
                    world.answer(f"u{number % PEOPLE + 1}", value)
            case "statements":
                for number in range(count):
                    world.run(ledger.state, EntryType.LINT, {"findings": number}, now=world.now)
                    world.run(ledger.enter, now=world.now)
            case "seals":
                asyncio.run(_seal(database, count))
            case _:
                raise ValueError(what)


async def _seal(database: Database, count: int) -> None:
    sealer = Sealer(database, SIGNER, clock=database.clock, outside=None)
    for _ in range(count):
        await sealer.seal()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
