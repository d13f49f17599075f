"""`tenggat recipients`."""

import pytest

KEYS = {"read", "created", "updated", "unchanged", "rejected", "rejects_file", "seconds"}


def test_an_import_tells_its_figures(ready):
    done = ready("recipients", "import", "people.csv", "--json")

    assert done.code == 0
    assert done.json.keys() == KEYS
    assert {name: done.json[name] for name in ("read", "created", "rejected")} == {
        "read": 3,
        "created": 3,
        "rejected": 0,
    }
    assert done.json["rejects_file"] is None


def test_rejected_rows_end_with_one_and_a_sentence(ready, home):
    with (home / "people.csv").open("a") as file:
        file.write("u-4,platinum,,,,,,,\n")

    done = ready("recipients", "import", "people.csv", "--json")

    assert (done.code, done.json["created"], done.json["rejected"]) == (1, 3, 1)
    assert "1 of 4 rows" in done.err
    assert "people.rejects.csv" in done.err
    assert (home / "people.rejects.csv").read_text().splitlines()[1].startswith("5,plan,platinum,")


def test_a_dry_run_leaves_nobody_behind(ready):
    done = ready("recipients", "import", "people.csv", "--dry-run", "--json")

    assert (done.code, done.json["created"]) == (0, 3)
    assert ready("recipients", "show", "u-1").code == 2


@pytest.mark.parametrize(
    ("content", "told"),
    [("ref,plna\n", "line 1"), ("plan\n", "`ref`"), ("ref,plan\nu\x96,pro\n", "line 2")],
)
def test_a_file_that_cannot_be_used_is_wrong_input(ready, home, content, told):
    (home / "people.csv").write_bytes(content.encode("latin-1"))

    done = ready("recipients", "import", "people.csv")

    assert (done.code, done.out) == (2, "")
    assert told in done.err
    assert len(done.err.splitlines()) == 1


def test_a_file_that_is_not_there_is_wrong_input(ready):
    assert ready("recipients", "import", "none.csv").code == 2


def test_a_person_is_shown_whole(started):
    shown = started("recipients", "show", "u-1", "--json").json

    assert shown.keys() == {
        "ref",
        "plan",
        "locale",
        "timezone",
        "addresses",
        "choice",
        "history",
        "deliveries",
        "muted",
        "next_step",
        "why_no_message",
    }
    assert (shown["ref"], shown["plan"], shown["choice"], shown["muted"]) == ("u-1", "pro", None, False)
    assert shown["addresses"][0]["external"] == "1001"
    assert shown["next_step"] == {
        "campaign": "terms",
        "step": "notice",
        "due_at": "2099-09-02T09:00:00+07:00",
    }


def test_who_is_not_asked_has_no_next_step(started):
    assert started("recipients", "show", "u-3", "--json").json["next_step"] is None


def test_an_unknown_person_is_named(ready):
    done = ready("recipients", "show", "u-9")

    assert done.code == 2
    assert "`u-9`" in done.err


def test_people_read_it_too(started):
    """Without --json it is for people."""
    done = started("recipients", "show", "u-1")

    assert done.code == 0
    assert "Asia/Jakarta" in done.out
