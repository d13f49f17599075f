"""Every kind of message, in six languages, as each channel shows it.

What changes here is read by people: look at the difference, then take it over with
`UPDATE_SNAPSHOTS=1 make test ARGS=tests/snapshots`.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bot.channels.slack import render as slack
from bot.channels.telegram import render as telegram
from bot.domain.message import Button, Message, Paragraph, Verb
from bot.i18n import LOCALES
from tests.words import CAMPAIGN_KINDS, composed, replies, staff_messages

HERE = Path(__file__).parent
TOKENS = {verb: f"<{verb.name.lower()}>" for verb in Verb}
CHANNELS = ("telegram", "slack")


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("locale", LOCALES)
def test_messages_look_as_they_were_last_read(channel, locale):
    """No word and no button changes unnoticed."""
    path = HERE / f"{channel}.{locale}.txt"
    show = in_telegram if channel == "telegram" else in_slack
    shown = "".join(f"═══ {name}\n{show(message)}\n\n" for name, message in messages(locale).items())

    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.write_text(shown, encoding="utf-8")

    assert shown == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("locale", LOCALES)
def test_messages_of_double_length_fit_both_platforms(locale):
    """Translations grow; a notice must never be cut."""
    for message in messages(locale).values():
        long = doubled(message)
        assert telegram.render(long).html
        assert len(slack.render(long, TOKENS).blocks) <= slack.BLOCKS


@pytest.mark.parametrize("locale", LOCALES)
def test_no_row_of_buttons_is_cut_on_a_phone(locale):
    """An answer has a row to itself; of the rest two stand in one."""
    for message in messages(locale).values():
        keyboard = telegram.render(message).keyboard(TOKENS)
        rows = json.loads(keyboard)["inline_keyboard"] if keyboard else []
        assert all(len(row) == 1 for row in rows[: len(message.choices)])
        assert all(len(row) <= 2 for row in rows)


@pytest.mark.parametrize("locale", sorted(set(LOCALES) - {"id"}))
def test_a_translated_message_ends_with_the_line_that_says_so(locale):
    """On both channels, after everything else that is read."""
    message = messages(locale)["notice"]
    assert message.footnote is not None

    blocks = list(slack.render(message, TOKENS).blocks)

    assert telegram.render(message).html.endswith(f"<i>{message.footnote}</i>")
    assert [block["type"] for block in blocks[-3:]] == ["context", "actions", "actions"]
    assert message.footnote in json.dumps(blocks[-3], ensure_ascii=False)


def messages(locale: str) -> Mapping[str, Message]:
    """Every message there is, by name."""
    steps = {kind.value: composed(kind, locale) for kind in CAMPAIGN_KINDS}
    unknown_zone = {"notice without a zone": composed(CAMPAIGN_KINDS[0], locale, zone=None)}
    return {**steps, **unknown_zone, **replies(locale), **staff_messages(locale)}


def in_telegram(message: Message) -> str:
    """The HTML as it is sent, and the keyboard row by row."""
    rendered = telegram.render(message)
    keyboard = rendered.keyboard(TOKENS)
    rows = json.loads(keyboard)["inline_keyboard"] if keyboard else []
    return "\n".join([rendered.html, *(_row(row) for row in rows)])


def in_slack(message: Message) -> str:
    """The text of notifications, then block after block."""
    rendered = slack.render(message, TOKENS)
    return "\n".join([f"text: {rendered.text}", *_blocks(rendered.blocks)])


def doubled(message: Message) -> Message:
    """The same message with every text twice as long."""
    paragraphs = tuple(Paragraph(f"{p.text} {p.text}", long=p.long) for p in message.paragraphs)
    choices = tuple(Button(f"{button.label} {button.label}"[:75], button.verb) for button in message.choices)
    headline = f"{message.headline} {message.headline}"
    return replace(message, headline=headline, paragraphs=paragraphs, choices=choices)


def _row(row: Sequence[Mapping[str, str]]) -> str:
    return " ".join(
        f"[{button['text']} → {button.get('url', button.get('callback_data'))}]" for button in row
    )


def _blocks(blocks: Sequence[slack.Block]) -> Iterator[str]:
    for block in json.loads(json.dumps(blocks)):
        match block:
            case {"type": "section", "text": {"text": text}}:
                yield f"section: {text}"
            case {"type": "section", "fields": fields}:
                yield from (f"field: {field['text']}" for field in fields)
            case {"type": "context", "elements": elements}:
                yield from (f"context: {element['text']}" for element in elements)
            case {"type": "actions", "elements": elements}:
                yield "actions: " + " ".join(
                    f"[{element['text']['text']} → {element.get('url', element.get('value'))}]"
                    for element in elements
                )
            case _:
                yield json.dumps(block, ensure_ascii=False)
