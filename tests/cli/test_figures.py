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


def test_a_report_has_figures_and_a_picture(started, home: Path):
    """The picture fetches nothing from elsewhere."""
    done = started(
        "campaign", "report", "terms", "--svg", "a.svg", "--png", "a.png", "--locale", "zh", "--json"
    )

    assert (done.json["answered"], done.json["steps"]) == (0, [])
    assert "<script" not in (home / "a.svg").read_text()
    assert (home / "a.png").read_bytes().startswith(b"\x89PNG")


def test_a_forecast_has_a_picture(started, home: Path):
    """Light or dark, in the language that is asked for."""
    done = started(
        "campaign", "forecast", "terms", "--svg", "a.svg", "--png", "a.png", "--locale", "ar", "--dark"
    )

    assert done.code == 0
    assert "<script" not in (home / "a.svg").read_text()
    assert (home / "a.png").read_bytes().startswith(b"\x89PNG")


def test_who_approves_is_told_whom_the_pace_leaves_out(ready, home: Path, monkeypatch):
    """A third of a year between two messages."""
    monkeypatch.setenv("BOT_TELEGRAM_RATE", "0.0000001")
    (home / "more.csv").write_text("ref,plan,telegram_chat_id\nu-9,pro,1009\n")
    for command in (["recipients", "import", "people.csv"], ["recipients", "import", "more.csv"]):
        assert ready(*command).code == 0
    assert ready("campaign", "load", "ahead.toml").code == 0

    done = ready("campaign", "approve", "terms", "--by", "bob", "--json")

    assert done.json["state"] == "approved"
    assert "Warning: Not reached: 2 by reminder-1" in done.err


def test_who_approves_what_reaches_everybody_is_told_nothing(ready):
    assert ready("recipients", "import", "people.csv").code == 0
    assert ready("campaign", "load", "ahead.toml").code == 0

    done = ready("campaign", "approve", "terms", "--by", "bob", "--json")

    assert "Not reached" not in done.err


def test_an_export_of_nothing_has_its_columns(started, home: Path):
    done = started("campaign", "export", "terms", "--out", "answers.csv")

    assert done.code == 0
    assert (home / "answers.csv").read_text().startswith("ref,campaign,revision,value,stands,")


def test_an_export_needs_a_kind_of_file(started):
    assert started("campaign", "export", "terms", "--out", "answers.xls").code == 2


def test_who_approves_is_told_the_cost_before_it_is_approved(ready, home: Path):
    """Who may not approve is not."""
    paid = "allow_paid_broadcast = true\n" + (home / "ahead.toml").read_text()
    (home / "ahead.toml").write_text(paid)
    assert ready("recipients", "import", "people.csv").code == 0
    loaded = ready("campaign", "load", "ahead.toml", "--by", "ann")

    refused = ready("campaign", "approve", "terms", "--by", "ann")
    approved = ready("campaign", "approve", "terms", "--by", "bob")
    forecast = ready("campaign", "forecast", "terms", "--json").json

    assert "is for Telegram only" in loaded.err
    assert "is for Telegram only" in ready("campaign", "lint", "terms").err
    assert (refused.code, approved.code) == (2, 0)
    cost = f"Paid broadcast on Telegram: {forecast['stars']} Stars at most."
    assert forecast["stars"] > 0
    assert cost not in refused.err
    assert cost in approved.err
