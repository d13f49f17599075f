"""A direct message of the fake Slack, and the app's Home, as a person's app shows them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape, unescape
from typing import Final

from bot.pages import safe
from bot.sandbox.page.telegram import hour
from bot.sandbox.slack.messages import ChannelMessage, Json
from bot.sandbox.slack.workspace import Conversation

_MARKS: Final = re.compile(
    r"<!date\^\d+\^[^|>]*\|(?P<date>[^>]*)>"
    r"|<(?P<url>https?://[^|>]+)(?:\|(?P<label>[^>]*))?>"
    r"|(?<![\w*])\*(?P<bold>[^*\s](?:[^*\n]*[^*\s])?)\*(?![\w*])"
    r"|`(?P<code>[^`\n]+)`"
)


@dataclass(frozen=True, slots=True)
class Control:
    """A button, or a link that looks like one."""

    label: str
    action: str
    value: str
    url: str


@dataclass(frozen=True, slots=True)
class Part:
    """One block: its text as HTML, or its row of buttons."""

    kind: str
    html: str = ""
    controls: Sequence[Control] = ()


@dataclass(frozen=True, slots=True)
class Post:
    """One message, ready to be shown."""

    id: str
    by_bot: bool
    parts: Sequence[Part]
    at: str
    edited: bool
    only_you: bool


def posts(conversation: Conversation, *, zone: str) -> list[Post]:
    """All messages of the conversation from top to bottom; times are on the person's clock."""
    everything = [*conversation.messages.values(), *conversation.ephemerals.values()]
    return [_post(message, zone) for message in sorted(everything, key=lambda message: message.ts)]


def parts(blocks: Sequence[Json]) -> Iterator[Part]:
    """Blocks from top to bottom."""
    for block in blocks:
        kind = str(block["type"])
        if kind == "actions":
            yield Part(kind, controls=tuple(_controls(block.get("elements"))))
            continue
        for text in _texts(block):
            yield Part(kind, safe(mrkdwn(text)))
        if accessory := tuple(_controls([block.get("accessory")])):
            yield Part("actions", controls=accessory)


def mrkdwn(text: str) -> str:
    """Slack's light markup as HTML; `&` in it begins an entity, as Slack wants it."""
    if text.startswith(">"):
        first, _, rest = "\n".join(line.removeprefix(">") for line in text.split("\n")).partition("\n")
        return f"<details><summary>{_inline(first)}</summary>{_inline(rest)}</details>"
    return _inline(text)


def _inline(text: str) -> str:
    pieces, end = list[str](), 0
    for found in _MARKS.finditer(text):
        pieces += [_plain(text[end : found.start()]), _marked(found)]
        end = found.end()
    return "".join([*pieces, _plain(text[end:])])


def _marked(found: re.Match[str]) -> str:
    if found["date"] is not None:
        return f"<time>{_plain(found['date'])}</time>"
    if found["url"] is not None:
        address = escape(unescape(found["url"]))
        label = _plain(found["label"] or found["url"])
        return f'<a href="{address}" rel="noreferrer" target="_blank">{label}</a>'
    if found["bold"] is not None:
        return f"<b>{_inline(found['bold'])}</b>"
    return f"<code>{_plain(found['code'])}</code>"


def _plain(text: str) -> str:
    return text.replace("<", "&lt;").replace(">", "&gt;")


def _post(message: ChannelMessage, zone: str) -> Post:
    shown = tuple(parts(message.blocks))
    return Post(
        id=message.ts,
        by_bot=message.by_bot,
        parts=shown or (Part("section", safe(mrkdwn(message.text))),),
        at=hour(datetime.fromtimestamp(float(message.edited_ts or message.ts), UTC), zone),
        edited=message.edited_ts is not None,
        only_you=message.seen_by is not None,
    )


def _texts(block: Json) -> Iterator[str]:
    for inside in (block.get("text"), block.get("fields"), block.get("elements")):
        for item in inside if isinstance(inside, list) else [inside]:
            if isinstance(item, dict) and "text" in item:
                text = str(item["text"])
                yield escape(text, quote=False) if item.get("type") == "plain_text" else text


def _controls(elements: object) -> Iterator[Control]:
    for element in elements if isinstance(elements, list) else ():
        if isinstance(element, dict) and element.get("type") == "button":
            label = element["text"]["text"]
            action, value, url = (str(element.get(name, "")) for name in ("action_id", "value", "url"))
            yield Control(label, action, value, url)
