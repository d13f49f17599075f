"""A neutral message as Slack's blocks.

Text is data: `&`, `<` and `>` are escaped and nothing in it is turned into a link or a mention. Characters
of Slack's light markup (`*`, `_`) stay as they are: they can make a word bold, and nothing worse.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.channels.slack.posts import ReadyJson, quoted
from bot.domain.message import Button, Fact, Link, Message, Paragraph, ShownTime, Verb
from bot.exceptions import MessageTooLong

Block = dict[str, object]

# https://docs.slack.dev/reference/block-kit/blocks
SECTION = 3000
FIELD = 2000
FIELDS = 10
LABEL = 75
BLOCKS = 50
TEXTS = 13_200  # characters of all texts together; more was seen refused

BOUNDARIES = ("\n\n", "\n", ". ", "。", "؟ ", " ")


@dataclass(frozen=True, slots=True)
class Rendered:
    """What Slack is sent: `text` for notifications and screen readers, `blocks` for everybody else."""

    text: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Skeleton:
    """All of a message but the tokens of its buttons; the same for everyone who gets this text."""

    text: str
    body: tuple[Block, ...]
    choices: tuple[Button, ...]
    secondary: tuple[Button | Link, ...]

    def filled(self, tokens: Mapping[Verb, str]) -> Rendered:
        """The message with these tokens in its buttons."""
        actions = [_actions(row, buttons, tokens) for row, buttons in self.rows()]
        return Rendered(self.text, [*self.body, *actions])

    def rows(self) -> Sequence[tuple[str, Sequence[Button | Link]]]:
        """The buttons, row by row, each row with its name."""
        rows: tuple[tuple[str, Sequence[Button | Link]], ...]
        rows = (("choice", self.choices), ("secondary", self.secondary))
        return [(name, buttons) for name, buttons in rows if buttons]


@dataclass(frozen=True, slots=True)
class Template:
    """A message as JSON: its text, and its blocks in pieces, between which the tokens of its buttons go."""

    text: ReadyJson
    pieces: tuple[str | Verb, ...]

    def blocks(self, tokens: Mapping[Verb, str]) -> ReadyJson:
        """The blocks with these tokens in their buttons."""
        return ReadyJson("".join([quoted(tokens[p]) if isinstance(p, Verb) else p for p in self.pieces]))


def template(message: Message) -> Template:
    """The message written as far as it is the same for everyone; raises as `skeleton` does."""
    bones = skeleton(message)
    return Template(ReadyJson(quoted(bones.text)), tuple(_pieces(bones)))


def render(message: Message, tokens: Mapping[Verb, str]) -> Rendered:
    """The message as Slack takes it, within its limits; every button needs its token."""
    if message.asks:  # a campaign's: few texts for many people, and none of them personal
        return _kept_skeleton(message).filled(tokens)
    return skeleton(message).filled(tokens)


def skeleton(message: Message) -> Skeleton:
    """The part of the message that is the same for everyone; nothing of it is cut.

    Raises `MessageTooLong` when Slack would not take it whole.
    """
    bones = Skeleton(
        text=escaped(message.headline),
        body=tuple(_body(message)),
        choices=message.choices,
        secondary=message.secondary,
    )
    for size, limit, unit in _sizes(bones):
        if size > limit:
            raise MessageTooLong("Slack", message.kind, message.locale, size=size, limit=limit, unit=unit)
    return bones


_kept_skeleton = lru_cache(maxsize=256)(skeleton)


def escaped(text: str) -> str:
    """The text without any of Slack's control sequences."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def split(text: str, length: int) -> Iterator[str]:
    """The whole text in parts of at most `length` characters, cut where a reader would pause."""
    while len(text) > length:
        at = _last_pause(text, length)
        if part := text[:at].strip():
            yield part
        text = text[at:].lstrip()
    if text.strip():
        yield text.strip()


def when(shown: ShownTime) -> str:
    """The sentence with its instant as Slack's date, which every reader sees in our own words.

    Slack would write the instant in its own words and in the zone of the reader's profile, while the
    deadline is on the recipient's own clock: so the format holds our words and no placeholder, and the
    fallback says the same.
    """
    words = escaped(shown.when)
    if not words.strip() or set("^|{}\n") & set(words):
        return escaped(shown.text)
    date = f"<!date^{int(shown.at.timestamp())}^{words}|{words}>"
    return escaped(shown.sentence).replace("{when}", date)


