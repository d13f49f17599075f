"""The same message for everyone who reads it in Telegram: marked up, escaped, whole."""

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.channels.telegram.render import MAX_TEXT, render
from bot.domain.message import Button, Fact, Link, Message, MessageKind, Paragraph, ShownTime, Verb
from bot.domain.token import TapToken, sign
from bot.exceptions import MessageTooLong

DEADLINE = datetime(2025, 9, 28, 16, 59, 59, tzinfo=UTC)


class Seen(HTMLParser):
    """What a reader sees, and which tags there are; the platform's parser knows a handful of entities."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.text, self.tags, self.open = "", [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def rows(message, tokens):
    """The keyboard's rows, as the platform reads them."""
    return json.loads(render(message).keyboard(tokens) or "{}")["inline_keyboard"]


def units(text):
    return len(text.encode("utf-16-le")) // 2


def notice(**changes):
    whole = {
        "kind": MessageKind.NOTICE,
        "locale": "id",
        "headline": "Pembaruan kebijakan Claude: satu pilihan untuk Anda",
        "paragraphs": (
            Paragraph("Bolehkah percakapan baru Anda dipakai untuk melatih model?"),
            Paragraph("• Izinkan: disimpan sampai 5 tahun."),
            Paragraph("Tercakup: Free, Pro, Max.", long=True),
            Paragraph("Tidak tercakup: Work, Gov & Education.", long=True),
            Paragraph("Teks Indonesia mengikat."),
        ),
        "deadline": ShownTime("Pilih paling lambat {when}.", "Minggu, 28 September 2025, 23.59", DEADLINE),
        "choices": (
            Button("Izinkan pelatihan", Verb.OPT_IN),
            Button("Jangan izinkan pelatihan", Verb.OPT_OUT),
        ),
        "secondary": (
            Button("Ingatkan nanti", Verb.LATER),
            Link("Teks lengkap ↗", "https://example.org/a?b=1&c=2"),
        ),
    }
    return Message(**{**whole, **changes})


def test_a_notice_reads_as_it_was_drawn():
    """The headline first, since it is the notification; the long part folded, below what one must know."""
    assert render(notice()).html == (
        "<b>Pembaruan kebijakan Claude: satu pilihan untuk Anda</b>\n\n"
        "Bolehkah percakapan baru Anda dipakai untuk melatih model?\n\n"
        "• Izinkan: disimpan sampai 5 tahun.\n\n"
        'Pilih paling lambat <tg-time unix="1759078799">Minggu, 28 September 2025, 23.59</tg-time>.\n\n'
        "<blockquote expandable>Tercakup: Free, Pro, Max.\n\n"
        "Tidak tercakup: Work, Gov &amp; Education.</blockquote>\n\n"
        "Teks Indonesia mengikat."
    )


def test_each_choice_has_a_row_and_the_rest_share_the_last():
    """Rows are not mirrored for Arabic and their labels are not cut."""
    tokens = {Verb.OPT_IN: "a.i.x", Verb.OPT_OUT: "a.o.y", Verb.LATER: "a.l.z"}

    assert rows(notice(), tokens) == [
        [{"text": "Izinkan pelatihan", "callback_data": "a.i.x"}],
        [{"text": "Jangan izinkan pelatihan", "callback_data": "a.o.y"}],
        [
            {"text": "Ingatkan nanti", "callback_data": "a.l.z"},
            {"text": "Teks lengkap ↗", "url": "https://example.org/a?b=1&c=2"},
        ],
    ]


def test_no_buttons_no_keyboard():
    assert render(notice(choices=(), secondary=())).keyboard({}) is None


def test_the_two_answers_look_alike():
    """Neither has a style, an order of importance or a place that the other lacks."""
    tokens = {Verb.OPT_IN: "t", Verb.OPT_OUT: "t", Verb.LATER: "t"}

    assert [sorted(button) for row in rows(notice(), tokens)[:2] for button in row] == [
        ["callback_data", "text"]
    ] * 2


def test_a_receipt_shows_its_code_on_a_line_of_its_own():
    message = Message(
        kind=MessageKind.RECEIPT,
        locale="id",
        headline="Pembaruan kebijakan Claude",
        paragraphs=(Paragraph("Tercatat: Jangan izinkan pelatihan."),),
        facts=(Fact("Waktu", "25 September 2025 09.12"), Fact("Bukti", "<diunduh>")),
        ref="TEN-7F3K-92QD-4WX",
    )

    assert render(message).html == (
        "<b>Pembaruan kebijakan Claude</b>\n\nTercatat: Jangan izinkan pelatihan.\n\n"
        "Waktu: 25 September 2025 09.12\nBukti: &lt;diunduh&gt;\n\n<code>TEN-7F3K-92QD-4WX</code>"
    )


