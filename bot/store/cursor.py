"""How PostgreSQL is asked the same many times over."""

from collections.abc import Iterable

from psycopg import Cursor
from psycopg.abc import Params, QueryNoTemplate
from psycopg.pq.abc import PGresult
from psycopg.rows import TupleRow


class OneByOne(Cursor[TupleRow]):
    """Many in a row are asked one after the other, each waiting for its answer.

    Psycopg by itself asks them in a pipeline, which it ends with a message that the server does not answer. With any
    message PostgreSQL forgets how long the transaction may stand still, and looks at the clock again only once it is
    ready for the next query: a process that froze just then would keep what it has locked.
    """

    _together: tuple[PGresult | None, int] = (None, -1)

    def executemany(  # type: ignore[override]  # SQLAlchemy knows nothing of templates
        self, query: QueryNoTemplate, params_seq: Iterable[Params], *, returning: bool = False
    ) -> None:
        """Each is done; `rowcount` counts the rows of all. The last one's can be fetched, `returning` or not."""
        count = 0
        for params in params_seq:
            self.execute(query, params, prepare=True)
            count += max(self.rowcount, 0)
        self._together = self.pgresult, count

    @property
    def rowcount(self) -> int:
        """Rows that the last statement, or the last many together, changed or found; -1 before any."""
        result, count = self._together
        return count if self.pgresult is result else super().rowcount
