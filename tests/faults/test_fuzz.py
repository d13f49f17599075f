"""Fuzzed files and words: whatever comes in is taken or refused with its place, and nothing breaks.

Each input is a good one with some of its parts gone, doubled, swapped or replaced, by a seed: lines, keys and
values of a campaign file, rows and cells of CSV files, words of a reply. Webhook requests have
tests/web/test_hostile_many.py, buttons and links have tests/faults/test_forged.py.
"""

import csv
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from random import Random

import pytest

from bot import resources
from bot.campaigns.importer import import_people
from bot.campaigns.people_csv import COMPUTED
from bot.campaigns.template_csv import BOM, from_csv, to_csv
from bot.campaigns.wording import words_of
from bot.conversation.lexicon import load_lexicon
from bot.domain import campaign_file
from bot.domain.explain import plan_all
from bot.domain.reply import Intent, read
from bot.exceptions import BadFile
from bot.i18n import LOCALES
from bot.sandbox.phrases import PHRASES, phrase
from tests.faults.figures import measured
from tests.words import CATALOGS, DOCUMENT
from tests.worlds import World

QUICK, LONG = 1_500, 200_000
KEY = b"k" * 40
STARTED = datetime(2025, 9, 2, tzinfo=UTC)
ODD = (
    "", "\0", "\x1b[31m", "\u202e", "\u2028", "\ufeff", "é", "e\u0301", "\U0001f4a9", "=1+1", "@SUM(A1)", "-1", "1e999",
    "nan", "true", "0001-01-01", "9999-12-31", "2025-02-30", "24:00", "9999d", "0h", "99999999999999999999", "[]",
    '"', '""', "'", "{when}", "{", "}", "%s", "<b>", "a" * 3_000, "\r", "\t", ";", ",", "\\", "# x", "[x]", "a.b = 1",
)  # fmt: skip


