"""CSV in: what is good goes in, what is not is told, and the same file twice changes nothing."""

import csv
from pathlib import Path

import pytest

from bot import resources
from bot.campaigns import importer
from bot.campaigns.importer import ImportResult, import_people
from bot.exceptions import BadFile
from bot.store import recipients
from tests.worlds import World

HEADER = "ref,plan,locale,timezone,registered_at,telegram_chat_id,slack_team_id,slack_user_id,email_hash"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One engine is enough here: where they differ is the store's matter, and tested there."""
    return sqlite_url


@pytest.fixture
def load(world: World, tmp_path: Path):
    """Imports this text, or these bytes, as a file."""

    def load(content: str | bytes, *, dry_run: bool = False) -> ImportResult:
        path = tmp_path / "people.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return import_people(world.database, path, dry_run=dry_run)

    return load


@pytest.fixture
def rejects(tmp_path: Path):
    """The rows of the rejects file."""

    def rejects() -> list[list[str]]:
        with (tmp_path / "people.rejects.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.reader(file))[1:]

    return rejects


def test_the_example_comes_in_whole_and_again_without_a_change(world):
    path = resources.examples() / "recipients.csv"

    first, second = (import_people(world.database, path) for _ in range(2))

    assert (first.read, first.created, first.rejected, first.rejects_file) == (240, 240, 0, None)
    assert (second.created, second.updated, second.unchanged) == (0, 0, 240)


def test_of_240_rows_with_20_broken_220_go_in(world, load, rejects):
    """Nothing good is lost, and every bad row is told with its line."""
    lines = (resources.examples() / "recipients.csv").read_text(encoding="utf-8").splitlines()
    broken = range(7, 241, 12)
    for number in broken:
        cells = lines[number].split(",")
        lines[number] = ",".join([cells[0], "platinum", *cells[2:]])

    result = load("\n".join(lines) + "\n")

    assert (result.read, result.created, result.rejected) == (240, 220, 20)
    assert world.run(recipients.count) == 220
    assert [int(row[0]) for row in rejects()] == [number + 1 for number in broken]
    assert {(row[1], row[2]) for row in rejects()} == {("plan", "platinum")}


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_every_usual_spelling_of_a_file_is_read(world, load, mark, end, delimiter):
    lines = [HEADER, '"u-1",pro,id,Asia/Jakarta,2024-05-01,1001,,,', "u-2,free,,,,,T1,U2,"]
    text = end.join(line.replace(",", delimiter) for line in lines)

    result = load(mark + text.encode())

    assert (result.read, result.created) == (2, 2)
    assert world.run(recipients.get, "u-2").addresses[0].key == "slack:T1:U2"


def test_columns_may_stand_in_any_order_and_be_missing(world, load):
    load("Plan, REF\npro,u-1\n")

    assert world.run(recipients.get, "u-1").plan == "pro"


def test_a_column_that_is_missing_leaves_what_there_is(world, load):
    load(f"{HEADER}\nu-1,pro,id,Asia/Tokyo,2024-05-01,1001,,,\n")

    result = load("ref,plan\nu-1,max\n")

    person = world.run(recipients.get, "u-1")
    assert result.updated == 1
    assert (person.plan, person.zone, person.locale, len(person.addresses)) == ("max", "Asia/Tokyo", "id", 1)


def test_an_empty_cell_clears_what_there_is(world, load):
    load(f"{HEADER}\nu-1,pro,id,Asia/Tokyo,,1001,,,\n")
    load(f"{HEADER}\nu-1,pro,,,,,,,\n")

    person = world.run(recipients.get, "u-1")
    assert (person.zone, person.locale, len(person.addresses)) == (None, None, 1)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "column `ref` is missing"),
        ("plan,locale\npro,id\n", "line 1: the column `ref` is missing"),
        ("ref,locale\nu,id\n", "line 1: the column `plan` is missing"),
        ("ref,plan,time_zone\nu,pro,UTC\n", "no column `time_zone`; did you mean timezone"),
        ("ref,plan,plan\nu,pro,pro\n", "`plan` stands there twice"),
        (b"ref,plan\nu-1,pro\nu-\x96,pro\n", "line 3: byte 3 .0x96. is not UTF-8"),
        ("ref,plan\nu,pro\n".encode("utf-16"), "line 1: byte 1 .0xff. is not UTF-8"),
        (b"x" * (1 << 20), "line 1: this line does not end"),
    ],
)
def test_a_file_that_is_not_one_of_people_is_refused_whole(world, load, content, told):
    with pytest.raises(BadFile, match=told):
        load(content)

    assert world.run(recipients.count) == 0


