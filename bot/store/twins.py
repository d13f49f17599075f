"""Twins: two sessions that see the database at one and the same instant, for two threads."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import text
from sqlmodel import Session

from bot.store.engines import READS

BEGUN = text("SELECT count(*) FROM alembic_version")  # from here on a session sees nothing newer

P = ParamSpec("P")
T = TypeVar("T")


def twinned(
    function: Callable[Concatenate[Session, Session, P], T],
) -> Callable[Concatenate[Session, P], T]:
    """`function(session, twin, …)` for `Database.read` and `Database.look`, which have just begun a session.

    The twin may be used in another thread. On SQLite whoever writes waits until both have begun.
    """

    def call(session: Session, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with ExitStack() as opened:
            return function(session, _twin(session, opened), *args, **kwargs)

    return call


def _twin(session: Session, opened: ExitStack) -> Session:
    engine = session.connection().engine
    twin = opened.enter_context(Session(engine))
    if engine.dialect.name != "sqlite":
        snapshot = session.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        twin.execute(text(f"SET TRANSACTION SNAPSHOT '{snapshot}'"))
        return twin
    with engine.execution_options(**{READS: False}).connect() as gate, gate.begin():  # nobody writes now
        session.execute(BEGUN)
        twin.execute(BEGUN)
    return twin
