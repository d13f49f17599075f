"""`tenggat recipients invite` and `link-slack`."""

import asyncio
import csv
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from xml.etree import ElementTree as ET

import pytest

from bot.clock import SystemClock
from bot.domain import invitation
from bot.sandbox.oracle import Oracle
from bot.sandbox.server import Sandbox
from bot.sandbox.slack.workspace import Person
from tests.cli.conftest import Finished, Run

KEY = "k" * 40
LINK = re.compile(r"https://t\.me/terms_bot\?start=([A-Za-z0-9_-]{40})")
PEOPLE = """\
ref,plan,locale,timezone,registered_at,telegram_chat_id
u-1,pro,id,Asia/Jakarta,2024-05-01,1001
u-2,free,,America/New_York,2024-05-01,
u-3,work,en,,2024-05-01,
../u 4,max,pt-BR,,2024-05-01,
"""


@pytest.fixture
def invite(started: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `recipients invite` over a campaign that has started."""
    monkeypatch.setenv("BOT_SECRET_KEY", KEY)
    (home / "more.csv").write_text(PEOPLE)
    assert started("recipients", "import", "more.csv").code == 0

    def run(*arguments: str) -> Finished:
        return started("recipients", "invite", "terms", "--out", "links.csv", *arguments)

    return run


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def test_links_are_written_for_those_out_of_reach(invite, home):
    """Not for those whom the bot can write to, nor for those whom the campaign leaves out."""
    done = invite("--bot", "@terms_bot", "--json")

    assert done.code == 0
    assert done.json == {
        "campaign": "terms",
        "bot": "terms_bot",
        "links": 2,
        "new": 2,
        "out": "links.csv",
        "qr": None,
    }
    written = rows(home / "links.csv")
    assert [(row["ref"], row["locale"]) for row in written] == [("u-2", "id"), ("../u 4", "pt-BR")]
    assert written[0].keys() == {"ref", "locale", "link"}
    for row in written:
        token = LINK.fullmatch(row["link"])
        assert token is not None
        assert invitation.read(KEY.encode(), token[1]) is not None


def test_the_same_links_come_out_again(invite, home):
    """Whoever has been written to keeps a link that works."""
    invite("--bot", "terms_bot")
    before = (home / "links.csv").read_bytes()

    again = invite("--bot", "terms_bot", "--json")

    assert (again.json["links"], again.json["new"]) == (2, 0)
    assert (home / "links.csv").read_bytes() == before


def test_with_all_those_come_too_who_can_be_written_to(invite, home):
    done = invite("--bot", "terms_bot", "--all", "--json")

    assert done.json["links"] == 3
    assert [row["ref"] for row in rows(home / "links.csv")] == ["u-1", "u-2", "../u 4"]


def test_only_the_owner_can_read_the_file(invite, home):
    """Whoever has a link can use it."""
    (home / "links.csv").write_text("an older one, for all to read")
    (home / "links.csv").chmod(0o644)

    invite("--bot", "terms_bot", "--qr", "codes")

    files = [home / "links.csv", *(home / "codes").iterdir()]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((home / "codes").stat().st_mode) == 0o700
    assert not [file for file in home.iterdir() if file.name.startswith(".links")]


def test_each_link_is_drawn(invite, home):
    """A drawing a person, named by the reference, which leads to no other folder."""
    done = invite("--bot", "terms_bot", "--qr", "codes", "--json")

    assert done.json["qr"] == "codes"
    drawn = sorted(file.name for file in (home / "codes").iterdir())
    assert drawn == ["..%2Fu 4.svg", "u-2.svg"]
    for name in drawn:
        assert ET.parse(home / "codes" / name).getroot().tag.endswith("svg")


def test_a_name_that_no_bot_can_have_is_wrong_input(invite, home):
    done = invite("--bot", "terms bot")

    assert done.code == 2
    assert "--bot" in done.err
    assert not (home / "links.csv").exists()


def test_a_folder_that_is_not_there_is_wrong_input(invite, started):
    done = started("recipients", "invite", "terms", "--out", "none/links.csv", "--bot", "terms_bot")

    assert done.code == 2
    assert len(done.err.splitlines()) == 1


def test_without_a_name_or_a_token_it_says_what_to_give(invite):
    done = invite()

    assert done.code == 3
    assert "BOT_TELEGRAM_TOKEN" in done.err
    assert "--bot" in done.err


def test_without_a_key_nothing_is_signed(invite, monkeypatch):
    monkeypatch.delenv("BOT_SECRET_KEY")

    assert invite("--bot", "terms_bot").code == 3


def test_an_unknown_campaign_is_wrong_input(invite, started):
    assert started("recipients", "invite", "none", "--out", "l.csv", "--bot", "terms_bot").code == 2


def test_a_campaign_that_is_over_invites_nobody(ready, home, monkeypatch):
    monkeypatch.setenv("BOT_SECRET_KEY", KEY)
    ready("campaign", "load", "passed.toml")

    done = ready("recipients", "invite", "terms", "--out", "links.csv", "--bot", "terms_bot")

    assert done.code == 2
    assert "deadline" in done.err


def test_the_funnel_is_in_the_status(invite, started):
    invite("--bot", "terms_bot")

    status = started("campaign", "status", "terms", "--json").json

    assert status["funnel"] == {"invited": 2, "linked": 0, "asked": 0, "answered": 0}
    assert "2 invited → 0 linked → 0 asked → 0 answered" in started("campaign", "status", "terms").out


@contextmanager
def serving() -> Iterator[Sandbox]:
    """Both fakes, at work in a thread of their own as a command has the one that it runs in."""
    clock = SystemClock()
    sandbox = Sandbox(clock, Oracle(clock))
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(sandbox.start(), loop).result()
        yield sandbox
        asyncio.run_coroutine_threadsafe(sandbox.stop(), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def platforms(monkeypatch: pytest.MonkeyPatch) -> Iterator[Oracle]:
    """The settings that lead to both fakes."""
    with serving() as sandbox:
        sandbox.slack.slack.workspace.add([Person("U77", "Sari", "sari@example.com")])
        monkeypatch.setenv("BOT_TELEGRAM_API", sandbox.telegram_url)
        monkeypatch.setenv("BOT_TELEGRAM_TOKEN", "123:" + "a" * 35)
        monkeypatch.setenv("BOT_SLACK_API", sandbox.slack_url)
        monkeypatch.setenv("BOT_SLACK_BOT_TOKEN", "xoxb-1")
        yield sandbox.oracle


def test_telegram_is_asked_what_the_bot_is_called(invite, platforms, home):
    assert invite("--json").json["bot"] == "tenggat_sandbox_bot"
    assert "https://t.me/tenggat_sandbox_bot?start=" in (home / "links.csv").read_text()


def test_people_are_linked_to_slack(invite, started, platforms, home):
    (home / "mail.csv").write_text("ref,email\n../u 4,sari@example.com\nu-9,nobody@example.com\n")

    done = started("recipients", "link-slack", "mail.csv", "--json")

    assert done.code == 1
    assert done.json.keys() == {"read", "linked", "unchanged", "rejected", "rejects_file", "seconds"}
    assert (done.json["read"], done.json["linked"], done.json["rejected"]) == (2, 1, 1)
    assert "1 of 2 rows" in done.err
    assert "@" not in (home / "mail.rejects.csv").read_text() + done.err + done.out
    shown = started("recipients", "show", "../u 4", "--json").json
    assert [place["external"] for place in shown["addresses"]] == ["U77"]


def test_linking_to_slack_needs_its_token(started, home):
    (home / "mail.csv").write_text("ref,email\n")

    done = started("recipients", "link-slack", "mail.csv")

    assert done.code == 3
    assert "BOT_SLACK_BOT_TOKEN" in done.err