def test_a_file_that_is_not_there_is_named(world, tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(BadFile, match="cannot be read"):
            import_people(world.database, path)


@pytest.mark.parametrize(
    ("row", "columns"),
    [
        ("u-2,platinum,,,,,,,", "plan"),
        ("u-2,platinum,,Nowhere,,,,,", "plan; timezone"),
        ("u-2,pro,,,", ""),
        ("u-2,pro,,,,,,,,surplus", ""),
        ('u-2,"pro,,,,,,,', ""),
        ('u-2,p"r"o,,,,,,,', "plan"),
        ("x" * 30_000, ""),
        ("u-2,pro,id\x07,,,,,,", "locale"),
        ("@SUM(A1),pro,,,,,,,", "ref"),
        ("u-1,pro,,,,,,,", "ref"),
        ("u-2,pro,,,,1001,,,", "telegram_chat_id"),
    ],
)
def test_a_bad_row_goes_to_the_rejects_and_spares_those_around_it(world, load, rejects, row, columns):
    result = load(f"{HEADER}\nu-1,pro,,,,1001,,,\n{row}\nu-3,max,,,,1003,,,\n")

    assert (result.read, result.created, result.rejected) == (3, 2, 1)
    (reject,) = rejects()
    assert reject[:2] == ["3", columns]
    assert reject[3]
    assert world.run(recipients.get, "u-3").plan == "max"


def test_a_quoted_line_break_is_one_bad_row(load, rejects):
    result = load(f'{HEADER}\nu-1,pro,"i\nd",,,1001,,,\nu-2,max,,,,1002,,,\n')

    assert (result.read, result.created, result.rejected) == (2, 1, 1)
    assert rejects()[0][:2] == ["2", "locale"]


def test_a_quotation_mark_that_is_never_closed_swallows_nothing(world, load):
    """A parser that reads on to the next one would lose all rows in between."""
    rows = "\n".join(f'"u-{number}",pro,,,,{number},,,' for number in range(100))

    result = load(f'{HEADER}\n"u-x,pro,,,,,,,\n{rows}\n')

    assert (result.read, result.created, result.rejected) == (101, 100, 1)


def test_empty_lines_are_no_rows(load):
    result = load(f"{HEADER}\n\nu-1,pro,,,,,,,\n,,,,,,,,\n   \n")

    assert (result.read, result.created) == (1, 1)


def test_cells_that_a_spreadsheet_would_compute_are_harmless_among_the_rejects(load, rejects):
    load(f"{HEADER}\n=cmd|'/c calc'!A1,pro,,,,,,,\n")

    assert rejects()[0][2] == "'=cmd|'/c calc'!A1"


def test_a_dry_run_tells_the_same_and_changes_nothing(world, load):
    text = f"{HEADER}\nu-1,pro,,,,1001,,,\nu-2,nope,,,,,,,\nu-3,pro,,,,1001,,,\n"

    looked = load(text, dry_run=True)
    there = world.run(recipients.count)
    done = load(text)

    assert there == 0
    assert (looked.read, looked.created, looked.rejected) == (done.read, done.created, done.rejected)
    assert (done.created, done.rejected) == (1, 2)


def test_batches_make_no_difference(world, load, rejects, monkeypatch):
    monkeypatch.setattr(importer, "BATCH", 2)
    rows = "\n".join(f"u-{number},pro,,,,{number},,," for number in range(7))

    result = load(f"{HEADER}\n{rows}\nu-0,pro,,,,,,,\nu-9,pro,,,,3,,,\n")

    assert (result.created, result.rejected) == (7, 2)
    assert [row[0] for row in rejects()] == ["9", "10"]


def test_progress_is_told_as_lines_of_all_lines(world, tmp_path, monkeypatch):
    monkeypatch.setattr(importer, "BATCH", 2)
    path = tmp_path / "people.csv"
    path.write_text(HEADER + "\n" + "".join(f"u-{number},pro,,,,,,,\n" for number in range(5)))
    told: list[tuple[int, int]] = []

    import_people(world.database, path, progress=lambda done, total: told.append((done, total)))

    assert told == [(3, 6), (5, 6), (6, 6), (6, 6)]


def test_rejects_go_to_the_current_folder_when_the_inputs_cannot_be_written(world, tmp_path, monkeypatch):
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    path = there / "people.csv"
    path.write_text(f"{HEADER}\nu-1,nope,,,,,,,\n")
    (there / "people.rejects.csv").mkdir()  # no file can be written under this name
    monkeypatch.chdir(here)

    result = import_people(world.database, path)

    assert result.rejects_file == "people.rejects.csv"
    assert (here / "people.rejects.csv").is_file()


def test_a_refused_address_names_whose_it_is(load, rejects):
    load(f"{HEADER}\nu-1,pro,,,,1001,T1,U1,\n")
    load(f"{HEADER}\nu-2,pro,,,,,T1,U1,\n")

    (reject,) = rejects()
    assert reject[:3] == ["2", "slack_user_id", "U1"]
    assert "u-1" in reject[3]
