"""Messages read back from what a platform is sent: what people see of them, and what each control does."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from html import unescape
from typing import Final

from bot.channels.slack.render import render as render_slack
from bot.channels.telegram.render import render as render_telegram
from bot.domain.fairness import Control, Deed, Shown
from bot.domain.message import Button, Message, Verb
from bot.domain.recipient import ChannelName

DEEDS: Final[Mapping[Verb, Deed]] = {
    Verb.OPT_IN: Deed.OPT_IN,
    Verb.OPT_OUT: Deed.OPT_OUT,
    Verb.LATER: Deed.LATER,
    Verb.LATER_TOMORROW: Deed.LATER,
    Verb.LATER_THREE_DAYS: Deed.LATER,
    Verb.LATER_DAY_BEFORE: Deed.LATER,
    Verb.STOP: Deed.STOP,
    Verb.ERASE: Deed.FORGET,
    Verb.RESUME: Deed.RESUME,
    Verb.ORIGINAL: Deed.LANGUAGE,
    Verb.TRANSLATION: Deed.LANGUAGE,
}
SWITCHES: Final = {
    "checkboxes": "initial_options",
    "radio_buttons": "initial_option",
    "static_select": "initial_option",
}

_TELEGRAM_TIME = re.compile(r'<tg-time unix="(\d+)"[^>]*>.*?</tg-time>', re.DOTALL)
_SLACK_TIME = re.compile(r"<!date\^(\d+)\^[^>]*>")
_SLACK_QUOTE = re.compile(r"^>", re.MULTILINE)
_TAG = re.compile(r"<[^>]+>")


def read_back(message: Message, *, facts: frozenset[str], promised: datetime) -> tuple[Shown, ...]:
    """The message as each channel shows it; raise `MessageTooLong` where one would not take it."""
    return tuple(
        shown(message, channel, facts=facts, promised=promised)
        for channel in (ChannelName.TELEGRAM, ChannelName.SLACK)
    )


def shown(message: Message, channel: ChannelName, *, facts: frozenset[str], promised: datetime) -> Shown:
    """The message as this channel shows it."""
    read = _on_slack if channel is ChannelName.SLACK else _on_telegram
    texts, instants, controls = read(message)
    return Shown(
        kind=message.kind,
        locale=message.locale,
        channel=channel.value,
        headline=texts[0],
        texts=tuple(texts[1:]),
        controls=tuple(controls),
        facts=facts,
        instants=tuple(instants),
        promised=promised,
    )


def tokens_of(message: Message) -> Mapping[Verb, str]:
    """For each button what stands in for its token: the act alone, signed by nobody."""
    buttons = (*message.choices, *message.secondary)
    return {button.verb: button.verb.value for button in buttons if isinstance(button, Button)}


def from_blocks(blocks: Sequence[Mapping[str, object]]) -> tuple[list[str], list[datetime], list[Control]]:
    """The texts, deadlines and controls in these blocks of Slack's."""
    texts: list[str] = []
    instants: list[datetime] = []
    controls: list[Control] = []
    for number, block in enumerate(blocks):
        if block["type"] == "actions":
            element = str(block.get("block_id", number))
            controls += [_slack_control(item, element) for item in _items(block.get("elements"))]
            continue
        for text in _slack_texts(block):
            instants += [_instant(found) for found in _SLACK_TIME.findall(text)]
            bare = unescape(_SLACK_QUOTE.sub("", _SLACK_TIME.sub("", text)))
            texts += [part.removeprefix("*").removesuffix("*") for part in bare.split("\n\n")]
    return texts, instants, controls


def _on_telegram(message: Message) -> tuple[list[str], list[datetime], list[Control]]:
    rendered = render_telegram(message)
    instants = [_instant(found) for found in _TELEGRAM_TIME.findall(rendered.html)]
    bare = unescape(_TAG.sub("", _TELEGRAM_TIME.sub("", rendered.html)))
    keyboard = rendered.keyboard(tokens_of(message))
    rows = json.loads(keyboard)["inline_keyboard"] if keyboard else []
    controls = [_telegram_control(button) for row in rows for button in row]
    return bare.split("\n\n"), instants, controls


def _on_slack(message: Message) -> tuple[list[str], list[datetime], list[Control]]:
    return from_blocks(render_slack(message, tokens_of(message)).blocks)


def _telegram_control(button: Mapping[str, str]) -> Control:
    deed = Deed.OPEN if "url" in button else _deed(button["callback_data"])
    return Control(button["text"], frozenset({deed}), element="keyboard", style=button.get("style"))


def _slack_control(item: Mapping[str, object], element: str) -> Control:
    kind = str(item["type"])
    deed = Deed.OPEN if "url" in item else _deed(str(item.get("value", "")))
    return Control(
        label=" ".join(_labels(item)),
        deeds=frozenset({deed}),
        element=element,
        style=None if item.get("style") is None else str(item["style"]),
        is_switch=kind in SWITCHES,
        is_preset=bool(item.get(SWITCHES.get(kind, ""))),
    )


def _deed(token: str) -> Deed:
    """What a button with this token does; something else than we know where it is none of our acts."""
    return DEEDS.get(Verb(token), Deed.OTHER) if token in tuple(Verb) else Deed.OTHER


def _slack_texts(block: Mapping[str, object]) -> Iterator[str]:
    for inside in (block.get("text"), block.get("fields"), block.get("elements")):
        for item in _items(inside):
            yield str(item["text"])


def _labels(item: Mapping[str, object]) -> Iterator[str]:
    for inside in (item.get("text"), item.get("placeholder"), item.get("options")):
        for found in _items(inside):
            text = found.get("text")
            yield from _labels(found) if isinstance(text, dict) else [str(text)]


def _items(inside: object) -> Iterable[Mapping[str, object]]:
    if isinstance(inside, dict):
        return [inside]
    return [item for item in inside if isinstance(item, dict)] if isinstance(inside, list) else []


def _instant(unix: str) -> datetime:
    return datetime.fromtimestamp(int(unix), UTC)
