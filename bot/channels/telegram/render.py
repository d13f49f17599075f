"""A neutral message as Telegram's HTML and inline keyboard.

Everything but the buttons' tokens is the same for all who get the same text, so it is rendered once: the
text as JSON, the keyboard as pieces of JSON between which the tokens go.

A message that would not fit is an error and never cut: half a notice would not be the one that was
approved. `campaign preview` renders every step and so meets the error before anybody is written to.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape as escape_html
from itertools import groupby
from typing import Final

from bot.domain.message import Button, Fact, Link, Message, Paragraph, ShownTime, Verb
from bot.exceptions import MessageTooLong

MAX_TEXT: Final = 4096  # UTF-16 units, tags not counted; the platform counts code points, which are fewer
MAX_CAPTION: Final = 1024  # the same, of the words about a file
IN_A_ROW: Final = 2  # more would be cut on a phone
MAX_TOKEN: Final = 64  # bytes; one byte more in one button, and the platform refuses the whole message

quoted = json.encoder.encode_basestring_ascii  # a string as JSON, at a tenth of what a whole encoder costs
_RIGHT_TO_LEFT: Final = frozenset({"ar", "fa", "he", "ur"})
_COLONS: Final[Mapping[str, str]] = {"fr": "\u202f: ", "zh": "：", "ja": "："}


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message but for its tokens: `html` as Telegram reads it, and the keyboard as JSON with gaps."""

    html: str
    gaps: tuple[str | Verb, ...]  # pieces of JSON, and the verbs whose tokens go between them

    def keyboard(self, tokens: Mapping[Verb, str]) -> str | None:
        """The keyboard's JSON with each button's token filled in; None when there are no buttons."""
        if not self.gaps:
            return None
        return "".join([_token(tokens[p]) if isinstance(p, Verb) else p for p in self.gaps])


def render(message: Message, *, most: int = MAX_TEXT) -> Rendered:
    """`message` for Telegram: the headline, the short part, facts and deadline, the long part, the code,
    the footnote.

    Raise MessageTooLong when the platform would not take it whole.
    """
    parts = _parts(message)
    size = len("\n\n".join(part.plain for part in parts).encode("utf-16-le")) // 2
    if size > most:
        raise MessageTooLong("Telegram", message.kind, message.locale, size=size, limit=most)
    return Rendered(html="\n\n".join(part.html for part in parts), gaps=_gaps(message))


@dataclass(frozen=True, slots=True)
class _Part:
    """A block of the text, as it is marked up and as it is counted."""

    html: str
    plain: str


def _parts(message: Message) -> list[_Part]:
    fold = next((n for n, paragraph in enumerate(message.paragraphs) if paragraph.long), None)
    short, rest = message.paragraphs[:fold], () if fold is None else message.paragraphs[fold:]
    parts = [_tagged("b", message.headline)]
    parts += [_Part(_escape(paragraph.text), paragraph.text) for paragraph in short]
    if message.facts:
        parts.append(_facts(message.facts, message.locale))
    if message.deadline is not None:
        parts.append(_shown_time(message.deadline))
    parts += _folded(rest)
    if message.ref is not None:
        parts.append(_tagged("code", message.ref))
    if message.footnote is not None:
        parts.append(_tagged("i", message.footnote))
    return parts


def _folded(paragraphs: Sequence[Paragraph]) -> list[_Part]:
    """Each run of long paragraphs in one quotation that opens on a tap."""
    parts = []
    for long, run in groupby(paragraphs, key=lambda paragraph: paragraph.long):
        text = "\n\n".join(paragraph.text for paragraph in run)
        html = _escape(text)
        parts.append(_Part(f"<blockquote expandable>{html}</blockquote>" if long else html, text))
    return parts


def _facts(facts: Sequence[Fact], locale: str) -> _Part:
    language = locale.split("_")[0].split("-")[0]
    colon = _COLONS.get(language, ": ")
    before, after = ("\u2068", "\u2069") if language in _RIGHT_TO_LEFT else ("", "")
    text = "\n".join(f"{fact.label}{colon}{before}{fact.value}{after}" for fact in facts)
    return _Part(_escape(text), text)


def _shown_time(time: ShownTime) -> _Part:
    """Our own words stay what is seen (hence no `format`); a tap on them shows the reader's own time."""
    tag = f'<tg-time unix="{int(time.at.timestamp())}">{_escape(time.when)}</tg-time>'
    return _Part(_escape(time.sentence).replace("{when}", tag), time.text)


def _tagged(tag: str, text: str) -> _Part:
    return _Part(f"<{tag}>{_escape(text)}</{tag}>", text)


def _escape(text: str) -> str:
    return escape_html(text, quote=False)


def _gaps(message: Message) -> tuple[str | Verb, ...]:
    """One row for each choice, since a row is never mirrored and never cut; two of the rest in a row."""
    rows: list[Sequence[Button | Link]] = [[choice] for choice in message.choices]
    rows += [message.secondary[n : n + IN_A_ROW] for n in range(0, len(message.secondary), IN_A_ROW)]
    if not rows:
        return ()
    pieces: list[str | Verb] = ['{"inline_keyboard":[']
    for n, row in enumerate(rows):
        pieces.append(",[" if n else "[")
        for m, button in enumerate(row):
            pieces += [",{" if m else "{", *_button(button), "}"]
        pieces.append("]")
    return _joined([*pieces, "]}"])


def _button(button: Button | Link) -> list[str | Verb]:
    label = f'"text":{json.dumps(button.label)}'
    if isinstance(button, Link):
        return [f'{label},"url":{json.dumps(button.url)}']
    return [f'{label},"callback_data":', button.verb]


def _joined(pieces: Sequence[str | Verb]) -> tuple[str | Verb, ...]:
    runs: list[str | Verb] = []
    for is_verb, run in groupby(pieces, key=lambda piece: isinstance(piece, Verb)):
        alike = list(run)
        runs += alike if is_verb else ["".join(alike)]
    return tuple(runs)


def _token(token: str) -> str:
    size = len(token) if token.isascii() else len(token.encode())
    if not 0 < size <= MAX_TOKEN:
        raise ValueError(f"a button's token has 1 to {MAX_TOKEN} bytes, this one {size}")
    return quoted(token)
