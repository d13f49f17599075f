"""How the database goes about what is asked for each message, each answer and each look at who is to be planned.

Small tables are read whole however one asks, so that a bad way is seen only among a million rows. These tests forbid
the database the ways that do for small tables only, and look which one it takes then.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event, text

from bot.campaigns.importer import import_people
from bot.store import candidates, outbox, planning, questions, slots, statistics
from bot.store.models import AddressRow, DeliveryRow, RecipientRow
from tests.worlds import MORNING, TELEGRAM, World, jakarta, on_telegram

Asked = list[tuple[str, Any]]


def test_what_is_due_is_found_in_the_order_of_an_index(world: World) -> None:
    """Each claim takes the first few; to sort them, the database would read all that wait in the lane."""
    world.people(*map(on_telegram, range(1, 20)))
    world.campaign()
    world.at(MORNING).plan()

    found, asked = _asked(world, candidates.find, TELEGRAM, now=world.now, limit=8)

    assert [one.id for one in found] == list(range(1, 9))
    plans = [_plan(world, *one, without=("seqscan", "bitmapscan")) for one in asked if "slot" in one[0]]
    assert len(plans) == 3
    assert not [plan for plan in plans if "Sort" in plan or "ORDER BY" in plan]


def test_who_comes_next_is_looked_up_person_by_person(world: World) -> None:
    """A join with all answers, or all deliveries, would be made anew for every few thousand people."""
    world.people(on_telegram(1), on_telegram(2))
    campaign = world.campaign()

    found, asked = _asked(world, planning.newcomers, campaign, after=0, limit=8)

    assert [one.people for one in found] == [[1, 2]]
    (plan,) = (_plan(world, *one, without=("nestloop",)) for one in asked if "recipient" in one[0])
    assert "Anti Join" not in plan
    ways = [statement for statement, _ in asked if statement.startswith("SET")]
    if not world.database.is_sqlite:
        assert ways == [f"SET LOCAL {way}" for way in ("enable_hashjoin = off", "jit = off")] + [
            f"SET LOCAL {way} TO DEFAULT" for way in ("enable_hashjoin", "jit")
        ]


def test_what_somebody_is_still_to_get_is_found_by_the_person(world: World) -> None:
    """Every answer takes it back; while a campaign is sent, a million others are due as well."""
    world.people(*map(on_telegram, range(1, 200)))
    campaign = world.campaign()
    world.at(MORNING).send()
    world.run(statistics.count_anew, statistics.MANY, DeliveryRow)
    some = range(1, 100)

    for number in (campaign.id, campaign.id + 1):  # of either PostgreSQL believes that hardly anything is due
        _, asked = _asked(world, outbox.withdraw_each, some, campaign_id=number, why="-", now=world.now)

        (plan,) = (_plan(world, *one, without=("seqscan",)) for one in asked if "UPDATE delivery" in one[0])
        assert "ix_delivery_recipient" in plan
        assert "ix_delivery_open" not in plan
        assert "ix_delivery_asked" not in plan


def test_the_latest_question_of_a_chat_is_found_by_an_index(world: World) -> None:
    """Every answer looks for it, among millions of deliveries."""
    world.people(on_telegram(1), on_telegram(2))
    world.campaign()
    world.at(MORNING)
    world.send()

    looks = [_asked(world, find, 2) for find in (questions.latest, questions.latest_to_edit)]

    assert [question and question.recipient_id for question, _ in looks] == [2, 2]
    if world.database.is_sqlite:  # PostgreSQL reads so small a table as a whole
        asked = [one for _, statements in looks for one in statements if "FROM delivery" in one[0]]
        plans = [_plan(world, *one, without=()) for one in asked]
        assert plans
        assert not [plan for plan in plans for step in plan.splitlines() if step.startswith("SCAN")], plans


def test_a_step_is_planned_from_those_who_are_to_get_it(world: World) -> None:
    """There are some thousand of them in a segment, and a million who were asked."""
    world.people(*map(on_telegram, range(1, 400)))
    campaign = world.campaign()
    world.at(MORNING).send()
    world.plan()
    world.run(statistics.count_anew, statistics.MANY, DeliveryRow, RecipientRow, AddressRow)
    world.at(jakarta(15, 17))
    (slot,) = world.run(slots.due, campaign, now=world.now)

    made, asked = _asked(world, planning.insert_steps, campaign, slot, [1, 2, 3], now=world.now)

    assert made == 3
    (plan,) = (_plan(world, *one, without=()) for one in asked if one[0].startswith("INSERT INTO delivery"))
    assert "Scan on delivery" not in plan
    assert "SCAN notice" not in plan


def test_postgresql_knows_how_many_people_an_import_brought(world, tmp_path, monkeypatch) -> None:
    """By itself it learns it a minute later, and until then takes a million of them for a few."""
    monkeypatch.setattr(statistics, "MANY", 3)
    file = tmp_path / "people.csv"
    file.write_text("ref,plan,telegram_chat_id\n" + "".join(f"u{n},pro,{n}\n" for n in range(1, 8)))

    import_people(world.database, file)

    if world.database.is_sqlite:  # it goes by what its indexes are, not by what is in them
        return
    known = world.run(
        lambda session: session.scalar(text("SELECT reltuples FROM pg_class WHERE relname='recipient'"))
    )
    assert known == 7


def _asked(world: World, function: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[Any, Asked]:
    """What the function returns, and every statement with its values."""
    with _listening(world) as asked:
        return world.run(function, *args, **kwargs), asked


@contextmanager
def _listening(world: World) -> Iterator[Asked]:
    asked: Asked = []

    def note(connection, cursor, statement, parameters, *_) -> None:
        asked.append((statement, parameters))

    event.listen(world.database.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(world.database.engine, "before_cursor_execute", note)


def _plan(world: World, statement: str, parameters: Any, *, without: tuple[str, ...]) -> str:
    """How the database would go about it, line by line, without these ways of PostgreSQL's."""
    with world.database.engine.connect() as connection:
        if world.database.is_sqlite:
            steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            return "\n".join(str(step[-1]) for step in steps)
        for way in without:
            connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        return "\n".join(
            str(row[0]) for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
        )
