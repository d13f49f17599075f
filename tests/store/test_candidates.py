"""What is due on a lane, found among a million rows."""

from typing import Any

from sqlalchemy import event

from bot.store import candidates
from tests.worlds import MORNING, TELEGRAM, World, on_telegram


def test_what_is_due_is_found_in_the_order_of_an_index(world: World) -> None:
    """Each claim takes the first few; to sort them, the database would read all that wait in the lane."""
    world.people(*map(on_telegram, range(1, 20)))
    world.campaign()
    world.at(MORNING).plan()
    seen: list[tuple[str, Any]] = []

    def note(connection, cursor, statement, parameters, *_) -> None:
        seen.append((statement, parameters))

    event.listen(world.database.engine, "before_cursor_execute", note)
    try:
        found = world.run(candidates.find, TELEGRAM, now=world.now, limit=8)
    finally:
        event.remove(world.database.engine, "before_cursor_execute", note)

    assert [one.id for one in found] == list(range(1, 9))
    asked = [one for one in seen if one[0].startswith("SELECT delivery.id")]
    assert len(asked) == 3
    for statement, parameters in asked:
        assert "sort" not in _plan(world, statement, parameters).lower()


def _plan(world: World, statement: str, parameters: Any) -> str:
    """How the database would go about it, if no table were so small that it may be read as a whole."""
    with world.database.engine.connect() as connection:
        if world.database.is_sqlite:
            steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            whole = [
                step for step in steps if step[1] == 0
            ]  # what a subquery of one row does is its own affair
            return "\n".join(str(step[-1]).replace("TEMP B-TREE FOR ORDER BY", "SORT") for step in whole)
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
        steps = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).all()
        return "\n".join(str(step[0]) for step in steps)
