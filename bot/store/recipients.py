"""Recipients: who they are, as imported and as they changed it since."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Integer, SQLColumnExpression, String, inspect
from sqlalchemy import select as select_columns
from sqlmodel import Session, SQLModel, col, func, select, update

from bot.domain.people_file import COLUMNS, Imported
from bot.domain.recipient import Address, Plan, Reach, Recipient
from bot.domain.suppression import marks_of
from bot.exceptions import MissingSettings, UnknownRecipient
from bot.store import addresses, campaigns, cohorts, imported, outbox, suppression
from bot.store.dialect import among, rows_given, written
from bot.store.models import AddressRow, RecipientRow

FIELDS = {  # column of a file -> column of the table, for what an import may change
    "plan": "plan",
    "locale": "locale",
    "timezone": "zone",
    "registered_at": "registered_on",
    "email_hash": "email_hash",
}

GIVEN = "given"


class Change(StrEnum):
    """What an import does with a row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    TAKEN = "taken"  # refused: one of its addresses is another recipient's
    SUPPRESSED = "suppressed"  # left out: the person has asked to be forgotten


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a row; one that is refused names the address, and whose it is."""

    change: Change
    taken: Address | None = None
    owner: str | None = None


CREATED, UPDATED = Verdict(Change.CREATED), Verdict(Change.UPDATED)
UNCHANGED, SUPPRESSED = Verdict(Change.UNCHANGED), Verdict(Change.SUPPRESSED)


@dataclass(slots=True)
class Seen:
    """Whose an address is after the rows that were looked at, where nothing was written: for `compare`."""

    owners: dict[str, str | None] = field(default_factory=dict)


def put(
    session: Session,
    rows: Sequence[Imported],
    *,
    now: datetime,
    columns: Collection[str] = COLUMNS,
    key: bytes | None = None,
) -> list[Verdict]:
    """Each row's recipient is as imported, with these addresses; what was done, row by row.

    What the file has no column for is left alone, and so are addresses that a row does not name, and what
    a person chose in the bot. Each ref stands in `rows` once. Who was forgotten is not brought back; to know
    them takes the `key` of their marks.
    """
    compared = _Compared(session, rows, columns, Seen(), _forgotten(session, rows, key))
    compared.write(now)
    return compared.verdicts


def compare(
    session: Session,
    rows: Sequence[Imported],
    *,
    columns: Collection[str] = COLUMNS,
    seen: Seen,
    key: bytes | None = None,
) -> list[Verdict]:
    """What `put` would do, had it been done with the rows before as well; nothing is changed."""
    return _Compared(session, rows, columns, seen, _forgotten(session, rows, key)).verdicts


def get(session: Session, ref: str) -> Recipient:
    """The recipient with this reference."""
    row = session.exec(select(RecipientRow).where(RecipientRow.ref == ref)).first()
    if row is None:
        raise UnknownRecipient(ref)
    return value(session, row)


def by_id(session: Session, recipient_id: int) -> Recipient:
    """The recipient with this id."""
    return value(session, session.get_one(RecipientRow, recipient_id))


def value(session: Session, row: RecipientRow) -> Recipient:
    """The row, with its addresses, as it travels above the store."""
    return _value(row, addresses.of(session, [row.id or 0]).get(row.id or 0, ()))


def mute(session: Session, recipient_id: int, *, now: datetime | None) -> None:
    """The person gets no more campaign messages, or (`None`) gets them again."""
    session.get_one(RecipientRow, recipient_id).muted_at = now
    if now is None:
        outbox.renew_notices(session, [recipient_id])
        campaigns.audience_changed(session)


def pseudonym(session: Session, recipient_id: int) -> str | None:
    """What the ledger calls the person; None until they choose."""
    return session.get_one(RecipientRow, recipient_id).pseudonym


def email_hash(session: Session, recipient_id: int) -> str | None:
    """The hash of the person's e-mail address, as imported."""
    return session.get_one(RecipientRow, recipient_id).email_hash


def choose_locale(session: Session, recipient_id: int, locale: str) -> None:
    """The person reads this language from now on."""
    session.get_one(RecipientRow, recipient_id).chosen_locale = locale


def choose_zone(session: Session, recipient_id: int, zone: str) -> None:
    """The person lives by this zone's clock from now on; what is planned follows."""
    row = session.get_one(RecipientRow, recipient_id)
    row.zone, row.zone_chosen = zone, True
    session.flush()
    cohorts.note_moved(session, [recipient_id])
    campaigns.audience_changed(session)


