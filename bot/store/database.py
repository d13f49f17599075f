"""The database: one transaction at a time in its own thread, on SQLite or PostgreSQL."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InternalError, OperationalError
from sqlmodel import Session as Session  # upper floors name it in annotations

from bot.clock import Clock
from bot.exceptions import DatabaseAway, DatabaseNotMigrated, NotSavedInTime
from bot.failpoints import failpoint
from bot.store import engines, schema
from bot.store.engines import POSTGRES_THREADS, READS
from bot.store.race import Race, forget

QUIET = "quiet"  # set on a session whose transaction says nothing that could speak against a message
TRACES = "traces"  # set on a session whose transaction has erased something
LOOKS = MappingProxyType({READS: True})
LOOKS_AT_ONE_INSTANT = MappingProxyType(
    {**LOOKS, "isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
)

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
        self.engine = engines.opened(self.url, outlives_power=not inline) if engine is None else engine
        self._is_lent = engine is not None
        self._reading = self.engine.execution_options(**(LOOKS if self.is_sqlite else LOOKS_AT_ONE_INSTANT))
        self.clock = clock
        self._count = count(1)
        self.changes = 0  # another number after each transaction here that somebody may care about
        self._has_traces = self.is_sqlite  # so a process that ended too early may have left it
        writers = 1 if self.is_sqlite else POSTGRES_THREADS
        self._threads = _Inline() if inline else ThreadPoolExecutor(writers, thread_name_prefix="database")
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
                    self._has_traces = not engines.truncate_log(self.engine)
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
        race = Race()

        def in_time(session: Session) -> T:
            result = function(session, *args, **kwargs)
            session.flush()
            if not race.begin_commit():
                raise NotSavedInTime(seconds)
            return result

        work = asyncio.ensure_future(self.transact(in_time))
        done, _ = await asyncio.wait({work}, timeout=seconds)
        if not done and race.give_up():
            work.add_done_callback(forget)
            raise NotSavedInTime(seconds)
        return await work

    def migrate(self, *, to: str = "head") -> None:
        """At revision `to`; a SQLite file and its folder are made if need be."""
        self._make_folder()
        try:
            schema.upgrade(self.engine, to)
        except DBAPIError as error:
            raise DatabaseAway(self.shown_url, _first_line(error)) from error

    def downgrade(self, *, to: str = "base") -> None:
        """Back at revision `to`."""
        schema.downgrade(self.engine, to)

    def revision(self) -> str | None:
        """The revision that the database is at; None when nothing was made in it."""
        try:
            return schema.revision(self.engine.execution_options(**LOOKS))
        except DBAPIError as error:
            raise DatabaseAway(self.shown_url, _first_line(error)) from error

    def require_migrated(self, *, or_later: bool = False) -> None:
        """Raise unless the database answers and is at this release's revision, or at a later one's."""
        expected = schema.newest()
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
        return engines.plain_address(self.url)

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


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
