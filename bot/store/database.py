"""The database: one transaction at a time in its own thread, on SQLite or PostgreSQL."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import cache, partial
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Concatenate, ParamSpec, Self, TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, Pool, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, InternalError, OperationalError
from sqlmodel import Session as Session  # upper floors name it in annotations

from bot import resources
from bot.clock import Clock
from bot.exceptions import DatabaseAway, DatabaseNotMigrated, NotSavedInTime
from bot.failpoints import failpoint
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
BUSY_TIMEOUT = 10.0  # seconds that SQLite waits for another process's transaction
QUIET = "quiet"  # set on a session whose transaction says nothing that could speak against a message
READS = "reads"  # set on a connection that only looks
LOOKS = MappingProxyType({READS: True})
LOOKS_AT_ONE_INSTANT = MappingProxyType(
    {**LOOKS, "isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
)
TRACES = "traces"  # set on a session whose transaction has erased something

AWAY = (OperationalError, InternalError)  # the latter is what a transaction meets that was ended for us

P = ParamSpec("P")
T = TypeVar("T")


class Database:
    """Opened on construction; every transaction runs whole in a thread of its own.

    SQLite has one such thread, so that writers never meet; PostgreSQL has a few. `inline` is for a clock that
    jumps: a transaction is over as soon as it was asked for, so that nothing hangs on threads, and SQLite does
    not wait for the disk. An `engine` that others use as well is left open.
    """

    def __init__(self, url: str, *, clock: Clock, inline: bool = False, engine: Engine | None = None) -> None:
        self.url = make_url(url)
        self.engine = _engine(self.url) if engine is None else engine
        self._is_lent = engine is not None
        self._reading = self.engine.execution_options(**(LOOKS if self.is_sqlite else LOOKS_AT_ONE_INSTANT))
        if inline and self.is_sqlite and not self._is_lent:
            event.listen(self.engine, "connect", _trust_the_machine)
        self.clock = clock
        self._count = count(1)
        self.changes = 0  # another number after each transaction here that somebody may care about
        threads = 1 if self.is_sqlite else POSTGRES_THREADS
        self._has_traces = self.is_sqlite  # so a process that ended too early may have left it
        self._threads = _Inline() if inline else ThreadPoolExecutor(threads, thread_name_prefix="database")
        self._looking = _Inline() if inline else ThreadPoolExecutor(1, thread_name_prefix="looking")

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @property
    def address(self) -> str:
        """By which another process opens the same database; it may hold a password."""
        return self.url.render_as_string(hide_password=False)

    async def transact(
        self, function: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """What `function(session, …)` returns, committed; or its exception, with nothing changed."""
        with self.clock.busy():
            return await _done(self._threads, lambda: self.run(function, *args, **kwargs))

    def run(self, function: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The same in this thread, for the command line and for tests."""
        try:
            with Session(self.engine) as session:
                with session.begin():
                    result = function(session, *args, **kwargs)
                    failpoint("database.before_commit")
                failpoint("database.after_commit")
                if not session.info.get(QUIET):
                    self.changes = next(self._count)
                if self.is_sqlite and (self._has_traces or session.info.get(TRACES)):
                    self._has_traces = not self._truncate_log()
                return result
        except AWAY as error:
            raise DatabaseAway(self.shown_url, _first_line(error)) from error

    def read(self, function: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `function(session, …)` finds in the database as it is at one instant; nobody's writing waits."""
        try:
            with Session(self._reading) as session:
                if not self.is_sqlite:  # it locks nothing, and may think for as long as it likes
                    session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
                return function(session, *args, **kwargs)
        except AWAY as error:
            raise DatabaseAway(self.shown_url, _first_line(error)) from error

    async def look(
        self, function: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """As `read`, in a thread of its own, one at a time: neither a writer nor the event loop waits for it."""
        with self.clock.busy():
            return await _done(self._looking, lambda: self.read(function, *args, **kwargs))

    async def transact_within(
        self,
        seconds: float,
        function: Callable[Concatenate[Session, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """As `transact`, but not committed at all when that would be later than `seconds` from now.

        Raises `NotSavedInTime` then; the answer is exact: what it calls unsaved is not saved.
        """
        race = _Race()

        def in_time(session: Session) -> T:
            result = function(session, *args, **kwargs)
            session.flush()
            if not race.begin_commit():
                raise NotSavedInTime(seconds)
            return result

        work = asyncio.ensure_future(self.transact(in_time))
        done, _ = await asyncio.wait({work}, timeout=seconds)
        if not done and race.give_up():
            work.add_done_callback(_forget)
            raise NotSavedInTime(seconds)
        return await work

    def migrate(self, *, to: str = "head") -> None:
        """At revision `to`; a SQLite file and its folder are made if need be."""
        self._make_folder()
        try:
            with self.engine.connect() as connection:
                command.upgrade(_alembic(connection), to)
                connection.commit()
        except DBAPIError as error:
            raise DatabaseAway(self.shown_url, _first_line(error)) from error

    def downgrade(self, *, to: str = "base") -> None:
        """Back at revision `to`."""
        with self.engine.connect() as connection:
            command.downgrade(_alembic(connection), to)
            connection.commit()

    def revision(self) -> str | None:
        """The revision that the database is at; None when nothing was made in it."""
        try:
            with self.engine.execution_options(**{READS: True}).connect() as connection:
                return MigrationContext.configure(connection).get_current_revision()
        except DBAPIError as error:
            raise DatabaseAway(self.shown_url, _first_line(error)) from error

    def require_migrated(self, *, or_later: bool = False) -> None:
        """Raise unless the database answers and is at this release's revision, or at a later one's."""
        expected = _newest_revision()
        if self.is_sqlite and not self._file_exists():
            raise DatabaseNotMigrated(None, expected)
        found = self.revision()
        is_later = found is not None and found > expected  # they are numbered
        if found != expected and not (or_later and is_later):
            raise DatabaseNotMigrated(found, expected)

    async def check(self) -> None:
        """As `require_migrated`, in the database's own thread; a process at work goes on while the next release
        is put beside it, so a later revision will do."""
        await _done(self._threads, partial(self.require_migrated, or_later=True), whole=False)

    @property
    def plain_url(self) -> str:
        """The address as PostgreSQL's own library reads it, with its password."""
        asked = {name: str(value) for name, value in _unsaid(self.url).items()}
        plain = self.url.set(drivername="postgresql").update_query_dict(asked)
        return plain.render_as_string(hide_password=False)

    @property
    def shown_url(self) -> str:
        """The address without its password."""
        return self.url.render_as_string(hide_password=True)

    def close(self) -> None:
        """Every transaction begun has ended; nothing can be asked any more."""
        self._threads.shutdown(wait=True)
        self._looking.shutdown(wait=True)
        if not self._is_lent:
            self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _truncate_log(self) -> bool:
        """What was erased is overwritten in the file; whether the log beside it, which still has it, is empty.

        It is not as long as somebody reads what stood there before; nobody's answer waits for that.
        """
        connection = self.engine.raw_connection()  # without a transaction, in which this cannot be done
        try:
            cursor = connection.cursor()
            cursor.execute("PRAGMA busy_timeout = 0")
            is_busy, _, _ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            cursor.execute(f"PRAGMA busy_timeout = {1000 * BUSY_TIMEOUT:.0f}")
        except sqlite3.OperationalError:  # what was asked for is committed all the same
            return False
        finally:
            connection.close()
        return not is_busy

    def _file_exists(self) -> bool:
        path = self.url.database
        return path in (None, "", ":memory:") or Path(str(path)).exists()

    def _make_folder(self) -> None:
        if not self.is_sqlite or self.url.database in (None, "", ":memory:"):
            return
        try:
            Path(str(self.url.database)).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DatabaseAway(self.shown_url, str(error.strerror)) from error


def _alembic(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.migrations()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


@cache
def _newest_revision() -> str:
    """This release's revision; reading it out of the migrations takes longer than asking the database for its own."""
    return ScriptDirectory.from_config(_alembic(None)).get_current_head() or "none"


def keep_quiet(session: Session) -> None:
    """Nobody who has looked needs to look again because of this transaction."""
    session.info[QUIET] = True


def leave_no_traces(session: Session) -> None:
    """What this transaction erases is in no file either, as soon as it is committed."""
    session.info[TRACES] = True


class _Inline:
    """Does at once what it is given to do, until it is shut down."""

    def __init__(self) -> None:
        self._is_shut = False

    def do(self, work: Callable[[], T]) -> T:
        """What comes of the work."""
        if self._is_shut:
            raise RuntimeError("the database is closed")
        return work()

    def shutdown(self, wait: bool = True) -> None:
        self._is_shut = True


async def _done(threads: Executor | _Inline, work: Callable[[], T], *, whole: bool = True) -> T:
    """What comes of the work. If it is to be done as a `whole`, a caller that is cancelled meanwhile does not cut
    it in two; else it may not even begin then."""
    if isinstance(threads, _Inline):
        try:
            return threads.do(work)
        finally:  # others go on, as with a thread, and a caller may be cancelled after the commit
            await asyncio.sleep(0)
    doing = asyncio.get_running_loop().run_in_executor(threads, work)
    return await (asyncio.shield(doing) if whole else doing)


class _Race:
    """Decides, once, whether a transaction is committed or given up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._decided: bool | None = None

    def begin_commit(self) -> bool:
        """Whether the transaction may be committed."""
        return self._decide(True)

    def give_up(self) -> bool:
        """Whether the transaction will not be committed."""
        return not self._decide(False)

    def _decide(self, commit: bool) -> bool:
        with self._lock:
            if self._decided is None:
                self._decided = commit
            return self._decided


def _forget(work: "asyncio.Future[T]") -> None:
    """The end of a transaction that was given up interests nobody."""
    if not work.cancelled():
        work.exception()


def sqlite_engine(url: str | URL, *, poolclass: type[Pool] | None = None) -> Engine:
    """SQLite as we use it: durable, one writer at a time, looking without waiting."""
    engine = create_engine(
        url, connect_args={"timeout": BUSY_TIMEOUT, "isolation_level": None}, poolclass=poolclass
    )
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _unsaid(url: URL) -> dict[str, int]:
    """Of how a server is seen to be away, what the operator's address does not say itself."""
    return {name: value for name, value in SEEN_TO_BE_AWAY.items() if name not in url.query}


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        engine = create_engine(
            url,
            connect_args={"options": f"-c {FROZEN}", **_unsaid(url)},
            pool_size=POSTGRES_THREADS,
            max_overflow=2,
            pool_pre_ping=True,
        )
        event.listen(engine, "connect", _set_up_postgresql)
        return engine
    return sqlite_engine(url)


def _set_up_postgresql(connection: DBAPIConnection, _: object) -> None:
    cursor = connection.cursor()
    cursor.execute(DURABLE)
    cursor.close()
    connection.commit()


def _set_up_sqlite(connection: sqlite3.Connection, _: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")
    connection.create_function("sha256_hex", 1, sha256_hex, deterministic=True)


def _trust_the_machine(connection: sqlite3.Connection, _: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")  # a simulation need not outlive a power cut


def _begin_immediate(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once when another one wrote meanwhile.
    reads = connection.get_execution_options().get(READS)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
