"""People and their addresses as an import brings them, a statement for all of a batch."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import Date, Executable, Table, Text, bindparam, false, literal, true
from sqlalchemy import select as select_columns
from sqlmodel import Session, SQLModel, col

from bot.domain.people_file import Imported
from bot.domain.recipient import Address, Reach
from bot.store.dialect import insert_selected, rows_given
from bot.store.models import AddressRow, RecipientRow

_RECIPIENT: Table = SQLModel.metadata.tables["recipient"]
_ADDRESS: Table = SQLModel.metadata.tables["address"]


def insert(session: Session, people: Sequence[Imported], *, now: datetime) -> None:
    """They are recipients; who is one by now is left as they are."""
    rows = [
        {
            "ref": one.ref,
            "plan": one.plan,
            "locale": one.locale,
            "zone": one.zone,
            "registered_on": one.registered_on and one.registered_on.isoformat(),
            "email_hash": one.email_hash,
        }
        for one in people
    ]
    if rows:
        connection = session.connection()
        connection.execute(_people(connection.dialect.name), {"rows": rows, "now": now})


def insert_places(session: Session, places: Sequence[tuple[str, Address]], *, now: datetime) -> None:
    """The recipients of these references can be reached at these places; one that is taken by now is left out."""
    rows = [
        {
            "ref": ref,
            "key": place.key,
            "channel": place.channel,
            "external": place.external,
            "workspace": place.workspace,
            "identity": place.identity,
        }
        for ref, place in places
    ]
    if rows:
        connection = session.connection()
        connection.execute(_places(connection.dialect.name), {"rows": rows, "now": now})


@cache
def _people(dialect: str) -> Executable:
    words = ("ref", "plan", "locale", "zone", "email_hash")
    given = rows_given(dialect, "rows", **dict.fromkeys(words, Text()), registered_on=Date())
    untouched = {_RECIPIENT.c.zone_chosen: false(), _RECIPIENT.c.offered_locales: literal("")}
    stamped = {_RECIPIENT.c.imported_at: bindparam("now", type_=_RECIPIENT.c.imported_at.type)}
    known = {_RECIPIENT.c[name]: value for name, value in given.items()} | untouched | stamped
    chosen = select_columns(*known.values()).where(true())
    return insert_selected(dialect, RecipientRow, [column.name for column in known], chosen)


@cache
def _places(dialect: str) -> Executable:
    words = ("ref", "key", "channel", "external", "workspace", "identity")
    given = dict(rows_given(dialect, "rows", **dict.fromkeys(words, Text())))
    owner = col(RecipientRow.ref) == given.pop("ref")
    reach = {_ADDRESS.c.reach: literal(Reach.REACHABLE.value)}
    stamped = {_ADDRESS.c.reachable_since: bindparam("now", type_=_ADDRESS.c.reachable_since.type)}
    known = {_ADDRESS.c[name]: value for name, value in given.items()} | reach | stamped
    chosen = select_columns(col(RecipientRow.id), *known.values()).where(owner)
    return insert_selected(dialect, AddressRow, ["recipient_id", *(column.name for column in known)], chosen)
