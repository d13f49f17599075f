"""`tenggat identity`: bots and workspaces are added, told and removed, and their tokens never shown."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from bot.clock import SystemClock
from bot.sandbox.oracle import Oracle
from bot.sandbox.server import Sandbox

KEY, OTHER_KEY = "k" * 40, "another key of 32 characters or more"
TOKEN, OTHER = "2222222222:AAcanary-never_to_be_seen", "2222222222:AAcanary-of_another_day"
SLACK_TOKEN, APP_TOKEN = "xoxb-canary-of-the-identities", "xapp-canary-of-the-identities"


@pytest.fixture
def platforms(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Both fakes, in a thread of their own: commands run a loop themselves."""
    loop, clock = asyncio.new_event_loop(), SystemClock()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    fakes = Sandbox(clock, Oracle(clock))
    asyncio.run_coroutine_threadsafe(fakes.start(), loop).result(10)
    monkeypatch.setenv("BOT_TELEGRAM_API", fakes.telegram_url)
    monkeypatch.setenv("BOT_SLACK_API", fakes.slack_url)
    yield fakes
    asyncio.run_coroutine_threadsafe(fakes.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def ours(ready, platforms, monkeypatch):
    """A migrated database, a key, and both platforms within reach."""
    monkeypatch.setenv("BOT_SECRET_KEY", KEY)
    return ready


def test_a_bot_is_added_by_stdin_and_its_token_is_nowhere(ours, home):
    """Not on stdout, not on stderr, and not in the database's files."""
    added = ours("identity", "add", "telegram", "--json", stdin=f"{TOKEN}\n")
    listed = ours("identity", "list", "--json")

    expected = {
        "identity": "telegram:…2222",
        "platform": "telegram",
        "workspace": None,
        "label": "tenggat_sandbox_bot",
        "addresses": 0,
        "decrypts": True,
        "source": "added",
    }
    assert (added.code, added.json) == (0, expected)
    assert listed.json == [expected]
    secret = TOKEN.partition(":")[2]
    assert not any(secret in done.out + done.err for done in (added, listed))
    assert not any(secret.encode() in file.read_bytes() for file in home.rglob("*.db*"))


def test_a_workspace_is_added_by_variables(ours, monkeypatch):
    """The names stand on the command line, the tokens do not."""
    monkeypatch.setenv("SECOND_TOKEN", SLACK_TOKEN)
    monkeypatch.setenv("SECOND_APP", APP_TOKEN)
    variables = ("--token-env", "SECOND_TOKEN", "--app-token-env", "SECOND_APP")

    added = ours("identity", "add", "slack", *variables)
    listed = ours("identity", "list", "slack", "--json").json

    assert added.code == 0
    assert [(one["identity"], one["workspace"], one["decrypts"]) for one in listed] == [
        ("slack:T1", "T1", True)
    ]
    assert ours("identity", "list", "telegram", "--json").json == []
    assert "canary" not in added.out + added.err


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "said"),
    [
        (("add", "pigeon"), TOKEN, 2, "PLATFORM cannot be `pigeon`"),
        (("add", "telegram"), "", 2, "Expected a token on stdin"),
        (
            ("add", "telegram"),
            "canary without a colon",
            2,
            "That is no token: expected a token as @BotFather",
        ),
        (("add", "slack"), TOKEN, 2, "which begins with xoxb-"),
        (("add", "slack", "--token-env", "NOBODY_SET"), "", 2, "which is empty or not set"),
        (("remove", "telegram", "777"), "", 2, "There is no identity `telegram:777`"),
        (("list", "pigeon"), "", 2, "PLATFORM cannot be `pigeon`"),
    ],
)
def test_wrong_input_is_told_in_a_sentence(ours, arguments, stdin, code, said):
    """What was given is not repeated: it may be a token with a letter too many."""
    done = ours("identity", *arguments, stdin=stdin)

    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert len(done.err.splitlines()) == 1
    assert "canary" not in done.err