def _body(message: Message) -> Iterator[Block]:
    yield _section(f"*{escaped(message.headline)}*")
    for paragraph in message.paragraphs:
        if not paragraph.long:
            yield from (_section(part) for part in split(escaped(paragraph.text), SECTION))
    yield from _facts(message.facts)
    if message.deadline is not None:
        yield from _deadline(message.deadline)
    yield from _folded([paragraph for paragraph in message.paragraphs if paragraph.long])
    if message.ref:
        yield _context(f"`{escaped(message.ref)}`")
    if message.footnote:
        yield _context(escaped(message.footnote))


def _folded(paragraphs: Sequence[Paragraph]) -> Iterator[Block]:
    """One quotation, since Slack folds a section as a whole: "see more" opens all of it."""
    text = "\n\n".join(escaped(paragraph.text) for paragraph in paragraphs)
    room = max(SECTION - 1 - text.count("\n"), SECTION // 2 - 1)  # for a mark on every line
    for part in split(text, room):
        yield _section("\n".join(f">{line}" for line in part.split("\n")), may_fold=True)


def _deadline(shown: ShownTime) -> Iterator[Block]:
    dated = when(shown)
    if len(dated) <= SECTION:
        yield _section(dated)
        return
    yield from (_section(part) for part in split(escaped(shown.text), SECTION))


def _facts(facts: Sequence[Fact]) -> Iterator[Block]:
    """Label over value, in two columns: no colon to translate, nothing to align."""
    texts = (f"*{escaped(fact.label)}*\n{escaped(fact.value)}" for fact in facts)
    fields = [_mrkdwn(part) for text in texts for part in split(text, FIELD)]
    for first in range(0, len(fields), FIELDS):
        yield {"type": "section", "fields": fields[first : first + FIELDS]}


def _sizes(bones: Skeleton) -> Iterator[tuple[int, int, str]]:
    rows = [row for row in (bones.choices, bones.secondary) if row]
    labels = [len(button.label) for row in rows for button in row]
    texts = [len(text) for block in bones.body for text in _texts(block)]
    yield len(bones.text) + len("**"), SECTION, "characters in its headline"
    yield max(labels, default=0), LABEL, "characters on a button"
    yield sum(texts) + sum(labels), TEXTS, "characters"
    yield len(bones.body) + len(rows), BLOCKS, "blocks"


def _texts(block: Block) -> Iterator[str]:
    for inside in block.values():
        for item in inside if isinstance(inside, list) else [inside]:
            if isinstance(item, dict):
                yield str(item["text"])


def _section(text: str, *, may_fold: bool = False) -> Block:
    return {"type": "section", "text": _mrkdwn(text), "expand": not may_fold}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [_mrkdwn(text)]}


def _mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _actions(row: str, buttons: Sequence[Button | Link], tokens: Mapping[Verb, str]) -> Block:
    return {
        "type": "actions",
        "block_id": row,
        "elements": [_button(f"{row}:{n}", button, tokens) for n, button in enumerate(buttons)],
    }


def _button(place: str, button: Button | Link, tokens: Mapping[Verb, str]) -> Block:
    label = {"type": "plain_text", "text": button.label, "emoji": False}
    if isinstance(button, Link):
        return {"type": "button", "action_id": f"{place}:link", "text": label, "url": button.url}
    return {
        "type": "button",
        "action_id": f"{place}:{button.verb}",
        "text": label,
        "value": tokens[button.verb],
    }


def _pieces(bones: Skeleton) -> Iterator[str | Verb]:
    """One JSON list; only what is a verb differs from person to person."""
    yield "["
    blocks = 0
    for block in bones.body:
        yield ("," if blocks else "") + json.dumps(block)
        blocks += 1
    for row, buttons in bones.rows():
        yield ("," if blocks else "") + f'{{"type":"actions","block_id":"{row}","elements":['
        for n, button in enumerate(buttons):
            yield from _gap(f"{row}:{n}", button, comma=n > 0)
        yield "]}"
        blocks += 1
    yield "]"


def _gap(place: str, button: Button | Link, *, comma: bool) -> Iterator[str | Verb]:
    before = "," if comma else ""
    if isinstance(button, Link):
        yield before + json.dumps(_button(place, button, {}))
        return
    yield before + json.dumps(_button(place, button, {button.verb: ""})).removesuffix('""}')
    yield button.verb
    yield "}"


def _last_pause(text: str, length: int) -> int:
    for boundary in BOUNDARIES:
        at = text.rfind(boundary, length // 2, length)
        if at > 0:
            return at + len(boundary)
    cut = text.rfind("&", length - 5, length)
    return cut if cut > 0 and ";" not in text[cut:length] else length
