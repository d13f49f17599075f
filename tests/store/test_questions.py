"""Questions as they lie in people's chats."""

from typing import Any

from sqlalchemy import event

from bot.store import questions
from tests.worlds import MORNING, World, on_telegram


def test_the_latest_question_of_a_chat_is_found_by_an_index(world: World) -> None:
    """Every answer looks for it, among millions of deliveries."""
    world.people(on_telegram(1), on_telegram(2))
    world.campaign()
    world.at(MORNING)
    world.send()
    seen: list[tuple[str, Any]] = []

    def note(connection, cursor, statement, parameters, *_) -> None:
        if "FROM delivery" in statement:
            seen.append((statement, parameters))

    event.listen(world.database.engine, "before_cursor_execute", note)
    try:
        found = world.run(questions.latest, 2), world.run(questions.latest_to_edit, 2)
    finally:
        event.remove(world.database.engine, "before_cursor_execute", note)

    assert [question and question.recipient_id for question in found] == [2, 2]
    if world.database.is_sqlite:  # PostgreSQL reads so small a table as a whole
        with world.database.engine.connect() as connection:
            for statement, parameters in seen:
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
                assert not [step for step in plan if str(step[-1]).startswith("SCAN")], plan