def offer_locale(session: Session, recipient_id: int, locale: str) -> bool:
    """Whether this language was not offered to the person before; from now on it was."""
    row = session.get_one(RecipientRow, recipient_id)
    offered = row.offered_locales.split()
    if locale in offered:
        return False
    row.offered_locales = " ".join([*offered, locale])
    return True


def every(session: Session, *, page: int = 1000) -> Iterable[Recipient]:
    """All recipients, in the order of their import."""
    last = 0
    while rows := session.exec(
        select(RecipientRow).where(col(RecipientRow.id) > last).order_by(col(RecipientRow.id)).limit(page)
    ).all():
        places = addresses.of(session, [row.id or 0 for row in rows])
        yield from (_value(row, places.get(row.id or 0, ())) for row in rows)
        last = rows[-1].id or 0


def count(session: Session) -> int:
    """How many recipients there are."""
    return session.exec(select(func.count()).select_from(RecipientRow)).one()


def _value(row: RecipientRow, places: tuple[Address, ...]) -> Recipient:
    return Recipient(
        ref=row.ref,
        plan=Plan(row.plan),
        locale=row.chosen_locale or row.locale,
        zone=row.zone,
        registered_on=row.registered_on,
        muted_at=row.muted_at,
        addresses=places,
        id=row.id or 0,
    )


class _Compared:
    """Rows beside what there is of them: what is to be written."""

    def __init__(
        self,
        session: Session,
        rows: Sequence[Imported],
        columns: Collection[str],
        seen: Seen,
        forgotten: Collection[str],
    ) -> None:
        self.session = session
        self.forgotten = forgotten
        self.fields = [FIELDS[column] for column in FIELDS if column in columns]
        self.known = _known(session, [row.ref for row in rows])
        self.present = addresses.of(session, [known.id for known in self.known.values()])
        keys = [[place.key for place in row.places] for row in rows]
        self.owners = _owners(session, [key for named in keys for key in named])
        self.seen = seen
        self.new: list[Imported] = []
        self.changed: list[dict[str, object]] = []
        self.moved: list[int] = []  # whose zone is another
        self.new_places: list[tuple[str, Address]] = []
        self.moved_places: list[tuple[int, Address]] = []
        self.verdicts = [self._compare(row, named) for row, named in zip(rows, keys, strict=True)]

    def write(self, now: datetime) -> None:
        """The rows are stored."""
        imported.insert(self.session, self.new, now=now)
        _update(self.session, RecipientRow, self.changed)
        _update(self.session, AddressRow, [_replaced(old, place, now) for old, place in self.moved_places])
        imported.insert_places(self.session, self.new_places, now=now)
        self.session.expire_all()  # what was read before these statements is no longer so
        if self.moved:
            cohorts.note_moved(self.session, self.moved)
        if owners := self._owners_of_new() | self._owners_of_moved():
            outbox.revive_notices(self.session, owners, now=now)
        if self.changed:
            outbox.renew_notices(self.session, self._changed_ids())
        if self.new or self.changed or self.new_places or self.moved_places:
            campaigns.audience_changed(self.session)

    def _compare(self, row: Imported, keys: Sequence[str]) -> Verdict:
        if row.ref in self.forgotten:
            return SUPPRESSED
        for place, key in zip(row.places, keys, strict=True):
            owner = self.seen.owners.get(key, self.owners.get(key))
            if owner not in (None, row.ref):
                return Verdict(Change.TAKEN, place, owner)
        known = self.known.get(row.ref)
        if known is None:
            self.new.append(row)
            self._add_places(row, keys, ())
            return CREATED
        differs = self._differs(row, known)
        moves = self._add_places(row, keys, self.present.get(known.id, ()))
        return UPDATED if differs or moves else UNCHANGED

    def _differs(self, row: Imported, known: "_Known") -> bool:
        wanted = {name: _stored(row, name) for name in self.fields}
        if known.zone_chosen:
            wanted.pop("zone", None)
        if all(getattr(known, name) == value for name, value in wanted.items()):
            return False
        if wanted.get("zone", known.zone) != known.zone:
            self.moved.append(known.id)
        self.changed.append(
            {"row_id": known.id} | {name: wanted.get(name, getattr(known, name)) for name in FIELDS.values()}
        )
        return True

    def _add_places(self, row: Imported, keys: Sequence[str], present: Sequence[Address]) -> bool:
        """Whether an address of this row is not there yet. A recipient has one a channel, the newest."""
        there = {place.key for place in present}
        is_new = False
        for place, key in zip(row.places, keys, strict=True):
            self.seen.owners[key] = row.ref
            if key in there:
                continue
            is_new = True
            old = next((one for one in present if one.channel is place.channel), None)
            if old is None:
                self.new_places.append((row.ref, place))
            else:
                self.moved_places.append((old.id, place))
                self.seen.owners[old.key] = None
        return is_new

    def _owners_of_new(self) -> set[int]:
        """Of the new addresses, as far as they were somebody before."""
        return {self.known[ref].id for ref, _ in self.new_places if ref in self.known}

    def _changed_ids(self) -> set[int]:
        return {int(str(row["row_id"])) for row in self.changed}

    def _owners_of_moved(self) -> set[int]:
        moved = {old for old, _ in self.moved_places}
        return {owner for owner, places in self.present.items() if any(place.id in moved for place in places)}