@pytest.mark.parametrize(
    ("locale", "line"),
    [
        ("en", "Code: X1"),
        ("fr", "Code\u202f: X1"),
        ("ja", "Code：X1"),
        ("zh_Hans", "Code：X1"),
        ("ar", "Code: \u2068X1\u2069"),
        ("ar-EG", "Code: \u2068X1\u2069"),
    ],
)
def test_a_fact_follows_the_typography_of_its_language(locale, line):
    """A Latin code in an Arabic line must not drag the punctuation to its own side."""
    assert line in render(notice(locale=locale, facts=(Fact("Code", "X1"),))).html


def test_our_own_words_of_the_time_are_what_is_seen():
    """With a `format` Telegram would put its own words, in the app's language and zone, in their place."""
    tags = dict(Seen(render(notice()).html).tags)

    assert tags["tg-time"] == {"unix": str(int(DEADLINE.timestamp()))}


def test_too_long_is_an_error_and_nothing_is_cut():
    """Half a notice would not be the one that was approved."""
    with pytest.raises(MessageTooLong) as caught:
        render(notice(paragraphs=(Paragraph("x" * MAX_TEXT, long=True),)))

    assert "shorten" in str(caught.value)


def test_the_limit_counts_what_is_seen():
    """Tags and escapes are free; letters outside the basic plane count twice."""
    ampersands = "&" * (MAX_TEXT - units(notice().headline) - 2)

    render(notice(paragraphs=(Paragraph(ampersands),), deadline=None))
    with pytest.raises(MessageTooLong):
        render(notice(paragraphs=(Paragraph(ampersands[:-1] + "🙂"),), deadline=None))


@pytest.mark.parametrize("token", ["", "x" * 65, "é" * 33])
def test_a_token_that_the_platform_would_refuse_is_a_bug(token):
    """One bad button fails the whole message, at the platform, for everyone."""
    with pytest.raises(ValueError, match="64 bytes"):
        render(notice()).keyboard({Verb.OPT_IN: token, Verb.OPT_OUT: "t", Verb.LATER: "t"})


@given(st.integers(min_value=0, max_value=2**63), st.sampled_from(Verb))
def test_every_token_fits_its_button(delivery, verb):
    message = Message(MessageKind.INFO, "en", "?", choices=(Button("b", verb),))
    token = sign(b"k" * 32, TapToken(delivery, verb), address="telegram:9999999999999")

    assert rows(message, {verb: token})[0][0]["callback_data"] == token


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=300)


@given(TEXT, st.lists(st.builds(Paragraph, TEXT, st.booleans()), max_size=12), TEXT, TEXT, st.integers(1, 20))
@example("<b>&amp;</b>", [Paragraph("</blockquote>", long=True)], '"{x}"', "a.b", 1)
@example("x", [Paragraph("😀" * 300)], "y", "z", 7)
def test_any_text_arrives_whole_or_not_at_all(headline, paragraphs, label, value, times):
    """Doubled, and doubled again: well-formed, with every character that was put in, or refused by name."""
    time = ShownTime("Until {when}.", value.replace("{when}", ""), DEADLINE)
    message = Message(
        MessageKind.NOTICE,
        "en",
        headline,
        paragraphs=tuple(paragraphs) * times,
        facts=(Fact(label, value),),
        deadline=time,
        ref=value,
    )
    texts = [
        headline,
        *(p.text for p in message.paragraphs),
        f"{label}: {value}",
        time.text,
        value,
    ]
    total = units("\n\n".join(texts))

    if total > MAX_TEXT:
        with pytest.raises(MessageTooLong):
            render(message)
        return
    seen = Seen(render(message).html)
    assert units(seen.text) == total <= MAX_TEXT
    assert not seen.open
    assert sorted(seen.text.replace("\n\n", "")) == sorted("".join(texts).replace("\n\n", ""))
    assert {tag for tag, _ in seen.tags} <= {"b", "blockquote", "code", "tg-time"}


def test_only_the_entities_that_the_platform_knows_are_used():
    html = render(notice(headline="a < b > c & d \" e ' f")).html

    assert set(re.findall(r"&\w+;", html)) == {"&lt;", "&gt;", "&amp;"}
