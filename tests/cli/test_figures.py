"""`tenggat campaign forecast`, `report` and `export`."""

import csv
from pathlib import Path


def test_a_forecast_is_one_document(started):
    """Scripts read it; nothing else is on stdout."""
    found = started("campaign", "forecast", "terms", "--json").json

    assert (found["audience"], found["excluded"]) == (2, {"plan": 1})
    assert [lane["lane"].partition(":")[0] for lane in found["lanes"]] == ["slack", "telegram"]
    assert found["lanes"][0]["steps"][0]["step"] == "notice"
    assert found["finishes_at"] >= "2099-09-29"
    assert found["misses"] == []


def test_a_forecast_is_told_in_lines(started):
    told = started("campaign", "forecast", "terms", "--at", "2099-09-20 10:00").out

    assert "2 people are asked; left out: 1 plan." in told
    assert "2099-09-20" in told


def test_the_unlinked_are_written_down(started, home: Path):
    """Somebody must invite them; no name and no address is in the file."""
    (home / "more.csv").write_text("ref,plan,locale\nu-9,pro,fr\n")
    assert started("recipients", "import", "more.csv").code == 0

    done = started("campaign", "forecast", "terms", "--unlinked", "unlinked.csv", "--json")

    assert done.json["excluded"]["unlinked"] == 1
    with (home / "unlinked.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [["ref", "locale", "timezone"], ["u-9", "fr", ""]]
