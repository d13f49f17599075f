"""A campaign's messages are put together from whatever its template says."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.campaigns.wording import Template, compose
from bot.domain.message import Button, Link, MessageKind, Verb
from bot.exceptions import BadFile
from bot.i18n import BOT, LOCALES, Catalogs
from tests.words import CAMPAIGN_KINDS, CATALOGS, DEADLINE, DOCUMENT, OPERATOR, composed, template

HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Plural-Forms: nplurals=1; plural=0;\\n"\n'
SEAT_BELTS = {
    "title": "Seat belts",
    "question": "May we beep?",
    "choice.opt_in": "Beep",
    "choice.opt_out": "Do not beep",
    "notice.headline": "Your car may beep.",
    "notice.paragraph.10": "tenth",
    "notice.paragraph.2": "second",
    "notice.long.1": "Ask {operator}.",
}


def test_the_notice_in_indonesian_is_the_one_that_was_drawn():
    """The authoritative words, part by part."""
    notice = composed(MessageKind.NOTICE, "id")

    assert notice.headline == "Pembaruan kebijakan Claude: satu pilihan untuk Anda"
    assert notice.paragraphs[1].text.split("\n") == [
        "• Izinkan: disimpan sampai 5 tahun.",
        "• Jangan izinkan: disimpan 30 hari, seperti sebelumnya.",
        "• Tanpa pilihan: sesudah batas waktu, Claude meminta Anda memilih sebelum dapat melanjutkan.",
    ]
    assert notice.deadline is not None
    assert notice.deadline.text == "Pilih paling lambat Minggu, 28 September 2025, 23.59 waktu Anda."
    assert [button.label for button in notice.choices] == ["Izinkan pelatihan", "Jangan izinkan pelatihan"]
    assert notice.secondary == (
        Button("Ingatkan nanti", Verb.LATER),
        Link("Teks lengkap", DOCUMENT.link),
    )
    assert notice.footnote is None


@pytest.mark.parametrize("kind", CAMPAIGN_KINDS)
@pytest.mark.parametrize("locale", LOCALES)
def test_every_message_stands_in_every_language(kind, locale):
    """In that language throughout, with no place left open."""
    message = composed(kind, locale)

    parts = [message.headline, *(paragraph.text for paragraph in message.paragraphs)]
    assert message.locale == locale
    assert not any("{" in part for part in parts)
    assert message.deadline is None or message.deadline.sentence.count("{when}") == 1


def test_later_stands_beside_both_answers_and_not_on_the_last_reminder():
    """There is nothing left to put off then."""
    offered = {
        kind: any(isinstance(entry, Button) and entry.verb is Verb.LATER for entry in message.secondary)
        for kind in CAMPAIGN_KINDS
        for message in [composed(kind, "id")]
    }

    assert [kind for kind, later in offered.items() if later] == [
        MessageKind.NOTICE,
        MessageKind.REMINDER,
        MessageKind.CORRECTION,
    ]


def test_the_closing_note_asks_nothing():
    """The buttons above keep working; it offers none itself."""
    closing = composed(MessageKind.CLOSING, "id")

    assert not closing.asks
    assert closing.deadline is None


@pytest.mark.parametrize("kind", CAMPAIGN_KINDS)
@pytest.mark.parametrize("locale", LOCALES)
def test_after_a_move_the_old_date_is_not_shown_again(kind, locale):
    """Not even to say that it no longer holds."""
    moved = compose(
        kind,
        document=DOCUMENT,
        locale=locale,
        deadline=datetime(2025, 10, 8, 16, 59, 59, tzinfo=UTC),
        zone="Asia/Jakarta",
        operator=OPERATOR,
        catalogs=CATALOGS,
    )

    said = "\n".join([moved.headline, *(paragraph.text for paragraph in moved.paragraphs)])
    assert "28" not in said + (moved.deadline.text if moved.deadline else "")
    assert moved.deadline is None or "8" in moved.deadline.text


def test_without_a_zone_the_deadline_is_shown_in_the_campaigns_by_name():
    """ "Your time" would be a guess."""
    message = composed(MessageKind.REMINDER, "en", zone=None)

    assert message.deadline is not None
    assert message.deadline.when == "Sunday, September 28, 2025, 11:59\u202fPM (Western Indonesia Time)"


def test_a_machines_words_say_so_and_lead_to_the_original_and_back():
    """What counts is one tap away."""
    translated = composed(MessageKind.NOTICE, "fr")
    original = composed(MessageKind.NOTICE, "id", back_to="fr")

    assert translated.footnote is not None
    assert "Bahasa Indonesia" in translated.footnote
    assert translated.secondary[-1] == Button("Afficher\u202f: Bahasa Indonesia", Verb.ORIGINAL)
    assert original.headline == composed(MessageKind.NOTICE, "id").headline
    assert original.secondary[-1] == Button("Afficher\u202f: Français", Verb.TRANSLATION)


def test_arabic_keeps_its_direction():
    """Each line begins in it, and a value does not turn it round."""
    notice = composed(MessageKind.NOTICE, "ar")

    lines = [line for paragraph in notice.paragraphs for line in paragraph.text.split("\n")]
    assert all(line[0] == "\u200f" or "\u0600" <= line[0] <= "\u06ff" for line in lines)
    assert f"\u2068{OPERATOR}\u2069" in "\n".join(lines)
    assert notice.deadline is not None
    assert "\u2068{when}\u2069" in notice.deadline.sentence


def test_an_operator_without_a_name_is_called_what_it_is():
    """An empty setting must not leave a hole in the sentence."""
    unnamed = Template.of(DOCUMENT, locale="en", zone=None, operator="", catalogs=CATALOGS)

    assert (
        unnamed.text("notice.paragraph.2")
        == "This message is from the operator of this bot, not from Anthropic."
    )


def test_an_unknown_language_gets_the_authoritative_words():
    """The whole message, not parts of it."""
    assert composed(MessageKind.NOTICE, "pt") == composed(MessageKind.NOTICE, "id")


def test_another_template_makes_another_campaign(tmp_path):
    """Nothing of the shipped campaign is wired in: places are walked, in their order."""
    catalogs = _with_template(tmp_path, SEAT_BELTS)
    document = replace(DOCUMENT, template="seat-belts")

    message = compose(
        MessageKind.NOTICE,
        document=document,
        locale="id",
        deadline=DEADLINE,
        zone="Asia/Jakarta",
        operator=OPERATOR,
        catalogs=catalogs,
    )

    assert [(paragraph.text, paragraph.long) for paragraph in message.paragraphs] == [
        ("May we beep?", False),
        ("second", False),
        ("tenth", False),
        (f"Ask {OPERATOR}.", True),
    ]
    assert message.deadline is None


def test_a_template_without_a_needed_place_is_refused(tmp_path):
    """Better no message than one without a headline."""
    catalogs = _with_template(tmp_path, {"title": "Seat belts", "question": "May we beep?"})
    document = replace(DOCUMENT, template="seat-belts")

    with pytest.raises(BadFile, match=r"key `closing\.headline`"):
        compose(
            MessageKind.CLOSING,
            document=document,
            locale="id",
            deadline=DEADLINE,
            zone=None,
            operator=OPERATOR,
            catalogs=catalogs,
        )


@pytest.mark.parametrize("locale", LOCALES)
def test_the_answers_read_the_same_wherever_they_stand(locale):
    """Their words, their order and their style never change."""
    answers = template(locale).answers

    assert {composed(kind, locale).choices for kind in CAMPAIGN_KINDS} == {answers, ()}


def _with_template(folder: Path, texts: dict[str, str]) -> Catalogs:
    entries = [f'msgctxt "{place}"\nmsgid "{text}"\nmsgstr "{text}"\n' for place, text in texts.items()]
    place = folder / "id" / "LC_MESSAGES"
    place.mkdir(parents=True)
    (place / "seat-belts.po").write_text("\n".join([HEAD, *entries]), encoding="utf-8")
    shipped = CATALOGS.for_locale("id", BOT)
    (place / "bot.po").write_bytes(shipped.path.read_bytes())
    return Catalogs.load(folder)
