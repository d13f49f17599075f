"""What a bot says about itself: commands, names, descriptions, menu buttons."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.sandbox.telegram.replies import bad_request

MAX_COMMANDS = 100
MAX_COMMAND = 32
MAX_DESCRIPTION = 256
COMMAND = re.compile(r"[a-z0-9_]+")
LANGUAGE = re.compile(r"([a-z]{2})?")
SCOPES = frozenset(
    {
        "default",
        "all_private_chats",
        "all_group_chats",
        "all_chat_administrators",
        "chat",
        "chat_administrators",
        "chat_member",
    }
)

# Method's noun → the argument that it takes, and how long that may be.
TEXTS: Mapping[str, tuple[str, int]] = {
    "Name": ("name", 64),
    "Description": ("description", 512),
    "ShortDescription": ("short_description", 120),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list of commands holds: a scope, as canonical JSON, and a language (or none)."""

    scope: str
    language: str


@dataclass(frozen=True, slots=True)
class CommandLine:
    """One entry of a command menu."""

    command: str
    description: str


@dataclass(slots=True)
class Profile:
    """Everything is kept as it was set, per language; nothing falls back, as the get methods do not."""

    commands: dict[Place, tuple[CommandLine, ...]] = field(default_factory=dict)
    texts: dict[tuple[str, str], str] = field(default_factory=dict)  # (noun, language) → text
    menus: dict[str, object] = field(default_factory=dict)  # chat id or "" → button

    def first_name(self, default: str) -> str:
        return self.texts.get(("Name", ""), default)


def read_place(scope: object, language: str) -> Place:
    """The place that two arguments name; raise the refusal for one that cannot be."""
    wanted = {"type": "default"} if scope is None else scope
    if not isinstance(wanted, Mapping) or wanted.get("type") not in SCOPES:
        raise bad_request("can't parse BotCommandScope: unsupported type specified")
    return Place(json.dumps(dict(wanted), sort_keys=True), read_language(language))


def read_language(language: str) -> str:
    if not LANGUAGE.fullmatch(language):
        raise bad_request("invalid language code specified")
    return language


def read_commands(commands: object) -> tuple[CommandLine, ...]:
    """The list of commands; raise the refusal that its first bad entry earns."""
    if not isinstance(commands, list):
        raise bad_request("can't parse commands: an Array is expected")
    if len(commands) > MAX_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    return tuple(_command(entry) for entry in commands)


def _command(entry: object) -> CommandLine:
    if not isinstance(entry, Mapping):
        raise bad_request("can't parse BotCommand: an Object is expected")
    command = str(entry.get("command", "")).strip().removeprefix("/")
    description = str(entry.get("description", "")).strip()
    checks = (
        (not command, "command must be non-empty"),
        (len(command) > MAX_COMMAND, f"command length must not exceed {MAX_COMMAND}"),
        (not description, "command description must be non-empty"),
        (
            len(description) > MAX_DESCRIPTION,
            f"command description length must not exceed {MAX_DESCRIPTION}",
        ),
        (not COMMAND.fullmatch(command), "BOT_COMMAND_INVALID"),
    )
    for is_wrong, problem in checks:
        if is_wrong:
            raise bad_request(problem)
    return CommandLine(command, description)
