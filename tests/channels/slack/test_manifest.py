"""The app that the manifest describes is the app that the code is."""

from pathlib import Path

import pytest

from bot.channels.slack.arrival import COMMANDS, EVENTS, ON_MESSAGES, SHORTCUTS
from bot.channels.slack.checkup import NEEDED

MANIFEST = Path(__file__).parents[3] / "slack" / "manifest.yaml"
SCOPE_OF = {
    "message.im": "im:history",
    "user_change": "users:read",
    "app_home_opened": None,
    "app_uninstalled": None,
    "tokens_revoked": None,
}


@pytest.fixture
def lines() -> list[str]:
    return [line.split(" #")[0].rstrip() for line in MANIFEST.read_text(encoding="utf-8").splitlines()]


def listed(lines: list[str], key: str) -> set[str]:
    """The plain items of the list under `key`."""
    start = next(number for number, line in enumerate(lines) if line.strip() == f"{key}:")
    depth = len(lines[start]) - len(lines[start].lstrip())
    items = set()
    for line in lines[start + 1 :]:
        if len(line) - len(line.lstrip()) <= depth:
            break
        items.add(line.strip().removeprefix("- "))
    return items


def test_the_app_listens_to_what_it_subscribes_to(lines):
    assert {event.removesuffix(".im") for event in listed(lines, "bot_events")} == EVENTS


def test_the_app_has_the_commands_that_it_answers(lines):
    named = {line.split("command: ")[1] for line in lines if "- command: " in line}

    assert named == COMMANDS


def test_the_app_has_the_shortcuts_that_it_answers(lines):
    named = {line.split("callback_id: ")[1] for line in lines if "callback_id: " in line}

    assert named == SHORTCUTS | ON_MESSAGES


def test_the_app_asks_for_no_more_than_it_needs(lines):
    """To write and be written to, to hand a file over, for its commands, for what its events need, and to
    find people by an e-mail address that the operator has."""
    needed = {"chat:write", "im:write", "files:write", "commands", *filter(None, SCOPE_OF.values())}
    needed.add("users:read.email")

    assert listed(lines, "bot") == needed
    assert listed(lines, "bot_events") == SCOPE_OF.keys()


@pytest.mark.parametrize(
    "line",
    [
        "messages_tab_enabled: true",
        "messages_tab_read_only_enabled: false",
        "home_tab_enabled: true",
        "is_enabled: true",
        "socket_mode_enabled: true",
    ],
)
def test_people_can_write_to_the_app_and_press_its_buttons(lines, line):
    """The Messages tab is off by default; then nobody can."""
    assert line in [other.strip() for other in lines]


def test_the_doctor_asks_for_the_scopes_of_the_manifest(lines):
    assert listed(lines, "bot") == NEEDED
