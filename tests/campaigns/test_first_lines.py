"""Which line a person stood on first."""

from bot.campaigns.first_lines import FirstLines


def test_whoever_was_not_there_before_has_no_earlier_line() -> None:
    with FirstLines() as firsts:
        assert firsts.earlier([("u1", 2), ("u2", 3)]) == {}
        assert firsts.earlier([("u3", 4)]) == {}


def test_an_earlier_line_is_the_first_one_wherever_it_stood() -> None:
    with FirstLines() as firsts:
        firsts.earlier([("u1", 2), ("u2", 3)])

        assert firsts.earlier([("u2", 4), ("u3", 5), ("u3", 6), ("u2", 7)]) == {4: 3, 6: 5, 7: 3}


def test_references_that_differ_in_case_are_different_people() -> None:
    with FirstLines() as firsts:
        assert firsts.earlier([("u1", 2), ("U1", 3)]) == {}
