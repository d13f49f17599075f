"""What Slack tells an app about people's acts, in Slack's own shapes."""

from collections import Counter
from datetime import timedelta

from bot.sandbox.slack.hooks import ResponseHook
from bot.sandbox.slack.issued import Issued, Kind
from bot.sandbox.slack.messages import ChannelMessage, Json, elements_in
from bot.sandbox.slack.state import Slack, View
from bot.sandbox.slack.views import view_json
from bot.sandbox.slack.workspace import EPOCH, Conversation, Person, Stamps

VERIFICATION_TOKEN = "sandbox"  # retired in favour of signatures, but Slack still sends one
SETUP = ""  # the chat of what concerns no chat


class Payloads:
    """Makes updates. Ids are counted per person, so that one person's acts never change another's ids."""

    def __init__(self, slack: Slack) -> None:
        self._slack = slack
        self._acts: Counter[str] = Counter()
        self._stamps: dict[str, Stamps] = {}

    def event(
        self, event: Json, user: str, chat: str = SETUP, *, message: str | None = None, text: str = ""
    ) -> Issued:
        """An event as the Events API wraps it."""
        app, key = self._slack.workspace.app, self._next_key(user)
        payload: Json = {
            "token": VERIFICATION_TOKEN,
            "team_id": app.team,
            "api_app_id": app.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": f"Ev{key}",
            "event_time": self._slack.workspace.seconds(),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": app.team,
                    "user_id": app.bot_user,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
            "event_context": f"4-{key}",
        }
        return self._issued(
            Kind.EVENT, str(event["type"]), key, user, chat, payload, message=message, text=text
        )

    def message_event(
        self, message: ChannelMessage, conversation: Conversation, *, changes: Json | None = None
    ) -> Issued:
        """Something was said; with `changes`, something said was changed (a `subtype`)."""
        event: Json = {
            "type": "message",
            "channel": conversation.id,
            "channel_type": "im" if conversation.is_direct else "channel",
            "event_ts": message.ts,
        }
        if changes is None:
            said = self._slack.workspace.message_json(message)
            changes = said | {"client_msg_id": f"{conversation.id}-{message.ts}"}
        return self.event(
            event | changes,
            message.user,
            conversation.user or conversation.id,
            message=message.ts,
            text=message.text,
        )

    def tap(
        self, person: Person, conversation: Conversation, ts: str, *, action_id: str, value: str
    ) -> Issued:
        """A button was pressed. The message may be gone, or the button one that it never had."""
        key, stamp = self._next_key(person.id), self._stamp(person.id)
        message = conversation.messages.get(ts)
        ephemeral = conversation.ephemerals.get(ts)
        stands_in = message or ephemeral
        action: Json = {"type": "button", "action_id": action_id, "value": value, "action_ts": stamp}
        action |= _place(stands_in, action_id)
        payload = self._interaction("block_actions", person, key) | {
            "container": {
                "type": "message",
                "message_ts": ts,
                "channel_id": conversation.id,
                "is_ephemeral": ephemeral is not None,
            },
            "channel": {"id": conversation.id, "name": conversation.name},
            "state": {"values": {}},
            "response_url": self._lend_response("actions", key, conversation, person, ts),
            "actions": [action],
        }
        if message is not None:
            payload["message"] = self._slack.workspace.message_json(message)
        return self._issued(
            Kind.INTERACTION,
            "block_actions",
            key,
            person.id,
            conversation.user or conversation.id,
            payload,
            tokens=(value,),
            message=ts,
        )

    def tap_home(self, person: Person, *, action_id: str, value: str) -> Issued:
        """A button on the Home was pressed: there is no message, no channel and no response URL."""
        key, stamp = self._next_key(person.id), self._stamp(person.id)
        view = self._slack.home_of(person.id)
        payload = self._interaction("block_actions", person, key) | {
            "container": {"type": "view", "view_id": view.id if view else ""},
            "view": view_json(self._slack, view) if view else {},
            "actions": [{"type": "button", "action_id": action_id, "value": value, "action_ts": stamp}],
        }
        return self._issued(
            Kind.INTERACTION, "block_actions", key, person.id, person.id, payload, tokens=(value,)
        )

    def shortcut(self, person: Person, callback_id: str) -> Issued:
        """A global shortcut was taken."""
        key, stamp = self._next_key(person.id), self._stamp(person.id)
        payload = self._interaction("shortcut", person, key)
        payload |= {"callback_id": callback_id, "action_ts": stamp}
        return self._issued(Kind.INTERACTION, "shortcut", key, person.id, person.id, payload)

    def shortcut_on(self, person: Person, conversation: Conversation, ts: str, callback_id: str) -> Issued:
        """A shortcut was taken from the menu of a message."""
        key, stamp = self._next_key(person.id), self._stamp(person.id)
        message = conversation.messages[ts]
        payload = self._interaction("message_action", person, key) | {
            "callback_id": callback_id,
            "action_ts": stamp,
            "channel": {"id": conversation.id, "name": conversation.name},
            "message_ts": ts,
            "message": self._slack.workspace.message_json(message),
            "response_url": self._lend_response("app-actions", key, conversation, person, ts),
        }
        chat = conversation.user or conversation.id
        return self._issued(Kind.INTERACTION, "message_action", key, person.id, chat, payload, message=ts)

    def command(self, person: Person, conversation: Conversation, command: str, text: str) -> Issued:
        """A slash command; its fields are flat, as in a form."""
        app, key = self._slack.workspace.app, self._next_key(person.id)
        payload: Json = {
            "token": VERIFICATION_TOKEN,
            "team_id": app.team,
            "team_domain": app.domain,
            "channel_id": conversation.id,
            "channel_name": conversation.name,
            "user_id": person.id,
            "user_name": person.handle,
            "command": command,
            "text": text,
            "api_app_id": app.app_id,
            "is_enterprise_install": "false",
            "response_url": self._lend_response("commands", key, conversation, person),
            "trigger_id": self._lend_trigger(key, person.id),
        }
        chat = conversation.user or conversation.id
        return self._issued(Kind.COMMAND, command, key, person.id, chat, payload, text=text)

    def view(self, name: str, person: Person, view: View, **fields: object) -> Issued:
        """A modal was submitted or closed: `view_submission`, `view_closed`."""
        key = self._next_key(person.id)
        payload = self._interaction(name, person, key) | {
            "view": view_json(self._slack, view) | fields,
            "response_urls": [],
        }
        return self._issued(Kind.INTERACTION, name, key, person.id, person.id, payload)

    def _interaction(self, name: str, person: Person, key: str) -> Json:
        app = self._slack.workspace.app
        return {
            "type": name,
            "user": {
                "id": person.id,
                "username": person.handle,
                "name": person.handle,
                "team_id": app.team,
            },
            "api_app_id": app.app_id,
            "token": VERIFICATION_TOKEN,
            "trigger_id": self._lend_trigger(key, person.id),
            "team": {"id": app.team, "domain": app.domain},
            "enterprise": None,
            "is_enterprise_install": False,
        }

    def _issued(
        self,
        kind: Kind,
        name: str,
        key: str,
        user: str,
        chat: str,
        payload: Json,
        *,
        tokens: tuple[str, ...] = (),
        message: str | None = None,
        text: str = "",
    ) -> Issued:
        return Issued(kind, name, key, user, chat, payload, self._slack.now, tokens, message, text)

    def _next_key(self, user: str) -> str:
        self._acts[user] += 1
        return f"{user}{self._acts[user]:06d}"

    def _stamp(self, user: str) -> str:
        return self._stamps.setdefault(user, Stamps()).next(self._slack.now)

    def _lend_trigger(self, key: str, user: str) -> str:
        millis = (self._slack.now - EPOCH) // timedelta(milliseconds=1)
        trigger_id = f"{millis}.{self._slack.workspace.app.team}.{key}"
        self._slack.hooks.lend_trigger(trigger_id, user, self._slack.now)
        return trigger_id

    def _lend_response(
        self, kind: str, key: str, conversation: Conversation, person: Person, ts: str | None = None
    ) -> str:
        hook = ResponseHook(conversation.id, person.id, self._slack.now, ts)
        self._slack.hooks.lend_response(key, hook)
        return f"{self._slack.base_url}/slack/{kind}/{self._slack.workspace.app.team}/{key}"


def _place(message: ChannelMessage | None, action_id: str) -> Json:
    """Where in the message the element stands, and its label."""
    for block, element in elements_in(message.blocks if message else ()):
        if element.get("action_id") == action_id:
            return {"block_id": block["block_id"], "text": element.get("text")}
    return {"block_id": "gone"}
