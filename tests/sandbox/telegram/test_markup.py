"""HTML parse mode."""

import pytest

from bot.sandbox.telegram.markup import parse_html
from bot.sandbox.telegram.replies import Refusal


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("plain", "plain", []),
        ("<b>x</b>", "x", [{"type": "bold", "offset": 0, "length": 1}]),
        ("<strong>x</strong>", "x", [{"type": "bold", "offset": 0, "length": 1}]),
        (
            "<i>x</i><em>y</em>",
            "xy",
            [{"type": "italic", "offset": 0, "length": 1}, {"type": "italic", "offset": 1, "length": 1}],
        ),
        ("<u>x</u>", "x", [{"type": "underline", "offset": 0, "length": 1}]),
        ("<s>x</s>", "x", [{"type": "strikethrough", "offset": 0, "length": 1}]),
        ("<code>a&lt;b</code>", "a<b", [{"type": "code", "offset": 0, "length": 3}]),
        ("<pre>x</pre>", "x", [{"type": "pre", "offset": 0, "length": 1}]),
        ("<tg-spoiler>x</tg-spoiler>", "x", [{"type": "spoiler", "offset": 0, "length": 1}]),
        ('<span class="tg-spoiler">x</span>', "x", [{"type": "spoiler", "offset": 0, "length": 1}]),
        (
            '<a href="https://x.org/?a=1&amp;b=2">here</a>',
            "here",
            [{"type": "text_link", "url": "https://x.org/?a=1&b=2", "offset": 0, "length": 4}],
        ),
        ("<blockquote>x</blockquote>", "x", [{"type": "blockquote", "offset": 0, "length": 1}]),
        (
            "<blockquote expandable>x</blockquote>",
            "x",
            [{"type": "expandable_blockquote", "offset": 0, "length": 1}],
        ),
        (
            '<tg-time unix="1759078799" format="Dt">28 September</tg-time>',
            "28 September",
            [
                {
                    "type": "date_time",
                    "unix_time": 1759078799,
                    "date_time_format": "Dt",
                    "offset": 0,
                    "length": 12,
                }
            ],
        ),
        ("👋 <b>é👋</b>", "👋 é👋", [{"type": "bold", "offset": 3, "length": 3}]),
        (
            "<b>a<i>b</i></b>",
            "ab",
            [{"type": "bold", "offset": 0, "length": 2}, {"type": "italic", "offset": 1, "length": 1}],
        ),
        ("\n <b>x</b> y \n", "x y", [{"type": "bold", "offset": 0, "length": 1}]),
        ("<b>x \n</b>", "x", [{"type": "bold", "offset": 0, "length": 1}]),
        ("&amp;&quot;&#65;&#x42;&nbsp;", '&"AB&nbsp;', []),
        ("a > b", "a > b", []),
        ("<b></b>x", "x", []),
    ],
)
def test_tags_become_entities_in_utf16_units(source, text, entities):
    formatted = parse_html(source)

    assert formatted.text == text
    assert list(formatted.entities) == entities


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("a<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("é<x>y</x>", 'Unsupported start tag "x" at byte offset 2'),
        ("1 < 2", "Unclosed start tag at byte offset 2"),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b><i>x</b></i>", 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
    ],
)
def test_broken_markup_names_the_byte(source, problem):
    """Operators look for the byte, so it counts bytes, not letters."""
    with pytest.raises(Refusal) as refusal:
        parse_html(source)

    assert refusal.value.description == f"Bad Request: can't parse entities: {problem}"
