"""How SQLite and PostgreSQL are opened: durable on both, whatever the server's or the machine's habits are."""

import sqlite3
from contextlib import closing

from sqlalchemy import Connection, Engine, Pool, create_engine, event
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DataError

from bot.store.dialect import sha256_hex

POSTGRES_THREADS = 4
# A process that stands still in the midst of a transaction keeps what it has locked from all others: PostgreSQL
# ends the transaction after so many milliseconds. Ours wait for nobody while they are open.
FROZEN = "idle_in_transaction_session_timeout=15000"
SEEN_TO_BE_AWAY = {  # libpq's names, seconds but for the last: a server that is gone without a word is known to be
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # milliseconds
}
DURABLE = """
    SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')
"""  # whatever the server's default is, no commit is said to be done before it is
BEYOND_LIMITS = "54"  # the class of these errors, by PostgreSQL's Appendix A
BUSY_TIMEOUT = 10.0  # seconds that SQLite waits for another process's transaction
READS = "reads"  # set on a connection that only looks


def opened(url: URL, *, outlives_power: bool = True) -> Engine:
    """The database at this address; a SQLite that need not outlive a power cut does not wait for the disk."""
    if url.get_backend_name() != "sqlite":
        return _postgresql(url)
    engine = sqlite_engine(url)
    if not outlives_power:
        event.listen(engine, "connect", _trust_the_machine)
    return engine


def sqlite_engine(url: str | URL, *, poolclass: type[Pool] | None = None) -> Engine:
    """SQLite as we use it: durable, one writer at a time, looking without waiting."""
    engine = create_engine(
        url, connect_args={"timeout": BUSY_TIMEOUT, "isolation_level": None}, poolclass=poolclass
    )
    event.listen(engine, "connect", set_up_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def plain_address(url: URL) -> str:
    """The address as PostgreSQL's own library reads it, with its password, and how a server is seen to be away."""
    asked = {name: str(value) for name, value in _unsaid(url).items()}
    plain = url.set(drivername="postgresql").update_query_dict(asked)
    return plain.render_as_string(hide_password=False)


def truncate_log(engine: Engine) -> bool:
    """What was erased is overwritten in SQLite's file; whether the log beside it, which still has it, is empty.

    It is not as long as somebody reads what stood there before; nobody's answer waits for that.
    """
    with closing(engine.raw_connection()) as connection:  # no transaction: in one this cannot be done
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout = 0")
        try:
            is_busy, _, _ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError:  # what was asked for is committed all the same
            return False
        finally:  # the pool lends the connection again
            cursor.execute(f"PRAGMA busy_timeout = {1000 * BUSY_TIMEOUT:.0f}")
    return not is_busy


def set_up_sqlite(connection: sqlite3.Connection, _: object) -> None:
    """The new connection is durable, keeps to foreign keys and leaves nothing of what is deleted."""
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")
    connection.create_function("sha256_hex", 1, sha256_hex, deterministic=True)


def _postgresql(url: URL) -> Engine:
    from bot.store.cursor import OneByOne  # late: on SQLite nobody needs psycopg

    engine = create_engine(
        url,
        connect_args={"options": f"-c {FROZEN}", "cursor_factory": OneByOne, **_unsaid(url)},
        pool_size=POSTGRES_THREADS,
        max_overflow=2,
        pool_pre_ping=True,
    )
    # rows that are put in come in a few statements of many values, as nothing is asked many times over at once
    engine.dialect.use_insertmanyvalues_wo_returning = True
    event.listen(engine, "connect", _set_up_postgresql)
    event.listen(engine, "handle_error", _blame_what_was_asked)
    return engine


def _blame_what_was_asked(context: ExceptionContext) -> DataError | None:
    """What is beyond the server's limits, such as a text too long for an index, will be so whenever it is asked
    again; the library counts it among what an operator mends."""
    cause = context.original_exception
    if str(getattr(cause, "sqlstate", "")).startswith(BEYOND_LIMITS):
        return DataError(context.statement, context.parameters, cause)
    return None


def _unsaid(url: URL) -> dict[str, int]:
    """Of how a server is seen to be away, what the operator's address does not say itself."""
    return {name: value for name, value in SEEN_TO_BE_AWAY.items() if name not in url.query}


def _set_up_postgresql(connection: DBAPIConnection, _: object) -> None:
    cursor = connection.cursor()
    cursor.execute(DURABLE)
    cursor.close()
    connection.commit()


def _trust_the_machine(connection: sqlite3.Connection, _: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")  # a simulation need not outlive a power cut


def _begin_immediate(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once when another one wrote meanwhile.
    reads = connection.get_execution_options().get(READS)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
