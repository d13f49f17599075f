"""A chat of the fake Telegram as a person's app shows it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from bot.pages import safe
from bot.sandbox.telegram.chats import Chat, Message
from bot.sandbox.telegram.keyboard import ButtonLine
from bot.sandbox.telegram.markup import Entity, utf16_length

TAGS: Mapping[str, tuple[str, str]] = {
    "bold": ("<b>", "</b>"),
    "italic": ("<i>", "</i>"),
    "underline": ("<u>", "</u>"),
    "strikethrough": ("<s>", "</s>"),
    "code": ("<code>", "</code>"),
    "pre": ("<code>", "</code>"),
    "date_time": ("<time>", "</time>"),
    "blockquote": ("<blockquote>", "</blockquote>"),
    "expandable_blockquote": ("<details><summary>", "</details>"),
}


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message, ready to be shown."""

    id: str
    by_bot: bool
    html: str
    rows: Sequence[Sequence[ButtonLine]]
    at: str
    edited: bool
    file: str


def bubbles(chat: Chat, *, zone: str) -> list[Bubble]:
    """All messages of the chat from top to bottom; times are on the person's clock."""
    return [_bubble(message, zone) for message in chat.messages.values()]


def formatted(text: str, entities: Sequence[Entity]) -> str:
    """The text with its entities as HTML; a long quotation is folded after its first line."""
    opens, closes = dict[int, list[str]](), dict[int, list[str]]()
    for entity in entities:
        start = int(str(entity["offset"]))
        before, after = _tags(entity)
        opens.setdefault(start, []).append(before)
        closes.setdefault(start + int(str(entity["length"])), []).insert(0, after)
    return "".join(_pieces(text, opens, closes))


def _pieces(text: str, opens: Mapping[int, list[str]], closes: Mapping[int, list[str]]) -> Iterator[str]:
    at, in_summary, after_fold = 0, False, False
    for letter in [*text, ""]:
        for tag in closes.get(at, []):
            after_fold = tag == "</details>"
            yield "</summary>" * (in_summary and after_fold) + tag
            in_summary = in_summary and not after_fold
        for tag in opens.get(at, []):
            yield tag
            in_summary = in_summary or tag.endswith("<summary>")
        if in_summary and letter == "\n":
            yield "</summary>"
            in_summary = False
        elif letter != "\n" or not after_fold:  # what is folded stands on lines of its own anyway
            yield escape(letter)
            after_fold = False
        at += utf16_length(letter)


def _tags(entity: Entity) -> tuple[str, str]:
    if entity["type"] == "text_link":
        return f'<a href="{escape(str(entity["url"]))}" rel="noreferrer" target="_blank">', "</a>"
    return TAGS.get(str(entity["type"]), ("", ""))


def _bubble(message: Message, zone: str) -> Bubble:
    document = message.extra.get("document")
    return Bubble(
        id=str(message.id),
        by_bot=message.by_bot,
        html=safe(formatted(message.text, message.entities)),
        rows=message.keyboard.rows,
        at=hour(message.edited_at or message.sent_at, zone),
        edited=message.edited_at is not None,
        file=str(document["file_name"]) if isinstance(document, dict) else "",
    )


def hour(instant: datetime, zone: str) -> str:
    """`2 Sep 09:14` on the clock of a zone."""
    return f"{instant.astimezone(ZoneInfo(zone)):%-d %b %H:%M}"
