"""The contract that scripts rely on: documents on stdout, sentences on stderr, exit codes."""

import sqlite3
import subprocess
import sys

import pytest

from bot import __version__

COMMANDS = [
    ["recipients", "import", "people.csv"],
    ["recipients", "show", "u-1"],
    ["campaign", "load", "ahead.toml"],
    ["campaign", "list"],
    ["campaign", "show", "terms"],
    ["campaign", "status", "terms"],
    ["campaign", "explain", "terms", "u-1"],
    ["campaign", "approve", "terms"],
    ["ledger", "verify"],
    ["deliveries"],
    ["inbox", "dead"],
    ["staff", "list"],
    ["db", "check"],
]
HEAVY = (
    "aiohttp",
    "alembic",
    "asyncio",
    "babel",
    "concurrent.futures",
    "multiprocessing",
    "pydantic",
    "rich",
    "slack_sdk",
    "sqlalchemy",
    "starlette",
    "telegram",
)


def test_the_version_is_told(tenggat):
    assert tenggat("--version").out == f"tenggat {__version__}\n"


def test_help_imports_nothing_heavy():
    """A shell's completion and a look at the help must not wait for a database's libraries."""
    code = f"import sys, bot.cli.main; print([name for name in {HEAVY} if name in sys.modules])"

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "[]"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_says_what_it_does_and_what_its_json_holds(tenggat, command):
    words = [word for word in command[:2] if word.isalpha()]

    told = tenggat(*words, "--help")

    assert told.code == 0
    assert "JSON" in told.out


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_without_a_database_one_sentence_says_what_to_run(tenggat, command):
    for form in ([], ["--json"]):
        done = tenggat(*command, *form)

        assert (done.code, done.out) == (3, "")
        assert "tenggat db upgrade" in done.err
        assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_server_that_is_away_is_a_sentence_too(tenggat, monkeypatch, command):
    monkeypatch.setenv("BOT_DATABASE_URL", "postgres://me:secret@127.0.0.1:1/x?connect_timeout=1")

    done = tenggat(*command)

    assert done.code == 3
    assert "does not answer" in done.err
    assert "secret" not in done.err
    assert len(done.err.splitlines()) == 1


def test_a_file_that_is_no_database_is_named(tenggat, home, monkeypatch):
    (home / "letter.db").write_text("Dear reader, " * 1000)
    monkeypatch.setenv("BOT_DATABASE_URL", "sqlite:///letter.db")

    for command in (["db", "check"], ["db", "upgrade"]):
        done = tenggat(*command)
        assert (done.code, len(done.err.splitlines())) == (3, 1)
        assert "letter.db" in done.err


def test_a_folder_that_cannot_be_made_is_named(tenggat, home):
    (home / ".tenggat").write_text("not a folder")

    done = tenggat("db", "upgrade")

    assert (done.code, len(done.err.splitlines())) == (3, 1)


def test_an_older_database_asks_to_be_upgraded(ready, sqlite_url):
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    connection.close()

    done = ready("campaign", "list")

    assert done.code == 3
    assert "0000" in done.err


def test_upgrading_makes_the_default_database(tenggat, home):
    done = tenggat("db", "upgrade", "--json")

    assert done.code == 0
    assert (home / ".tenggat" / "tenggat.db").is_file()
    assert done.json["revision"] == tenggat("db", "check", "--json").json["revision"]


def test_what_is_misspelled_is_wrong_usage(tenggat):
    for command in (["campain"], ["campaign", "exlpain"], ["campaign", "explain", "terms"], ["--nope"]):
        assert tenggat(*command).code == 2


@pytest.mark.parametrize(
    ("name", "value"), [("BOT_DATABASE_URL", "mysql://x"), ("BOT_DATABSE_URL", "sqlite:///x.db")]
)
def test_a_bad_setting_is_named(tenggat, monkeypatch, name, value):
    monkeypatch.setenv(name, value)

    done = tenggat("campaign", "list")

    assert done.code == 3
    assert "BOT_DATABASE_URL" in done.err


def test_a_process_of_its_own_keeps_to_the_contract(process):
    """What holds in this process must hold in a shell."""
    assert process("db", "upgrade").code == 0
    done = process("recipients", "import", "people.csv", "--json")
    unknown = process("campaign", "show", "nope", "--json")

    assert (done.code, done.json["created"]) == (0, 3)
    assert done.err == ""
    assert (unknown.code, unknown.out) == (2, "")
    assert "Traceback" not in unknown.err


def test_any_language_fits_on_stdout(process):
    """A terminal without UTF-8 must not end a command."""
    done = process("interpret", "はい", "--json", env={"LC_ALL": "C", "PYTHONIOENCODING": "ascii"})

    assert done.json == {"intent": "opt_in", "text": "はい"}
