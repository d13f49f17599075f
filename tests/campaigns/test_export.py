"""Every answer in a file that says no more than it must."""

import csv
from datetime import timedelta
from io import StringIO

from hypothesis import given
from hypothesis import strategies as st

from bot.campaigns import export
from bot.campaigns.export import COLUMNS, COMPUTED, Line
from bot.domain.choice import ChoiceValue
from tests.worlds import MORNING, on_telegram

CELLS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8)


def test_changed_answers_are_told_and_do_not_stand(world):
    world.people(on_telegram(1))
    world.campaign()
    world.at(MORNING).send()
    world.answer("u1", ChoiceValue.OPT_IN)
    world.at(MORNING + timedelta(hours=1)).answer("u1", ChoiceValue.OPT_OUT)

    found = world.run(lambda session: list(export.lines(session, "terms")))

    assert [(line.ref, line.value) for line in found] == [("u1", "opt_in"), ("u1", "opt_out")]
    assert found[-1].stands == "yes"


@given(st.lists(st.builds(Line, **dict.fromkeys(COLUMNS, CELLS)), max_size=3))
def test_what_is_read_back_is_what_was_written(lines):
    """In both forms, and no cell of the CSV is a formula."""
    table, objects = StringIO(newline=""), StringIO(newline="")

    export.write_csv(lines, table)
    export.write_jsonl(lines, objects)

    table.seek(0)
    objects.seek(0)
    assert list(export.read_csv(table)) == list(export.read_jsonl(objects)) == lines


@given(st.sampled_from(COMPUTED), CELLS)
def test_no_cell_is_a_formula(sign, rest):
    table = StringIO(newline="")

    export.write_csv([Line(*[sign + rest] * len(COLUMNS))], table)

    table.seek(0)
    assert not any(cell.startswith(COMPUTED) for row in csv.reader(table) for cell in row)