@dataclass(frozen=True, slots=True)
class _Known:
    """What is stored of a recipient that an import may change."""

    id: int
    plan: str
    locale: str | None
    zone: str | None
    registered_on: date | None
    email_hash: str | None
    zone_chosen: bool


def _forgotten(session: Session, rows: Sequence[Imported], key: bytes | None) -> frozenset[str]:
    """The refs of those rows that are somebody's who was forgotten, by whichever of their names."""
    if suppression.is_empty(session):
        return frozenset()
    if key is None:
        raise MissingSettings(["BOT_SECRET_KEY"], purpose="Knowing who was forgotten")
    marks = {
        row.ref: marks_of(key, ref=row.ref, places=row.places, email_hash=row.email_hash) for row in rows
    }
    known = suppression.known(session, frozenset[str]().union(*marks.values()))
    return frozenset(ref for ref, mine in marks.items() if mine & known)


def _known(session: Session, refs: Collection[str]) -> dict[str, _Known]:
    found = session.execute(
        select_columns(
            col(RecipientRow.ref),
            col(RecipientRow.id),
            *(col(getattr(RecipientRow, name)) for name in FIELDS.values()),
            col(RecipientRow.zone_chosen),
        ).where(_are(session, col(RecipientRow.ref))),
        {GIVEN: list(refs)},
    )
    return {ref: _Known(*rest) for ref, *rest in found}


def _owners(session: Session, keys: Collection[str]) -> dict[str, str]:
    found = session.execute(
        select_columns(col(AddressRow.key), col(RecipientRow.ref))
        .join(RecipientRow, col(RecipientRow.id) == col(AddressRow.recipient_id))
        .where(_are(session, col(AddressRow.key))),
        {GIVEN: list(keys)},
    )
    return {key: ref for key, ref in found}  # noqa: C416  # a row is no pair to `dict`


def _are(session: Session, column: SQLColumnExpression[str]) -> ColumnElement[bool]:
    """The column holds one of the texts that are given: thousands, and a parameter for each would cost more than to
    find them."""
    return among(session.get_bind().dialect.name, column, GIVEN, of=String)


def _stored(row: Imported, name: str) -> object:
    return row.plan.value if name == "plan" else getattr(row, name)


def _update(session: Session, table: type[SQLModel], rows: Sequence[Mapping[str, object]]) -> None:
    """Each of the rows, named by its `row_id`, has these values: the same columns in all of them. One statement does
    for thousands; of two about one row the last counts."""
    if not rows:
        return
    stored, connection = inspect(table).local_table, session.connection()
    types = {name: stored.c[name].type for name in rows[0] if name != "row_id"}
    given = rows_given(connection.dialect.name, "rows", row_id=Integer(), **types)
    changed = (
        update(stored).where(stored.c.id == given["row_id"]).values({name: given[name] for name in types})
    )
    latest = {row["row_id"]: {name: _as_json(value) for name, value in row.items()} for row in rows}
    connection.execute(changed, {"rows": list(latest.values())})


def _as_json(value: object) -> object:
    if isinstance(value, datetime):
        return written(value)
    return value.isoformat() if isinstance(value, date) else value


def _replaced(old: int, place: Address, now: datetime) -> dict[str, object]:
    forgotten = dict.fromkeys(("conversation", "handle", "language", "helped_at", "home_at", "closed_at"))
    return {
        "row_id": old,
        "key": place.key,
        "channel": place.channel.value,
        "external": place.external,
        "workspace": place.workspace,
        "identity": place.identity,
        "reach": Reach.REACHABLE.value,
        "reachable_since": now,
        **forgotten,
    }
