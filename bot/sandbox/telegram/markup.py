"""HTML parse mode: text with tags becomes plain text with entities, as the Bot API does it."""

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from bot.sandbox.telegram.arguments import Arguments
from bot.sandbox.telegram.replies import bad_request

Entity = dict[str, object]

MAX_ENTITIES = 100
TOKEN = re.compile(r"<(/?)([^\s<>/]*)([^<>]*)>|&(?:#\d+|#x[0-9a-fA-F]+|lt|gt|amp|quot);|<")
ATTRIBUTE = re.compile(r"""([^\s="'<>/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+)))?""")

SIMPLE_TAGS: Mapping[str, str] = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "code": "code",
    "pre": "pre",
}


@dataclass(frozen=True, slots=True)
class Formatted:
    """Plain text and what is special about parts of it; offsets and lengths count UTF-16 units."""

    text: str
    entities: tuple[Entity, ...] = ()


@dataclass(frozen=True, slots=True)
class _Open:
    """A tag that waits for its end."""

    tag: str
    attributes: Mapping[str, str]
    offset: int
    start: int  # where its text begins, in UTF-16 units


def read_formatted(arguments: Arguments, *, text: str, entities: str) -> Formatted:
    """The text named `text`, with its parse mode or its ready-made entities applied, without outer space."""
    raw = arguments.text(text)
    mode = arguments.text("parse_mode")
    if mode and mode.lower() != "html":
        raise bad_request("unsupported parse_mode")
    if mode:
        return parse_html(raw)
    ready = arguments.structure(entities)
    if isinstance(ready, list):
        return Formatted(raw, tuple(entity for entity in ready if isinstance(entity, dict)))
    return Formatted(raw.strip())


@lru_cache(maxsize=1024)  # a campaign sends few distinct texts many times
def parse_html(source: str) -> Formatted:
    """`source` without its tags; raise the refusal that names the byte at which it is broken."""
    pieces: list[str] = []
    entities: list[Entity] = []
    still_open: list[_Open] = []
    position = length = 0

    for match in TOKEN.finditer(source):
        piece = source[position : match.start()]
        pieces.append(piece)
        length += utf16_length(piece)
        position = match.end()
        if match[0].startswith("&"):
            pieces.append(html.unescape(match[0]))
            length += utf16_length(pieces[-1])
        elif match[2] is None:
            raise _broken("Unclosed start tag", source, match.start())
        elif match[1]:
            _close(still_open, match[2].lower(), length, entities, source, match.start())
        else:
            still_open.append(_opened(match[2].lower(), match[3], length, source, match.start()))
    if still_open:
        raise bad_request(
            f"can't parse entities: Can't find end tag corresponding to start tag \"{still_open[-1].tag}\""
        )
    pieces.append(source[position:])
    return _trimmed("".join(pieces), entities)


def utf16_length(text: str) -> int:
    """How long Telegram's clients think it is."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _opened(tag: str, rest: str, length: int, source: str, offset: int) -> _Open:
    attributes = {
        found[1].lower(): html.unescape(found[2] or found[3] or found[4] or "")
        for found in ATTRIBUTE.finditer(rest)
    }
    is_spoiler = tag == "span" and attributes.get("class") == "tg-spoiler"
    if tag not in SIMPLE_TAGS and tag not in ENTITIES and not is_spoiler:
        raise _broken(f'Unsupported start tag "{tag}"', source, offset)
    return _Open(tag, attributes, offset, length)


def _close(
    still_open: list[_Open], tag: str, length: int, entities: list[Entity], source: str, offset: int
) -> None:
    if not still_open:
        raise _broken("Unexpected end tag", source, offset)
    opened = still_open.pop()
    if tag and tag != opened.tag:
        raise _broken("Unmatched end tag", source, offset, f', expected "</{opened.tag}>", found "</{tag}>"')
    if length == opened.start:
        return
    make = ENTITIES.get(opened.tag)
    entity = make(opened.attributes) if make else {"type": SIMPLE_TAGS.get(opened.tag, "spoiler")}
    if entity is not None:
        entities.append({**entity, "offset": opened.start, "length": length - opened.start})


def _link(attributes: Mapping[str, str]) -> Entity | None:
    url = attributes.get("href", "")
    return {"type": "text_link", "url": url} if "." in url or ":" in url else None


def _quote(attributes: Mapping[str, str]) -> Entity:
    return {"type": "expandable_blockquote" if "expandable" in attributes else "blockquote"}


def _time(attributes: Mapping[str, str]) -> Entity | None:
    unix = attributes.get("unix", "")
    if not unix.isdigit():
        return None
    return {"type": "date_time", "unix_time": int(unix), "date_time_format": attributes.get("format", "")}


def _emoji(attributes: Mapping[str, str]) -> Entity | None:
    number = attributes.get("emoji-id", "")
    return {"type": "custom_emoji", "custom_emoji_id": number} if number else None


def _trimmed(text: str, entities: list[Entity]) -> Formatted:
    """Without the space around it; entities move along and lose what is cut off."""
    trimmed = text.strip()
    if len(trimmed) == len(text):
        kept = entities
    else:
        before = utf16_length(text[: len(text) - len(text.lstrip())])
        kept = [moved for entity in entities if (moved := _moved(entity, before, utf16_length(trimmed)))]
    kept.sort(key=lambda entity: (int(str(entity["offset"])), -int(str(entity["length"]))))
    return Formatted(trimmed, tuple(kept[:MAX_ENTITIES]))


def _moved(entity: Entity, before: int, length: int) -> Entity | None:
    start = int(str(entity["offset"])) - before
    end = min(start + int(str(entity["length"])), length)
    start = max(start, 0)
    return {**entity, "offset": start, "length": end - start} if end > start else None


def _broken(problem: str, source: str, at: int, more: str = "") -> Exception:
    offset = len(source[:at].encode())
    return bad_request(f"can't parse entities: {problem} at byte offset {offset}{more}")


ENTITIES: Mapping[str, Callable[[Mapping[str, str]], Entity | None]] = {
    "a": _link,
    "blockquote": _quote,
    "tg-time": _time,
    "tg-emoji": _emoji,
}
