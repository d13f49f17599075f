"""What grows with the number of people, each in a process of its own: `python -m benchmarks.size WHAT URL COUNT`.

WHAT is `import` (a CSV file, checked), `plan` (one step for everybody), `move` (the deadline, with that many
in the outbox) or `keep` (updates in the inbox, one a transaction). It prints as JSON the seconds that this took
and the most memory that the process held.
"""

import asyncio
import json
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from benchmarks.peers import most_memory
from benchmarks.people import LOCALES, ZONES, opened, plan
from bot.campaigns import deadline
from bot.campaigns.importer import import_people
from bot.domain.update import Update
from bot.store import inbox
from bot.store.claims import no_rest
from bot.store.database import Database

SLUG = "claude-consumer-terms"


def imported(database: Database, count: int) -> float:
    """A file with so many people is read, checked and stored."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "people.csv"
        with file.open("w", encoding="utf-8") as out:
            out.write("ref,plan,locale,timezone,registered_at,telegram_chat_id\n")
            for number in range(count):
                locale, zone = LOCALES[number % len(LOCALES)], ZONES[number % len(ZONES)]
                out.write(f"u{number},pro,{locale},{zone},2024-01-01,{10_000 + number}\n")
        begun = time.perf_counter()
        result = import_people(database, file)
        seconds = time.perf_counter() - begun
    assert result.created == count
    return seconds


def planned(database: Database, count: int) -> float:
    """One step is in the outbox for everybody."""
    begun = time.perf_counter()
    assert asyncio.run(plan(database)) == count
    return time.perf_counter() - begun


def kept(database: Database, count: int) -> float:
    """So many updates are in the inbox, each committed before the next."""
    now = database.clock.now()
    begun = time.perf_counter()
    for number in range(count):
        update = Update("telegram:1", str(number), number, f"telegram:{number}", '{"update_id":1}', now)
        database.run(inbox.keep, [update])
    return time.perf_counter() - begun


def moved(database: Database, count: int) -> float:
    """The deadline is another one, with so many in the outbox."""
    now = database.clock.now()
    day = (now + timedelta(days=40)).date()
    begun = time.perf_counter()
    database.run(deadline.move, SLUG, to=day, by="bench", now=now, rest_days=no_rest)
    return time.perf_counter() - begun


WORK = {"import": imported, "plan": planned, "move": moved, "keep": kept}

if __name__ == "__main__":
    what, url, count = sys.argv[1:]
    with opened(url) as database:
        taken = WORK[what](database, int(count))
    print(json.dumps({"seconds": taken, "rss": most_memory()}))
