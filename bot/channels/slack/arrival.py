"""What Slack hands over, as an update to keep: what of it, under which key, in which order."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from bot.channels.slack.web import identity_of
from bot.domain.update import Update

Payload = Mapping[str, object]


class Kind(StrEnum):
    """The kinds of envelope, as Socket Mode names them."""

    EVENT = "events_api"
    TAP = "interactive"
    COMMAND = "slash_commands"


# what the app subscribes to; the manifest says the same
EVENTS = frozenset({"message", "app_home_opened", "app_uninstalled", "tokens_revoked", "user_change"})
COMMANDS = frozenset({"/policy", "/campaign", "/lookup"})
SHORTCUTS = frozenset({"choice"})  # each is called as the command that it stands for
ON_MESSAGES = frozenset({"lookup"})  # the same, of shortcuts on a message; it is about the author

FROM_PERSONS = frozenset({"", "file_share", "me_message", "thread_broadcast"})  # subtypes of messages
STAMP = re.compile(r"([0-9]{1,12})\.([0-9]{1,6})")

# of each payload only what `read` needs: no tokens, no profiles, no copy of our own message
KEPT = {
    Kind.EVENT: ("type", "team_id", "api_app_id", "event_id", "event_time", "event"),
    Kind.TAP: (
        "type",
        "team",
        "user",
        "channel",
        "container",
        "actions",
        "response_url",
        "callback_id",
        "action_ts",
    ),
    Kind.COMMAND: (
        "command",
        "text",
        "team_id",
        "user_id",
        "user_name",
        "channel_id",
        "channel_name",
        "response_url",
    ),
}
KEPT_OF_EVENT = (
    "type",
    "subtype",
    "channel",
    "channel_type",
    "user",
    "bot_id",
    "text",
    "ts",
    "event_ts",
    "tab",
)


def update_from(team: str, kind: str, payload: Payload, received_at: datetime) -> Update | None:
    """The update to keep, or None when the payload says nothing to us. Never raises.

    `team` is the workspace that the app's tokens are for.
    """
    if not _is_ours(kind, payload):
        return None
    kept = _kept(Kind(kind), payload)
    body = json.dumps({"type": kind, "payload": kept})  # ASCII: whatever came in, it can be stored
    user = user_in(payload)
    stamp = _stamp(payload)
    return Update(
        identity=identity_of(team),
        dedupe=_dedupe(Kind(kind), payload, team=team, stamp=stamp) or f"body:{_digest(body)}",
        order=_microseconds(stamp),
        sender=f"slack:{team_in(payload, team)}:{user}" if user else "",
        body=body,
        received_at=received_at,
        tap=text_at(payload, "response_url") or None,
        trigger=text_at(payload, "trigger_id") or None if kind == Kind.COMMAND else None,
    )


def team_in(payload: Payload, default: str) -> str:
    """The workspace in which it happened."""
    return text_at(payload, "team_id") or text_at(payload, "team", "id") or default


def user_in(payload: Payload) -> str:
    """Who did it; "" if nobody."""
    paths = (("user_id",), ("user", "id"), ("event", "user"), ("event", "user", "id"))
    return next((user for path in paths if (user := text_at(payload, *path))), "")


def is_from_person(event: object) -> bool:
    """Whether a message event is a person's words to the bot, in a thread or not."""
    channel_type = text_at(event, "channel_type")
    return (
        text_at(event, "subtype") in FROM_PERSONS
        and not text_at(event, "bot_id")
        and bool(text_at(event, "user"))
        and (channel_type == "im" or (not channel_type and text_at(event, "channel").startswith("D")))
    )


def at(value: object, *path: str | int) -> object:
    """What stands at this place of a JSON value; None if there is no such place."""
    for step in path:
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def text_at(value: object, *path: str | int) -> str:
    """The text at this place of a JSON value; "" if there is none."""
    found = at(value, *path)
    return found if isinstance(found, str) else ""


def _is_ours(kind: str, payload: Payload) -> bool:
    match kind:
        case Kind.EVENT:
            return text_at(payload, "type") == "event_callback" and _tells(at(payload, "event"))
        case Kind.TAP:
            return _is_tap(payload)
        case Kind.COMMAND:
            return text_at(payload, "command") in COMMANDS
        case _:
            return False


def _is_tap(payload: Payload) -> bool:
    match text_at(payload, "type"):
        case "block_actions":  # links are buttons without a value: Slack tells of them, too
            return bool(text_at(payload, "actions", 0, "value"))
        case "shortcut":
            return text_at(payload, "callback_id") in SHORTCUTS
        case "message_action":
            return text_at(payload, "callback_id") in ON_MESSAGES
        case _:
            return False


def _tells(event: object) -> bool:
    match text_at(event, "type"):
        case "message":
            return is_from_person(event)
        case "user_change":  # of every change of every profile, one matters
            return at(event, "user", "deleted") is True
        case other:
            return other in EVENTS


def _kept(kind: Kind, payload: Payload) -> dict[str, object]:
    kept = _only(payload, KEPT[kind])
    if text_at(payload, "type") == "message_action":  # whose message it is; not what they wrote
        kept["message"] = _only(at(payload, "message"), ("user", "bot_id"))
    if kind is Kind.EVENT:
        kept["event"] = event = _only(at(payload, "event"), KEPT_OF_EVENT)
        if isinstance(event.get("user"), Mapping):
            event["user"] = _only(event["user"], ("id", "deleted"))
    return kept


def _only(value: object, names: tuple[str, ...]) -> dict[str, object]:
    return {name: value[name] for name in names if name in value} if isinstance(value, Mapping) else {}


def _dedupe(kind: Kind, payload: Payload, *, team: str, stamp: str) -> str | None:
    """The same for every copy of the payload; None if Slack gave nothing to tell copies by."""
    match kind:
        case Kind.EVENT:
            key = text_at(payload, "event_id")
        case Kind.TAP:
            key = f"{team_in(payload, team)}:{user_in(payload)}:{stamp}" if stamp else ""
        case Kind.COMMAND:
            key = text_at(payload, "trigger_id")
    return f"{kind}:{key}" if key else None


def _stamp(payload: Payload) -> str:
    """When it happened by Slack's own clock, as Slack writes it; commands have no such stamp."""
    paths = (("actions", 0, "action_ts"), ("action_ts",), ("event", "event_ts"), ("event", "ts"))
    return next((stamp for path in paths if (stamp := text_at(payload, *path))), "")


def _microseconds(stamp: str) -> int | None:
    parts = STAMP.fullmatch(stamp)
    if parts is None:
        return None
    return int(parts[1]) * 1_000_000 + int(parts[2].ljust(6, "0"))


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()
