"""What a kept update says: one Bolt app holds a listener for everything the app subscribes to."""

import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.base import (
    Command,
    Event,
    FormDesk,
    HomeOpened,
    ReachChange,
    ReachChanged,
    Said,
    Sender,
    Tap,
)
from bot.channels.slack.arrival import (
    ON_MESSAGES,
    SHORTCUTS,
    Payload,
    at,
    is_from_person,
    team_in,
    text_at,
    user_in,
)
from bot.channels.slack.forms import submission_in, view_of
from bot.domain.form import Faults
from bot.domain.recipient import Address, ChannelName

ANY = re.compile("")
MARKED = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")  # how Slack writes links and mentions in a text
LIBRARY_LOG = logging.getLogger("slack_bolt")
COLLECTED = "collected"

logger = logging.getLogger(__name__)

Listener = Callable[..., Awaitable[None]]


@dataclass(slots=True)
class Collected:
    """What the listeners found in one update of this workspace."""

    team: str
    events: list[Event] = field(default_factory=list)
    failure: Exception | None = None
    desk: FormDesk | None = None
    received_at: datetime | None = None


class Reader:
    """Reads updates of one workspace. Nothing is sent: not even to check the token."""

    def __init__(self, team: str, *, bot_token: str, api: str) -> None:
        self._team = team
        client = AsyncWebClient(base_url=api, logger=LIBRARY_LOG, retry_handlers=[])
        self._app = _app(team, bot_token=bot_token, client=client)

    async def read(self, payload: Payload) -> Sequence[Event]:
        """The events in it, none if no listener is meant; what a listener raises is raised here."""
        collected = Collected(self._team)
        await self._dispatched(payload, collected)
        return collected.events

    async def answer(self, payload: Payload, desk: FormDesk, *, received_at: datetime) -> Payload:
        """What the acknowledgement of a form's page says, once the desk has taken it."""
        collected = Collected(self._team, desk=desk, received_at=received_at)
        response = await self._dispatched(payload, collected)
        answer = json.loads(response.body)
        if not isinstance(answer, Mapping):
            raise TypeError("the answer to a form is no object")
        return answer

    async def _dispatched(self, payload: Payload, collected: Collected) -> BoltResponse:
        request = AsyncBoltRequest(mode="socket_mode", body=dict(payload), context={COLLECTED: collected})
        response = await self._app.async_dispatch(request)
        if collected.failure is not None:
            raise collected.failure
        return response


def plain(text: str) -> str:
    """The words of a text as a person typed them, without Slack's escapes and marks."""
    unmarked = MARKED.sub(lambda mark: mark[2] or mark[1], text)
    unescaped = unmarked.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return unescaped.replace("\0", "").encode(errors="replace").decode()


async def _said(event: Payload, body: Payload, context: AsyncBoltContext) -> None:
    if is_from_person(event):
        sender = _sender(context, body, user=text_at(event, "user"), conversation=text_at(event, "channel"))
        _collected(context).events.append(Said(sender, plain(text_at(event, "text"))))


async def _tapped(ack: AsyncAck, body: Payload, context: AsyncBoltContext) -> None:
    await ack()
    channel = text_at(body, "channel", "id") or text_at(body, "container", "channel_id")
    sender = _sender(
        context,
        body,
        user=user_in(body),
        conversation=channel,
        handle=text_at(body, "user", "username") or text_at(body, "user", "name"),
    )
    actions = at(body, "actions")
    for action in actions if isinstance(actions, list) else ():
        if data := text_at(action, "value"):
            message = text_at(body, "container", "message_ts") or None
            at_home = text_at(body, "container", "type") == "view"
            url = text_at(body, "response_url") or None
            _collected(context).events.append(Tap(sender, data, message, at_home, url))


async def _commanded(ack: AsyncAck, body: Payload, context: AsyncBoltContext) -> None:
    """Where it was typed does not matter: only its author sees the answer, so it is never our conversation."""
    await ack()
    sender = _sender(context, body, user=user_in(body), handle=text_at(body, "user_name"))
    name, words = text_at(body, "command").removeprefix("/"), plain(text_at(body, "text")).split()
    if name == "policy":
        name, words = words[0].casefold() if words else "help", words[1:]
    response_url = text_at(body, "response_url") or None
    _collected(context).events.append(Command(sender, name, tuple(words), response_url))


async def _shortcut(ack: AsyncAck, body: Payload, context: AsyncBoltContext) -> None:
    """A shortcut is a command without words, which is answered in the direct message."""
    await ack()
    sender = _sender(context, body, user=user_in(body), handle=text_at(body, "user", "username"))
    _collected(context).events.append(Command(sender, text_at(body, "callback_id")))


