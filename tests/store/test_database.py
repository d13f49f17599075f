import asyncio
import socket
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from random import Random
from unittest.mock import patch

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import DataError
from sqlalchemy.pool import StaticPool
from sqlmodel import Session, SQLModel, col, delete, select

from bot.clock import SystemClock, VirtualClock
from bot.domain.campaign import Campaign
from bot.domain.choice import ChoiceValue
from bot.exceptions import DatabaseAway, DatabaseNotMigrated, NotSavedInTime
from bot.store import campaigns, engines
from bot.store.database import Database, leave_no_traces
from bot.store.models import RecipientRow
from tests.worlds import BEFORE, document, on_telegram

CAMPAIGN = Campaign(document())


def test_migrations_make_what_the_models_say(database):
    """Alembic is the only thing that makes tables; a difference would show at the first query in production."""
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, SQLModel.metadata)

    assert differences == []


def test_up_and_down_and_up_again(database):
    database.downgrade()
    with database.engine.connect() as connection:
        left = set(inspect(connection).get_table_names())
    database.migrate()
    database.require_migrated()

    assert left <= {"alembic_version"}


def test_what_answers_are_counted_by_is_copied_from_their_records(world):
    world.people(on_telegram(1), on_telegram(2))
    world.campaign()
    world.answer("u1", ChoiceValue.OPT_IN)
    world.answer("u2", ChoiceValue.OPT_OUT)
    columns = text("SELECT received_at, hour, channel, locale FROM choice ORDER BY id")
    before = world.run(lambda session: session.execute(columns).all())

    world.database.downgrade(to="0003")
    world.database.migrate()

    assert world.run(lambda session: session.execute(columns).all()) == before
    assert [channel for _, _, channel, _ in before] == ["telegram", "telegram"]


def test_indexes_cover_every_foreign_key_that_is_searched(database):
    """A table without the index on what it is asked by stands still at a million rows."""
    with database.engine.connect() as connection:
        indexes = inspect(connection).get_indexes("delivery")

    assert {"recipient_id", "slot_id", "lane"} <= {index["column_names"][0] for index in indexes}


def test_what_fails_leaves_nothing_behind(world):
    def fail(session: Session) -> None:
        campaigns.add(session, CAMPAIGN, now=world.now)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        world.run(fail)

    assert world.run(campaigns.every) == []


async def test_a_transaction_runs_whole_in_a_thread_of_its_own(world):
    added = await world.database.transact(campaigns.add, CAMPAIGN, now=world.now)

    assert await world.database.transact(campaigns.get, added.slug) == added


async def test_what_is_not_saved_in_time_is_not_saved(world):
    """A person who was told "not saved yet" must not find it saved later."""
    told = threading.Event()

    def add_late(session: Session) -> None:
        told.wait()
        campaigns.add(session, CAMPAIGN, now=world.now)

    with pytest.raises(NotSavedInTime):
        await world.database.transact_within(0.0, add_late)
    told.set()

    assert await world.database.transact(campaigns.every) == []


async def test_a_check_that_nobody_waits_for_any_more_is_not_made(sqlite_url):
    """Probes that time out while the one thread waits would pile up before the answers behind it."""
    go_on, checked = threading.Event(), []
    with Database(sqlite_url, clock=SystemClock()) as database:
        database.migrate()
        stuck = asyncio.create_task(database.transact(lambda _: go_on.wait(10)))
        await asyncio.sleep(0)
        with patch.object(database, "require_migrated", lambda **_: checked.append("too late")):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await database.check()
            go_on.set()
            await stuck
            await database.transact(lambda _: None)

    assert checked == []


def test_a_file_that_was_never_migrated_says_what_to_run(tmp_path):
    with (
        Database(f"sqlite:///{tmp_path}/none.db", clock=SystemClock()) as database,
        pytest.raises(DatabaseNotMigrated, match="tenggat db upgrade"),
    ):
        database.require_migrated()


def test_a_server_that_is_away_is_named_without_its_password():
    url = "postgresql+psycopg://me:secret@127.0.0.1:1/x?connect_timeout=1"

    with Database(url, clock=SystemClock()) as database, pytest.raises(DatabaseAway) as caught:
        database.require_migrated()

    assert "127.0.0.1:1" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database_is_named(tmp_path):
    path = tmp_path / "letter.db"
    path.write_text("Dear reader, " * 1000)

    with Database(f"sqlite:///{path}", clock=SystemClock()) as database:
        for ask in (database.require_migrated, database.migrate):
            with pytest.raises(DatabaseAway, match="letter.db"):
                ask()


def test_sqlite_is_durable(tmp_path):
    """A choice that was acknowledged must survive the power."""
    with (
        Database(f"sqlite:///{tmp_path}/x.db", clock=SystemClock()) as database,
        database.engine.connect() as connection,
    ):
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2
        assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1


def test_what_is_erased_while_somebody_reads_is_gone_once_they_have_read(sqlite_url):
    """A long check keeps the old pages in the log; answers do not wait for it, and the log is emptied after."""
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    with (
        Database(sqlite_url, clock=VirtualClock(BEFORE)) as database,
        Database(sqlite_url, clock=VirtualClock(BEFORE)) as reader,
    ):
        database.run(_mute_nobody)
        database.run(_add_person, "u-secret-name")

        def read_and_wait(session):
            session.exec(select(RecipientRow)).all()
            database.run(_drop_people)
            return _traces(path, "u-secret-name")

        while_reading = reader.read(read_and_wait)
        database.run(_mute_nobody)

        assert while_reading == ["tenggat.db-wal"]
        assert _traces(path, "u-secret-name") == []


