"""Statistics: what PostgreSQL knows of how much of what stands in a table."""

from sqlalchemy import text
from sqlmodel import Session, SQLModel

MANY = 5_000


def count_anew(session: Session, made: int, *tables: type[SQLModel]) -> None:
    """PostgreSQL knows what stands in these tables, if so many rows were made that what it knew no longer holds:
    by itself it counts minutes later, and until then may read a whole table for each row of another one. A table that
    is vacuumed just now is not waited for."""
    if made >= MANY and session.get_bind().dialect.name == "postgresql":
        for table in tables:
            session.execute(text(f"ANALYZE (SKIP_LOCKED) {table.__tablename__}"))
