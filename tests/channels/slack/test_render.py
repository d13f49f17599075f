"""Messages as blocks: whole, within Slack's limits, and with nothing of Slack's markup made by data."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.slack.render import escaped, render, split, template, when
from bot.domain.message import Button, Fact, Link, Message, MessageKind, Paragraph, ShownTime, Verb
from bot.exceptions import MessageTooLong
from bot.sandbox.slack.blocks import problems_of_message, text_size

TOKENS = {verb: f"7.{verb}.signature" for verb in Verb}
HOSTILE = "<!channel> <@U1> & *bold* <https://evil.example|bank>"


def blocks_of(message: Message) -> list[dict[str, Any]]:
    return [dict(block) for block in render(message, TOKENS).blocks]


def texts_in(value: object) -> list[str]:
    """Every text that stands anywhere in these blocks."""
    if isinstance(value, dict):
        return [value["text"]] if isinstance(value.get("text"), str) else texts_in(list(value.values()))
    return [text for item in value for text in texts_in(item)] if isinstance(value, list) else []


def test_the_notification_is_the_headline(notice):
    """Mobile notifications and screen readers get the text alone, so it is the sentence on top."""
    shown = render(notice, TOKENS)

    assert shown.text == notice.headline
    assert texts_in([shown.blocks[0]]) == [f"*{notice.headline}*"]


def test_the_template_says_what_the_blocks_say(notice):
    """One message for many people is written once; each then gets what would have been written for them."""
    link = Link("Lihat", "https://example.org/?a=1&b=2")
    for message in (
        notice,
        replace(notice, secondary=(*notice.secondary, link)),
        replace(notice, choices=()),
    ):
        shown, written = render(message, TOKENS), template(message)

        assert json.loads(written.text) == shown.text
        assert json.loads(written.blocks(TOKENS)) == shown.blocks


def test_the_parts_stand_in_reading_order(notice):
    message = replace(notice, facts=(Fact("Bukti", "TEN-1"),), ref="TEN-1", footnote="Terjemahan mesin.")

    kinds = [block["type"] for block in blocks_of(message)]

    # headline, question, facts, deadline, the long part; code, last line; answers, the rest
    assert kinds == ["section"] * 5 + ["context"] * 2 + ["actions"] * 2


def test_both_answers_stand_in_one_row_in_order_and_in_one_style(notice):
    answers = blocks_of(notice)[-2]

    assert [button["text"]["text"] for button in answers["elements"]] == [c.label for c in notice.choices]
    assert [button["value"] for button in answers["elements"]] == [TOKENS[c.verb] for c in notice.choices]
    assert all(button.keys() == {"type", "action_id", "text", "value"} for button in answers["elements"])


def test_what_is_no_answer_stands_in_a_row_of_its_own(notice):
    later, link = blocks_of(notice)[-1]["elements"]

    assert later["value"] == TOKENS[Verb.LATER]
    assert link["url"] == "https://example.org/full"
    assert "value" not in link


def test_every_button_has_an_id_of_its_own(notice):
    rows = blocks_of(notice)[-2:]

    ids = [button["action_id"] for row in rows for button in row["elements"]]

    assert len(set(ids)) == len(ids) == 4


def test_what_may_be_long_may_be_folded_and_nothing_else(notice):
    """Slack folds a section that need not expand; the question and the date always stand open."""
    sections = [block for block in blocks_of(notice) if block["type"] == "section"]

    assert [section["expand"] for section in sections] == [True, True, True, False]
    assert sections[-1]["text"]["text"] == ">Siapa yang terkena.\n>Data apa."


def test_the_long_parts_are_one_quotation(notice):
    """Slack folds a section as a whole: one "see more" opens all of it."""
    message = replace(notice, paragraphs=(Paragraph("Siapa.", long=True), Paragraph("Data apa.", long=True)))

    assert blocks_of(message)[-3]["text"]["text"] == ">Siapa.\n>\n>Data apa."


def test_a_message_without_buttons_has_no_rows():
    message = Message(MessageKind.INFO, "en", "Nothing to decide.")

    assert [block["type"] for block in blocks_of(message)] == ["section"]


def test_data_cannot_mention_link_or_format_by_slacks_codes():
    message = Message(
        MessageKind.STAFF,
        "en",
        HOSTILE,
        paragraphs=(Paragraph(HOSTILE), Paragraph(HOSTILE, long=True)),
        facts=(Fact(HOSTILE, HOSTILE),),
        deadline=ShownTime(f"{HOSTILE} {{when}}", HOSTILE, datetime(2025, 9, 28, tzinfo=UTC)),
        ref=HOSTILE,
        footnote=HOSTILE,
    )

    for text in [render(message, TOKENS).text, *texts_in(blocks_of(message))]:
        assert "<" not in text
        assert "&lt;!channel&gt;" in text


def test_plain_words_are_not_made_into_links_either(notice):
    """By default Slack links addresses and channel names that it finds in a text."""
    marked = [block["text"] for block in blocks_of(notice) if block["type"] == "section"]

    assert all(text["type"] == "mrkdwn" and text["verbatim"] for text in marked)


def test_the_deadline_shows_our_own_words_to_every_reader(notice):
    """Slack's own words would be in the zone of the profile; the deadline is on the recipient's clock."""
    assert when(notice.deadline) == (
        "Pilih paling lambat <!date^1759078799^Minggu, 28 September 2025, 23.59|"
        "Minggu, 28 September 2025, 23.59> waktu Anda."
    )


@pytest.mark.parametrize("words", ["28^9", "28|9", "{date}", "28\n9", "", " "])
def test_words_that_would_break_slacks_date_stand_as_they_are(words):
    shown = ShownTime("Until {when}.", words, datetime(2025, 9, 28, tzinfo=UTC))

    assert when(shown) == f"Until {words}."


def test_a_label_longer_than_slack_takes_is_refused_not_cut(notice):
    """An answer that is cut is no longer the answer that was approved."""
    message = replace(notice, choices=(Button("x" * 76, Verb.OPT_IN), notice.choices[1]))

    with pytest.raises(MessageTooLong, match="76 characters on a button, Slack takes 75"):
        render(message, TOKENS)


def test_a_text_longer_than_slack_takes_is_refused_not_cut(notice):
    message = replace(notice, paragraphs=(Paragraph("word " * 3000),))

    with pytest.raises(MessageTooLong):
        render(message, TOKENS)


def test_more_blocks_than_slack_takes_are_refused_not_cut(notice):
    message = replace(notice, paragraphs=(Paragraph("word"),) * 50)

    with pytest.raises(MessageTooLong, match="54 blocks"):
        render(message, TOKENS)


@given(text=st.text(alphabet=st.sampled_from("ab& <>.\n。é")), length=st.integers(20, 60))
def test_a_split_loses_nothing_but_white_space(text, length):
    safe = escaped(text)

    parts = list(split(safe, length))

    assert all(0 < len(part) <= length for part in parts)
    assert "".join("".join(parts).split()) == "".join(safe.split())
    assert all(part.count("&") == part.count(";") for part in parts)


words = st.text(min_size=1, max_size=200).filter(str.strip)
labels = st.text(min_size=1, max_size=75).filter(str.strip)
times = st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
messages = st.builds(
    Message,
    kind=st.sampled_from(MessageKind),
    locale=st.sampled_from(["id", "en", "zh", "ja", "ar", "fr"]),
    headline=st.text(min_size=1, max_size=400).filter(str.strip),
    paragraphs=st.lists(
        st.builds(Paragraph, st.text(max_size=50).map(lambda text: text * 80), st.booleans()), max_size=3
    ).map(tuple),
    facts=st.lists(st.builds(Fact, words, words), max_size=12).map(tuple),
    deadline=st.none() | st.builds(ShownTime, words.map(lambda text: text + "{when}"), words, times),
    choices=st.lists(st.builds(Button, labels, st.sampled_from(Verb)), max_size=4).map(tuple),
    secondary=st.lists(
        st.builds(Button, labels, st.sampled_from(Verb)) | st.builds(Link, labels, st.just("https://x.org")),
        max_size=2,
    ).map(tuple),
    ref=st.none() | words,
    footnote=st.none() | words,
)


@given(message=messages)
def test_whatever_is_rendered_is_within_slacks_limits(message):
    """Else Slack refuses the message for everyone."""
    try:
        shown = render(message, TOKENS)
    except MessageTooLong:
        return

    blocks = [dict(block) for block in shown.blocks]
    assert problems_of_message(blocks) == ()
    assert text_size(blocks) <= 13_200
    assert 0 < len(shown.text) <= 4000