def test_a_token_that_the_platform_refuses_is_not_kept(ours, platforms):
    platforms.telegram.revoke_token()

    done = ours("identity", "add", "telegram", stdin=TOKEN)

    assert (done.code, "Telegram does not accept us" in done.err) == (3, True)
    assert "canary" not in done.err
    assert ours("identity", "list", "--json").json == []


def test_without_a_key_nothing_is_encrypted(ready, platforms):
    done = ready("identity", "add", "telegram", stdin=TOKEN)

    assert (done.code, "BOT_SECRET_KEY" in done.err) == (3, True)


def test_a_known_identity_gets_another_token_only_when_that_is_meant(ours):
    assert ours("identity", "add", "telegram", stdin=TOKEN).code == 0

    refused = ours("identity", "add", "telegram", stdin=OTHER)
    replaced = ours("identity", "add", "telegram", "--replace", stdin=OTHER)

    assert (refused.code, "--replace" in refused.err) == (2, True)
    assert replaced.code == 0
    assert len(ours("identity", "list", "--json").json) == 1


def test_the_environments_own_is_listed_first_and_changed_there(ours, monkeypatch):
    monkeypatch.setenv("BOT_TELEGRAM_TOKEN", TOKEN)

    added = ours("identity", "add", "telegram", stdin=OTHER)
    removed = ours("identity", "remove", "telegram", "2222222222")

    assert (added.code, removed.code) == (2, 2)
    assert all("BOT_TELEGRAM_TOKEN" in done.err for done in (added, removed))
    [listed] = ours("identity", "list", "--json").json
    assert (listed["identity"], listed["source"]) == ("telegram:…2222", "BOT_TELEGRAM_TOKEN")


def test_an_identity_with_people_goes_only_when_it_is_said_what_becomes_of_them(ours, home):
    people = "ref,plan,telegram_chat_id,telegram_bot\nu-1,pro,1001,2222222222\nu-2,pro,1002,\n"
    (home / "bots.csv").write_text(people)
    assert ours("identity", "add", "telegram", stdin="1111111111:AAcanary-of_the_first_bot").code == 0
    assert ours("identity", "add", "telegram", stdin=TOKEN).code == 0
    assert ours("recipients", "import", "bots.csv").code == 0

    refused = ours("identity", "remove", "telegram", "2222")
    to_itself = ours("identity", "remove", "telegram", "2222", "--move-to", "2222")
    nowhere = ours("identity", "remove", "telegram", "2222", "--move-to", "3333")
    counts = {one["identity"]: one["addresses"] for one in ours("identity", "list", "--json").json}
    moved = ours("identity", "remove", "telegram", "2222", "--move-to", "1111111111", "--json")
    unlinked = ours("identity", "remove", "telegram", "…1111", "--unlink", "--json")

    assert [done.code for done in (refused, to_itself, nowhere)] == [2, 2, 2]
    assert "1 addresses belong to telegram:…2222" in refused.err
    assert counts == {"telegram:…1111": 1, "telegram:…2222": 1}
    assert moved.json == {"identity": "telegram:…2222", "moved": 1, "unlinked": 0}
    assert unlinked.json == {"identity": "telegram:…1111", "moved": 0, "unlinked": 2}
    assert ours("identity", "list", "--json").json == []


def test_another_key_decrypts_nothing_and_the_doctor_says_so(ours, monkeypatch):
    assert ours("identity", "add", "telegram", stdin=TOKEN).code == 0
    before = ours("doctor", "--online", "--json").json["checks"]

    monkeypatch.setenv("BOT_SECRET_KEY", OTHER_KEY)
    after = ours("doctor", "--online", "--json").json["checks"]
    [listed] = ours("identity", "list", "--json").json

    name = "the token of telegram:…2222 can be decrypted"
    assert {check["name"]: check["ok"] for check in before}[name]
    assert {check["name"]: check["ok"] for check in before}["telegram:…2222, Telegram: the token is good"]
    assert not {check["name"]: check["ok"] for check in after}[name]
    assert not listed["decrypts"]
