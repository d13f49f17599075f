"""Answers to one act of a person: through its `response_url`, or in the OK itself."""

import json
from dataclasses import replace

from aiohttp import web

from bot.sandbox.slack.calls import Answer, Call, Refusal
from bot.sandbox.slack.chat import content_of, shown
from bot.sandbox.slack.hooks import ResponseHook
from bot.sandbox.slack.messages import ChannelMessage, Json, with_ids
from bot.sandbox.slack.state import Slack
from bot.sandbox.slack.workspace import Conversation


def respond(slack: Slack, hook: ResponseHook, call: Call, method: str) -> Answer:
    """The answer stands where `hook` leads: as a new message, or in the place of the one acted on."""
    conversation = slack.workspace.conversation(hook.channel)
    if conversation is None:
        raise Refusal("channel_not_found")
    original = _original(conversation, hook)
    if original is not None and call.flag("delete_original"):
        shelf = conversation.ephemerals if original.seen_by else conversation.messages
        del shelf[original.ts]
        return Answer({})
    if original is not None and call.flag("replace_original"):
        message = _replaced(slack, conversation, original, call)
        return Answer({}, shown(slack, conversation, message, method, edited=True))
    message = _new(slack, conversation, hook, call)
    return Answer({}, shown(slack, conversation, message, method))


def is_message(answer: Json | None) -> bool:
    """Whether the answer in an OK is something to show."""
    return answer is not None and bool(answer.get("text") or answer.get("blocks"))


async def read_response(request: web.Request, slack: Slack) -> Call:
    """What was posted to a `response_url`: JSON, whatever its content type says, or a form's `payload`."""
    body = await request.text()
    if request.content_type == "application/x-www-form-urlencoded":
        body = str((await request.post()).get("payload", ""))
    try:
        args = json.loads(body)
    except ValueError:
        raise Refusal("invalid_payload") from None
    if not isinstance(args, dict):
        raise Refusal("invalid_payload")
    return Call(args, slack.now)


def _original(conversation: Conversation, hook: ResponseHook) -> ChannelMessage | None:
    if hook.ts is None:
        return None
    return conversation.messages.get(hook.ts) or conversation.ephemerals.get(hook.ts)


def _replaced(
    slack: Slack, conversation: Conversation, original: ChannelMessage, call: Call
) -> ChannelMessage:
    content = content_of(call, original)
    message = replace(
        original,
        text=content.text,
        blocks=with_ids(content.blocks, seed=original.ts[-6:]),
        edited_ts=conversation.stamps.next(slack.now),
    )
    conversation.put(message)
    return message


def _new(slack: Slack, conversation: Conversation, hook: ResponseHook, call: Call) -> ChannelMessage:
    content = content_of(call)
    ts = conversation.stamps.next(slack.now)
    message = ChannelMessage(
        ts=ts,
        user=slack.workspace.app.bot_user,
        text=content.text,
        by_bot=True,
        blocks=with_ids(content.blocks, seed=ts[-6:]),
        thread_ts=call.text("thread_ts") or None,
        seen_by=None if call.text("response_type") == "in_channel" else hook.user,
    )
    conversation.put(message)
    return message