async def _shortcut_on_message(ack: AsyncAck, body: Payload, context: AsyncBoltContext) -> None:
    """The command about the message's author, if that is a person; only who took it sees the answer."""
    await ack()
    author = text_at(body, "message", "user")
    if not author or text_at(body, "message", "bot_id"):
        return
    sender = _sender(context, body, user=user_in(body), handle=text_at(body, "user", "username"))
    about = Address(ChannelName.SLACK, author, sender.workspace).key
    url = text_at(body, "response_url") or None
    _collected(context).events.append(Command(sender, text_at(body, "callback_id"), (about,), url))


async def _submitted(ack: AsyncAck, body: Payload, context: AsyncBoltContext) -> None:
    """The desk decides what the acknowledgement says; of a page that was only kept nothing is left to do."""
    collected = _collected(context)
    if collected.desk is None or collected.received_at is None:
        await ack()
        return
    page = submission_in(body, team=collected.team, received_at=collected.received_at)
    answer = await collected.desk.submitted(page)
    if isinstance(answer, Faults):
        await ack(response_action="errors", errors=dict(answer.problems))
    else:
        await ack(response_action="update", view=view_of(answer))


async def _home_opened(event: Payload, body: Payload, context: AsyncBoltContext) -> None:
    """Both tabs of the app tell of themselves so; only one of them shows the person's own page."""
    sender = _sender(context, body, user=text_at(event, "user"), conversation=text_at(event, "channel"))
    _collected(context).events.append(ReachChanged(sender, ReachChange.OPENED))
    if text_at(event, "tab") == "home":
        _collected(context).events.append(HomeOpened(sender))


async def _user_changed(event: Payload, body: Payload, context: AsyncBoltContext) -> None:
    if at(event, "user", "deleted") is True:
        sender = _sender(context, body, user=text_at(event, "user", "id"))
        _collected(context).events.append(ReachChanged(sender, ReachChange.GONE))


async def _removed(event: Payload, context: AsyncBoltContext) -> None:
    """Whose reach it ends is told by the next send, which Slack refuses: the lane then stops."""
    logger.error(
        "workspace withdrew the app",
        extra={"team": _collected(context).team, "event": text_at(event, "type")},
    )


EVENT_LISTENERS: Mapping[str, Listener] = {
    "message": _said,
    "app_home_opened": _home_opened,
    "app_uninstalled": _removed,
    "tokens_revoked": _removed,
    "user_change": _user_changed,
}
COMMAND_LISTENERS: Mapping[str, Listener] = {
    "/policy": _commanded,
    "/campaign": _commanded,
    "/lookup": _commanded,
}


def _app(team: str, *, bot_token: str, client: AsyncWebClient) -> AsyncApp:
    async def authorize() -> AuthorizeResult:  # Bolt's own asks auth.test for each update
        return AuthorizeResult(enterprise_id=None, team_id=team, bot_token=bot_token)

    app = AsyncApp(
        name="tenggat",
        logger=LIBRARY_LOG,
        client=client,
        authorize=authorize,
        process_before_response=True,
        raise_error_for_unhandled_request=True,  # to hear of it in `_failed`, instead of in the log
        request_verification_enabled=False,  # done on the raw bytes, before anything is kept
    )
    for event, listener in EVENT_LISTENERS.items():
        app.event(event)(listener)
    for command, listener in COMMAND_LISTENERS.items():
        app.command(command)(listener)
    for shortcut in sorted(ON_MESSAGES):
        app.message_shortcut(shortcut)(_shortcut_on_message)
    for shortcut in sorted(SHORTCUTS):
        app.global_shortcut(shortcut)(_shortcut)
    app.action(ANY)(_tapped)
    app.view(ANY)(_submitted)
    app.error(_failed)
    return app


async def _failed(error: Exception, context: AsyncBoltContext) -> None:
    if not isinstance(error, BoltUnhandledRequestError):
        _collected(context).failure = error


def _collected(context: AsyncBoltContext) -> Collected:
    collected = context[COLLECTED]
    if not isinstance(collected, Collected):
        raise TypeError(f"{COLLECTED} is {type(collected).__name__}")
    return collected


def _sender(
    context: AsyncBoltContext, body: Payload, *, user: str, conversation: str = "", handle: str = ""
) -> Sender:
    return Sender(
        channel=ChannelName.SLACK,
        external=user,
        workspace=team_in(body, _collected(context).team),
        conversation=conversation or None,
        handle=handle or None,
        private=not conversation or conversation.startswith("D"),
    )