def test_traces_of_a_process_that_ended_too_early_go_with_the_next(sqlite_url):
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    with closing(
        sqlite3.connect(path, isolation_level=None)
    ) as stays:  # so that the log is not emptied for us
        stays.execute("PRAGMA journal_mode=WAL")
        stays.execute("SELECT count(*) FROM recipient").fetchone()
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("CREATE TABLE note (text)")
            other.execute("INSERT INTO note VALUES ('u-secret-name')")
            other.execute("PRAGMA secure_delete=ON")
            other.execute("DELETE FROM note")
        assert _traces(path, "u-secret-name") == ["tenggat.db-wal"]

        with Database(sqlite_url, clock=VirtualClock(BEFORE)) as database:
            database.run(_mute_nobody)

        assert _traces(path, "u-secret-name") == []


def test_a_log_that_cannot_be_emptied_leaves_the_connection_as_it_was(sqlite_url):
    """Else it would wait for nobody any more, and turn answers away."""
    engine = engines.sqlite_engine(sqlite_url, poolclass=StaticPool)
    with closing(engine.raw_connection()) as in_use:
        in_use.cursor().execute("BEGIN").execute("SELECT count(*) FROM recipient").fetchone()

        is_empty = engines.truncate_log(engine)

        [timeout] = in_use.cursor().execute("PRAGMA busy_timeout").fetchone()
    engine.dispose()
    assert not is_empty
    assert timeout == 1_000 * engines.BUSY_TIMEOUT


def _add_person(session, ref):
    session.add(RecipientRow(ref=ref, plan="pro", imported_at=BEFORE))


def _drop_people(session):
    session.execute(delete(RecipientRow))
    leave_no_traces(session)


def _mute_nobody(session):
    session.execute(delete(RecipientRow).where(col(RecipientRow.ref) == ""))


def _traces(path, name):
    """The files in which this name stands."""
    files = sorted(path.parent.glob(path.name + "*"))
    return [file.name for file in files if name.encode() in file.read_bytes()]


@pytest.mark.parametrize("keys", [{"key": 7}, [{"key": 7}, {"key": 8}]], ids=["one", "many"])
def test_a_transaction_that_stands_still_gives_back_what_it_locked(postgres_url, keys):
    """A process that was frozen in the midst of one must not stop all others, whatever it did last."""
    freed = []

    def wait(session):
        session.execute(text("SET LOCAL lock_timeout = '10s'"))
        session.execute(text("SELECT pg_advisory_xact_lock(7)"))

    def stand_still(session):
        session.execute(text("SET LOCAL idle_in_transaction_session_timeout = '1s'"))
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), keys)
        with Database(postgres_url, clock=VirtualClock(BEFORE)) as other:
            other.run(wait)
        freed.append(True)
        session.execute(text("SELECT 1"))

    with Database(postgres_url, clock=VirtualClock(BEFORE)) as database:
        shown = database.run(
            lambda session: session.execute(text("SHOW idle_in_transaction_session_timeout")).scalar()
        )
        with pytest.raises(DatabaseAway):
            database.run(stand_still)

    assert shown == "15s"
    assert freed


def test_what_is_too_large_for_an_index_is_no_outage(postgres_url):
    """It would be so for ever: an update that is to blame for it must not come back as if the server were away."""

    def put(session):
        key = "".join(
            map(chr, Random(3).sample(range(0x4E00, 0x9FA5), 3000))
        )  # nothing that could be compressed
        session.execute(text("CREATE TEMPORARY TABLE keyed (key text PRIMARY KEY)"))
        session.execute(text("INSERT INTO keyed VALUES (:key)"), {"key": key})

    with Database(postgres_url, clock=VirtualClock(BEFORE)) as database, pytest.raises(DataError):
        database.run(put)


def test_a_server_that_says_nothing_is_away_within_seconds():
    """A machine that lost its power closes no connection: whoever waits for it would wait for many minutes."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql+psycopg://tenggat@127.0.0.1:{silent.getsockname()[1]}/tenggat"
        with (
            patch.dict(engines.SEEN_TO_BE_AWAY, connect_timeout=2),  # libpq takes no less
            Database(url, clock=SystemClock()) as database,
            pytest.raises(DatabaseAway),
        ):
            database.run(_mute_nobody)


def test_every_connection_notices_that_its_server_is_gone(postgres_url):
    """The engine's workers connect by themselves, with the address that they are given."""
    with Database(postgres_url, clock=SystemClock()) as database:
        with database.engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, psycopg.Connection)
            ours = driver.info.get_parameters()
        with psycopg.connect(database.plain_url) as connection:
            theirs = connection.info.get_parameters()

    for asked in (ours, theirs):
        assert {name: int(asked[name]) for name in engines.SEEN_TO_BE_AWAY} == engines.SEEN_TO_BE_AWAY


def test_what_the_address_says_of_that_itself_stands(postgres_url):
    with Database(f"{postgres_url}&connect_timeout=17", clock=SystemClock()) as database:
        with database.engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, psycopg.Connection)
            ours = driver.info.get_parameters()
        with psycopg.connect(database.plain_url) as connection:
            theirs = connection.info.get_parameters()

    assert (ours["connect_timeout"], theirs["connect_timeout"]) == ("17", "17")