@pytest.mark.parametrize("count", [QUICK, pytest.param(LONG, marks=pytest.mark.long)], ids=str)
class TestFuzz:
    """So many of each kind."""

    pytestmark = pytest.mark.torture

    def test_a_campaign_file_is_read_or_refused_with_its_line(self, count: int) -> None:
        """And what is read can be written down again, and planned."""
        text = (resources.examples() / "claude-consumer-terms.toml").read_text(encoding="utf-8")
        random, read_well = Random(f"campaign/{count}"), 0
        for _ in range(count):
            mutated = _lines(random, text)
            try:
                document = campaign_file.parse(mutated, "campaign.toml", locales=LOCALES)
            except BadFile as error:
                _is_clear(error)
                continue
            read_well += 1
            assert campaign_file.parse(campaign_file.dump(document), "again.toml") == document
            assert plan_all(document, zone=document.zone, started_at=STARTED)
        measured("fuzz", what_is_fuzzed="campaign files", count=count, read=read_well, crashes=0)

        assert 0 < read_well < count

    def test_a_template_is_read_or_refused_with_its_line(self, count: int) -> None:
        text = to_csv(words_of(CATALOGS.for_locale("id", DOCUMENT.template)))
        random, read_well = Random(f"template/{count}"), 0
        for _ in range(count):
            try:
                words = from_csv(_cells(random, text), "id.csv")
            except BadFile as error:
                _is_clear(error)
                continue
            read_well += 1
            assert from_csv(to_csv(words), "again.csv") == words
        measured("fuzz", what_is_fuzzed="templates", count=count, read=read_well, crashes=0)

        assert 0 < read_well < count

    def test_people_are_imported_or_rejected_with_their_line(
        self, count: int, world: World, tmp_path: Path
    ) -> None:
        """No cell of the file of rejects computes in a spreadsheet."""
        text = (resources.examples() / "recipients.csv").read_text(encoding="utf-8")
        random, path, imported = Random(f"people/{count}"), tmp_path / "people.csv", 0
        for number in range(count // 10):  # each is a file of its own, and half of them go in
            path.write_bytes(_spoiled(random, _cells(random, text)))
            try:
                done = import_people(world.database, path, dry_run=number % 2 == 0, key=KEY)
            except BadFile as error:
                _is_clear(error)
                continue
            imported += 1
            assert done.read == done.created + done.updated + done.unchanged + done.rejected
            if done.rejects_file:
                _is_harmless(Path(done.rejects_file))
        measured("fuzz", what_is_fuzzed="people", count=count // 10, read=imported, crashes=0)

        assert 0 < imported < count // 10

    def test_words_are_read_whatever_they_are(self, count: int) -> None:
        """Most mean nothing then; none of them breaks, or takes long."""
        random, lexicon, understood = Random(f"words/{count}"), load_lexicon(resources.locales()), 0
        for _ in range(count):
            text = phrase(random.choice(LOCALES), random.choice(list(PHRASES["en"])), random)
            found = read(_words(random, text), lexicon)
            understood += found.intent is not Intent.UNCLEAR
        measured("fuzz", what_is_fuzzed="replies", count=count, read=understood, crashes=0)

        assert 0 < understood < count


def _is_clear(error: BadFile) -> None:
    """It tells the file, what is wrong and, unless something is missing altogether, where."""
    said = str(error)
    assert said.startswith(("campaign.toml", "id.csv", "/")), said
    assert "Error" not in said
    assert any(place in said for place in (", line ", ", key `", "missing", "empty")), said


def _is_harmless(rejects: Path) -> None:
    with rejects.open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert cells
    assert [cell for cell in cells if cell.startswith(COMPUTED)] == []
    rejects.unlink()


def _lines(random: Random, text: str) -> str:
    """The file with some of its lines changed: mostly so that it still is TOML, else letter by letter."""
    lines, change = text.splitlines(), random.choice((_another_value, _another_value, _roughened))
    for _ in range(random.randrange(1, 4)):
        change(random, lines)
    return "\n".join(lines)


def _another_value(random: Random, lines: list[str]) -> None:
    """A key is gone, or has the value of another, its own with a letter changed, or an odd one."""
    keyed = [number for number, line in enumerate(lines) if "=" in line and not line.startswith("#")]
    at, other = random.choice(keyed), random.choice(keyed)
    key, _, value = lines[at].partition("=")
    match random.randrange(8):
        case 0:
            del lines[at]
        case 1 | 2:
            lines[at] = f"{key}={lines[other].partition('=')[2]}"
        case 3 | 4 | 5:
            plain = value.partition("#")[0].strip(' "')
            lines[at] = f"{key}= {_quoted(_respelled(random, plain))}"
        case _:
            lines[at] = f"{key}= {_value(random)}"


def _roughened(random: Random, lines: list[str]) -> None:
    _change(random, lines, ODD)
    at = random.randrange(len(lines))
    lines[at] = _respelled(random, lines[at])


def _value(random: Random) -> str:
    quoted = _quoted(random.choice(ODD))
    number = str(random.randrange(-5, 400))
    return random.choice(
        (quoted, quoted, f"[{quoted}]", f"{{ a = {quoted} }}", number, "true", "1.5", "2025-02-28")
    )


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # which TOML reads alike


def _cells(random: Random, text: str) -> str:
    """The table with some of its cells, rows or columns changed, or letters of it."""
    rows = list(csv.reader(StringIO(text.removeprefix(BOM), newline="")))
    for _ in range(random.randrange(1, 4)):
        row = rows[random.randrange(len(rows))]
        match random.randrange(6):
            case 0:
                random.shuffle(row)
            case 1:
                rows.insert(random.randrange(len(rows)), list(random.choice(rows)))
            case 2 if len(rows) > 1:
                rows.pop(random.randrange(len(rows)))
            case 3 if row:
                _change(random, row, ODD)
            case _ if row:
                row[random.randrange(len(row))] = random.choice(ODD)
            case _:
                pass
    out = StringIO()
    csv.writer(out, quoting=random.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)), escapechar="\\").writerows(
        rows
    )
    return _respelled(random, out.getvalue()) if random.random() < 0.3 else out.getvalue()


def _spoiled(random: Random, text: str) -> bytes:
    raw = text.encode(random.choice(("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1")), "replace")
    if random.random() < 0.1:
        at = random.randrange(len(raw) + 1)
        raw = raw[:at] + random.randbytes(random.randrange(4)) + raw[at + random.randrange(3) :]
    return raw


def _words(random: Random, text: str) -> str:
    words = text.split(" ")
    if random.random() < 0.8:
        _change(random, words, (*ODD, "not", "tidak", "不", "لا", "?"))
    return _respelled(random, " ".join(words)) if random.random() < 0.5 else " ".join(words)


def _respelled(random: Random, text: str) -> str:
    letters = list(text)
    _change(random, letters, ODD)
    return "".join(letters)


def _change(random: Random, parts: list[str], others: Sequence[str]) -> None:
    """One part is gone, doubled, swapped with another, replaced, or joined by something else."""
    if not parts:
        parts.append(random.choice(others))
        return
    at, to = random.randrange(len(parts)), random.randrange(len(parts))
    match random.randrange(5):
        case 0 if len(parts) > 1:
            del parts[at]
        case 1:
            parts.insert(at, parts[to])
        case 2:
            parts[at], parts[to] = parts[to], parts[at]
        case 3:
            parts[at] = random.choice(others)
        case _:
            parts.insert(at, random.choice(others))
