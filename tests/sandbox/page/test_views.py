"""Messages as the page shows them: marked up as the platform would, and never more than that."""

import pytest

from bot.sandbox.page.slack import mrkdwn, parts
from bot.sandbox.page.telegram import formatted
from bot.sandbox.telegram.markup import parse_html

EVIL = "<script>alert(1)</script>"


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("<b>a</b> &lt;b&gt;", "<b>a</b> &lt;b&gt;"),
        ("<b><i>a</i>b</b>", "<b><i>a</i>b</b>"),
        ("😀 <code>TEN</code>", "😀 <code>TEN</code>"),
        ('<a href="https://a.example/?x=1&amp;y=&quot;">a</a>',
         '<a href="https://a.example/?x=1&amp;y=&quot;" rel="noreferrer" target="_blank">a</a>'),
        ('<tg-time unix="1" format="D">today</tg-time>', "<time>today</time>"),
    ],
)  # fmt: skip
def test_telegram_text_is_shown_with_its_entities(sent, shown):
    content = parse_html(sent)

    assert formatted(content.text, content.entities) == shown


def test_a_long_quotation_is_folded_after_its_first_line():
    content = parse_html("a\n<blockquote expandable>Who\nEverybody</blockquote>\nb")

    html = formatted(content.text, content.entities)

    assert html == "a\n<details><summary>Who</summary>Everybody</details>b"


def test_what_a_person_wrote_in_telegram_is_text():
    assert formatted(EVIL, ()) == "&lt;script&gt;alert(1)&lt;/script&gt;"


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("*a* `b` &lt;c&gt;", "<b>a</b> <code>b</code> &lt;c&gt;"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("<!date^1^{date}|Sunday *28*>", "<time>Sunday *28*</time>"),
        ("<https://a.example/?a=1&amp;b=2|here>",
         '<a href="https://a.example/?a=1&amp;b=2" rel="noreferrer" target="_blank">here</a>'),
        ("<javascript:alert(1)|here>", "&lt;javascript:alert(1)|here&gt;"),
        (EVIL, "&lt;script&gt;alert(1)&lt;/script&gt;"),
        (">Who\n>Everybody", '<details><summary>Who</summary>Everybody</details>'),
    ],
)  # fmt: skip
def test_slack_text_is_shown_with_its_marks(sent, shown):
    assert mrkdwn(sent) == shown


def test_plain_text_of_slack_has_no_marks():
    blocks: list[dict[str, object]] = [{"type": "header", "text": {"type": "plain_text", "text": EVIL}}]

    [part] = parts(blocks)

    assert part.html == "&lt;script&gt;alert(1)&lt;/script&gt;"
