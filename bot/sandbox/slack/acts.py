"""What people do in the fake workspace. Each act makes an update for the app and hands it on at once."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from html import escape

from bot.sandbox.slack.filling import filled
from bot.sandbox.slack.issued import Issued
from bot.sandbox.slack.messages import ChannelMessage, Json
from bot.sandbox.slack.payloads import Payloads
from bot.sandbox.slack.state import Slack
from bot.sandbox.slack.views import view_json
from bot.sandbox.slack.workspace import Conversation, Person


class Acts(ABC):
    """The people's side. An act returns what was issued, with how far it has come.

    Only events are sent again when the app does not take them; after a tap or a command that failed the
    person sees an error (`Issued.failure`) and may try again.
    """

    def __init__(self, slack: Slack) -> None:
        self.slack = slack
        self._payloads = Payloads(slack)

    @abstractmethod
    def issue(self, issued: Issued) -> Issued:
        """The update is on its way to the app."""

    def say(
        self, user_id: str, text: str, channel: str | None = None, *, thread_ts: str | None = None
    ) -> Issued:
        """The person wrote to the app, or in a channel, or in a thread."""
        person = self.slack.workspace.member(user_id)
        conversation = self._place(person, channel)
        message = ChannelMessage(
            ts=conversation.stamps.next(self.slack.now),
            user=person.id,
            text=escape(text, quote=False),
            thread_ts=thread_ts,
        )
        conversation.put(message)
        return self.issue(self._payloads.message_event(message, conversation))

    def share(self, user_id: str, name: str) -> Issued:
        """The person sent the app a file, without a word."""
        person = self.slack.workspace.member(user_id)
        conversation = self._place(person, None)
        message = ChannelMessage(ts=conversation.stamps.next(self.slack.now), user=person.id, text="")
        conversation.put(message)
        file: Json = {
            "id": f"F{message.ts.replace('.', '')}",
            "name": name,
            "mimetype": "application/octet-stream",
        }
        changes = self.slack.workspace.message_json(message) | {"subtype": "file_share", "files": [file]}
        return self.issue(self._payloads.message_event(message, conversation, changes=changes))

    def edit_message(self, user_id: str, channel: str, ts: str, text: str) -> Issued:
        """The person changed words of their own."""
        conversation = self._place(self.slack.workspace.member(user_id), channel)
        old = conversation.messages[ts]
        stamp = conversation.stamps.next(self.slack.now)
        message = replace(old, text=escape(text, quote=False), edited_ts=stamp)
        conversation.put(message)
        changes: Json = {
            "subtype": "message_changed",
            "ts": stamp,
            "event_ts": stamp,
            "message": self.slack.workspace.message_json(message),
            "previous_message": self.slack.workspace.message_json(old),
        }
        return self.issue(self._payloads.message_event(message, conversation, changes=changes))

    def delete_message(self, user_id: str, channel: str, ts: str) -> Issued:
        """The person took words of their own back."""
        conversation = self._place(self.slack.workspace.member(user_id), channel)
        message, stamp = conversation.messages.pop(ts), conversation.stamps.next(self.slack.now)
        changes: Json = {
            "subtype": "message_deleted",
            "ts": stamp,
            "event_ts": stamp,
            "deleted_ts": ts,
            "previous_message": self.slack.workspace.message_json(message),
        }
        return self.issue(self._payloads.message_event(message, conversation, changes=changes))

    def tap(self, user_id: str, channel: str, ts: str, action_id: str, value: str) -> Issued:
        """The person pressed a button; the one named need not stand under that message."""
        person = self.slack.workspace.member(user_id)
        conversation = self._place(person, channel)
        return self.issue(self._payloads.tap(person, conversation, ts, action_id=action_id, value=value))

    def tap_home(self, user_id: str, action_id: str, value: str) -> Issued:
        """The person pressed a button on the app's Home."""
        return self.issue(
            self._payloads.tap_home(self.slack.workspace.member(user_id), action_id=action_id, value=value)
        )

    def shortcut(self, user_id: str, callback_id: str) -> Issued:
        """The person took a shortcut of the app from Slack's own menu."""
        return self.issue(self._payloads.shortcut(self.slack.workspace.member(user_id), callback_id))

    def shortcut_on(self, user_id: str, callback_id: str, *, channel: str, ts: str) -> Issued:
        """The person took a shortcut of the app from the menu of a message that they see."""
        person = self.slack.workspace.member(user_id)
        return self.issue(self._payloads.shortcut_on(person, self._place(person, channel), ts, callback_id))

    def command(self, user_id: str, command: str, text: str = "", channel: str | None = None) -> Issued:
        """The person gave a slash command."""
        person = self.slack.workspace.member(user_id)
        return self.issue(self._payloads.command(person, self._place(person, channel), command, text))

    def open_home(self, user_id: str, *, tab: str = "home") -> Issued:
        """The person opened the app's Home or its Messages tab."""
        conversation = self.slack.workspace.direct(self.slack.workspace.member(user_id).id)
        event: Json = {
            "type": "app_home_opened",
            "user": user_id,
            "channel": conversation.id,
            "event_ts": conversation.stamps.next(self.slack.now),
            "tab": tab,
        }
        if tab == "home" and (view := self.slack.home_of(user_id)):
            event["view"] = view_json(self.slack, view)
        return self.issue(self._payloads.event(event, user_id, user_id))

    def submit(self, user_id: str, view_id: str, values: Mapping[str, object]) -> Issued:
        """The person sent a modal off; `values` are its inputs by block and action, as Slack gives them."""
        person, view = self.slack.workspace.member(user_id), self.slack.views[view_id]
        return self.issue(
            self._payloads.view("view_submission", person, view, state={"values": dict(values)})
        )

    def fill_in(self, user_id: str, said: Mapping[str, object]) -> Issued:
        """The person filled the modal before them in and sent it off; `said` is by input what they typed or
        picked there, and the rest they left as it was."""
        view = self.slack.modal_of(user_id)
        if view is None:
            raise ValueError(f"{user_id} has no modal open")
        return self.submit(user_id, view.id, filled(view, said))

    def close_view(self, user_id: str, view_id: str) -> Issued:
        """The person closed a modal."""
        person, view = self.slack.workspace.member(user_id), self.slack.views.pop(view_id)
        return self.issue(self._payloads.view("view_closed", person, view))

    def join(self, person: Person) -> Issued:
        """A new person is in the workspace."""
        self.slack.workspace.add([person])
        return self._about(person, "team_join")

    def deactivate(self, user_id: str) -> Issued:
        """The person cannot be reached any more."""
        return self._about(self.slack.workspace.set_deleted(user_id, True), "user_change")

    def reactivate(self, user_id: str) -> Issued:
        return self._about(self.slack.workspace.set_deleted(user_id, False), "user_change")

    def uninstall(self) -> tuple[Issued, Issued]:
        """The app is no longer installed: its token is dead, and it is told so twice."""
        self.slack.dead = "account_inactive"
        bot = self.slack.workspace.app.bot_user
        tokens: Json = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [bot]}}
        return (
            self.issue(self._payloads.event({"type": "app_uninstalled"}, bot)),
            self.issue(self._payloads.event(tokens, bot)),
        )

    def reinstall(self) -> None:
        """The app's token works again."""
        self.slack.dead = None

    def _about(self, person: Person, name: str) -> Issued:
        event: Json = {
            "type": name,
            "user": self.slack.workspace.person_json(person),
            "cache_ts": self.slack.workspace.seconds(),
        }
        return self.issue(self._payloads.event(event, person.id, person.id))

    def _place(self, person: Person, channel: str | None) -> Conversation:
        """The conversation named, or the person's direct message with the app."""
        conversation = self.slack.workspace.conversation(channel) if channel else None
        return conversation or self.slack.workspace.direct(person.id)
