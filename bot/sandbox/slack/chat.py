"""chat.*: messages are posted, changed and deleted."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.sandbox.slack.blocks import BLOCKS_TEXT, problems_of_message, text_size
from bot.sandbox.slack.calls import Answer, Call, Method, Refusal, SlowDown, encode
from bot.sandbox.slack.messages import ChannelMessage, Json, SentMessage, buttons_in, with_ids
from bot.sandbox.slack.rates import NO_WAIT, Tier
from bot.sandbox.slack.state import Slack
from bot.sandbox.slack.workspace import Conversation

TEXT = 40_000
UPDATE_TEXT = 4_000
MARKDOWN_TEXT = 12_000
METADATA_BYTES = 8_000


@dataclass(frozen=True, slots=True)
class Content:
    """What a message says."""

    text: str
    blocks: list[Json]
    metadata: Mapping[str, object] | None
    warnings: tuple[str, ...] = ()


def post_message(slack: Slack, call: Call) -> Answer:
    conversation = _destination(slack, call.text("channel"))
    content = content_of(call)
    _pace(slack, conversation)
    ts = conversation.stamps.next(slack.now)
    message = ChannelMessage(
        ts=ts,
        user=slack.workspace.app.bot_user,
        text=content.text,
        by_bot=True,
        blocks=with_ids(content.blocks, seed=ts[-6:]),
        metadata=content.metadata,
        thread_ts=call.text("thread_ts") or None,
    )
    conversation.put(message)
    return Answer(
        {"channel": conversation.id, "ts": ts, "message": slack.workspace.message_json(message)},
        shown(slack, conversation, message, "chat.postMessage"),
        content.warnings,
    )


def post_ephemeral(slack: Slack, call: Call) -> Answer:
    conversation = _destination(slack, call.text("channel"))
    content = content_of(call)
    person = slack.workspace.person(call.text("user"))
    if person is None or person.deleted or (conversation.user or person.id) != person.id:
        raise Refusal("user_not_in_channel")
    message = ChannelMessage(
        ts=conversation.stamps.next(slack.now),
        user=slack.workspace.app.bot_user,
        text=content.text,
        by_bot=True,
        blocks=with_ids(content.blocks, seed="e"),
        seen_by=person.id,
    )
    conversation.put(message)
    return Answer(
        {"message_ts": message.ts},
        shown(slack, conversation, message, "chat.postEphemeral"),
        content.warnings,
    )


def update(slack: Slack, call: Call) -> Answer:
    conversation, old = _own_message(slack, call, otherwise="cant_update_message")
    if len(call.text("text")) > UPDATE_TEXT:
        raise Refusal("msg_too_long")
    content = content_of(call, old)
    message = replace(
        old,
        text=content.text,
        blocks=with_ids(content.blocks, seed=old.ts[-6:]),
        metadata=content.metadata if content.metadata is not None else old.metadata,
        edited_ts=conversation.stamps.next(slack.now),
    )
    conversation.put(message)
    return Answer(
        {
            "channel": conversation.id,
            "ts": message.ts,
            "text": message.text,
            "message": slack.workspace.message_json(message),
        },
        shown(slack, conversation, message, "chat.update", edited=True),
        content.warnings,
    )


def delete(slack: Slack, call: Call) -> Answer:
    conversation, message = _own_message(slack, call, otherwise="cant_delete_message")
    del conversation.messages[message.ts]
    return Answer({"channel": conversation.id, "ts": message.ts})


def shown(
    slack: Slack, conversation: Conversation, message: ChannelMessage, method: str, *, edited: bool = False
) -> SentMessage:
    """What the people of the conversation see of `message`."""
    return SentMessage(
        method=method,
        channel=conversation.id,
        ts=message.ts,
        text=message.text,
        at=slack.now,
        user_id=message.seen_by or conversation.user,
        blocks=message.blocks,
        buttons=tuple(buttons_in(message.blocks)),
        edited=edited,
        ephemeral=message.seen_by is not None,
    )


def content_of(call: Call, old: ChannelMessage | None = None) -> Content:
    """What the call says. Without blocks, an update keeps the old ones only if it brings no text either."""
    text, warnings = call.text("text"), call.warnings
    blocks = call.structure("blocks", otherwise="invalid_blocks_format")
    text, blocks = _from_markdown(call.text("markdown_text"), text, blocks)
    if old is not None and blocks is None and not text:
        text, blocks = old.text, list(old.blocks)
    checked = _checked_blocks(blocks) if blocks is not None else []
    if not text and not checked and not call.structure("attachments", otherwise="invalid_attachments"):
        raise Refusal("no_text")
    if len(text) > TEXT:
        text, warnings = text[:TEXT], (*warnings, "message_truncated")
    return Content(text, checked, _metadata(call), warnings)


def _destination(slack: Slack, channel: str) -> Conversation:
    """Where a post to `channel` goes: a person's id means the app's direct message with them."""
    workspace = slack.workspace
    conversation = workspace.conversation(channel)
    if conversation is None and (person := workspace.person(channel)):
        conversation = workspace.direct(person.id)
    if conversation is None:
        raise Refusal("channel_not_found")
    if conversation.is_archived:
        raise Refusal("is_archived")
    if conversation.user is None:
        if workspace.app.bot_user not in conversation.members:
            raise Refusal("not_in_channel")
        return conversation
    if workspace.member(conversation.user).deleted:
        raise Refusal(slack.to_deactivated)
    if not workspace.messages_tab_is_on:
        raise Refusal("messages_tab_disabled")
    return conversation


def _own_message(slack: Slack, call: Call, *, otherwise: str) -> tuple[Conversation, ChannelMessage]:
    conversation = slack.workspace.conversation(call.text("channel"))
    if conversation is None:
        raise Refusal("channel_not_found")
    message = conversation.messages.get(call.text("ts"))
    if message is None:
        raise Refusal("message_not_found")
    if not message.by_bot:
        raise Refusal(otherwise)
    return conversation, message


def _checked_blocks(blocks: object) -> list[Json]:
    """The blocks, if Slack would take them."""
    if not isinstance(blocks, list):
        raise Refusal("invalid_blocks_format")
    if problems := problems_of_message(blocks):
        raise Refusal.over("invalid_blocks", problems)
    if text_size(blocks) > BLOCKS_TEXT:
        raise Refusal("msg_blocks_too_long")
    return blocks


def _from_markdown(markdown: str, text: str, blocks: object) -> tuple[str, object]:
    if not markdown:
        return text, blocks
    if text or blocks is not None:
        raise Refusal("markdown_text_conflict")
    if len(markdown) > MARKDOWN_TEXT:
        raise Refusal("msg_too_long")
    return markdown, None


def _metadata(call: Call) -> Mapping[str, object] | None:
    metadata = call.structure("metadata", otherwise="invalid_metadata_format")
    if metadata is None:
        return None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("event_type"), str):
        raise Refusal("invalid_metadata_format")
    if not isinstance(metadata.get("event_payload"), dict):
        raise Refusal("invalid_metadata_schema")
    if len(encode(metadata).encode()) > METADATA_BYTES:
        raise Refusal("metadata_too_large")
    return metadata


def _pace(slack: Slack, conversation: Conversation) -> None:
    """Count one post against the conversation and the workspace, or refuse it."""
    if slack.limits is None:
        return
    wait = slack.meters.take(f"post {conversation.id}", slack.limits.post_per_channel, slack.now)
    wait = wait or slack.meters.take("post", slack.limits.post_per_workspace, slack.now)
    if wait > NO_WAIT:
        raise SlowDown(wait)


METHODS: Mapping[str, Method] = {
    "chat.postMessage": Method(post_message, scope="chat:write", needs=("channel",), writes=True),
    "chat.postEphemeral": Method(
        post_ephemeral, Tier.FOUR, scope="chat:write", needs=("channel", "user"), writes=True
    ),
    "chat.update": Method(update, Tier.THREE, scope="chat:write", needs=("channel", "ts"), writes=True),
    "chat.delete": Method(delete, Tier.THREE, scope="chat:write", needs=("channel", "ts"), writes=True),
}
