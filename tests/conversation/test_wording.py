"""What the bot says in a talk."""

from dataclasses import replace

import pytest

from bot.conversation import plain_words, wording
from bot.domain.choice import ChoiceValue
from bot.domain.later import LaterOption
from bot.domain.message import Button, MessageKind, Verb
from bot.i18n import LOCALES
from tests.words import DEADLINE, RECORD, replies, template, words


def test_the_receipt_in_indonesian_is_the_one_that_was_drawn():
    """What was recorded, when, under which code, and one tap to change it."""
    receipt = wording.receipt(template("id"), RECORD)

    assert receipt.headline == "Pembaruan kebijakan Claude"
    assert receipt.paragraphs[0].text == "Tercatat: Jangan izinkan pelatihan."
    assert [(fact.label, fact.value) for fact in receipt.facts] == [("Bukti", "25 September 2025 09.12")]
    assert receipt.ref == "TEN-7F3K-92QD-4WX"
    assert receipt.choices == (Button("Ubah: izinkan pelatihan", Verb.OPT_IN),)


@pytest.mark.parametrize("locale", LOCALES)
def test_both_answers_get_the_same_receipt(locale):
    """Neither is thanked for, and neither is regretted."""
    words_of = template(locale)
    opted_in = wording.receipt(words_of, replace(RECORD, value=ChoiceValue.OPT_IN))
    opted_out = wording.receipt(words_of, RECORD)

    said_in = opted_in.paragraphs[0].text.replace(words_of.label(ChoiceValue.OPT_IN), "X")
    said_out = opted_out.paragraphs[0].text.replace(words_of.label(ChoiceValue.OPT_OUT), "X")
    assert said_in == said_out
    assert opted_in.paragraphs[1:] == opted_out.paragraphs[1:]
    assert opted_in.headline == opted_out.headline
    assert not opted_in.asks
    assert not opted_out.asks


@pytest.mark.parametrize("locale", LOCALES)
def test_a_receipt_does_not_claim_what_has_not_happened(locale):
    """Recorded with the operator is one thing, applied in the product another."""
    words_of = template(locale)
    recorded = wording.receipt(words_of, RECORD)
    applied = wording.receipt(words_of, RECORD, applied=True)

    assert recorded.paragraphs[1].text != applied.paragraphs[1].text
    assert "Contoh Operator" in recorded.paragraphs[1].text
    assert "Claude" in recorded.paragraphs[1].text


def test_a_late_answer_is_an_answer_and_says_so():
    """One sentence more than in time."""
    late = wording.receipt(template("id"), RECORD, late=True)

    assert late.paragraphs[1].text == "Jawaban Anda tiba sesudah batas waktu; jawaban itu tetap dicatat."
    assert len(late.paragraphs) == len(wording.receipt(template("id"), RECORD).paragraphs) + 1


@pytest.mark.parametrize("locale", LOCALES)
def test_whoever_has_not_answered_finds_both_answers(locale):
    """Wherever a talk stands, the question can be answered from there."""
    told = replies(locale)

    for name in ("status, open", "status, muted", "ask again", "snooze", "snoozed", "nothing to put off"):
        assert told[name].choices == template(locale).answers, name


def test_later_offers_what_it_is_given():
    """Beside both answers, in the order given."""
    message = wording.snooze_options(template("id"), (LaterOption.TOMORROW, LaterOption.DAY_BEFORE))

    assert message.secondary == (
        Button("Besok", Verb.LATER_TOMORROW),
        Button("Sehari sebelum batas waktu", Verb.LATER_DAY_BEFORE),
    )


def test_stopping_is_neither_a_yes_nor_a_no():
    """It says so, and one tap takes it back."""
    muted = plain_words.muted(words("id"))

    assert "maupun tidak" in muted.paragraphs[0].text
    assert muted.secondary == (Button("Kirimi saya pesan lagi", Verb.RESUME),)


def test_the_state_tells_until_when_and_whether_messages_are_off():
    """Somebody who asked for silence is reminded of it, not of the deadline alone."""
    status = wording.status_open(template("id"), deadline=DEADLINE, muted=True)

    assert status.deadline is not None
    assert status.deadline.text == (
        "Batas waktunya Minggu, 28 September 2025, 23.59 waktu Anda; jawaban sesudah itu tetap dicatat."
    )
    assert status.secondary == (Button("Kirimi saya pesan lagi", Verb.RESUME),)


@pytest.mark.parametrize("locale", LOCALES)
def test_what_is_shown_above_the_chat_fits_there(locale):
    """Telegram refuses a longer one."""
    assert 0 < len(plain_words.not_saved(words(locale))) <= plain_words.TOAST


@pytest.mark.parametrize("locale", LOCALES)
def test_every_reply_stands_in_its_language_with_no_place_left_open(locale):
    """And ends with the line that says who translated it."""
    for name, message in replies(locale).items():
        original = name == "receipt, original"
        assert message.locale == ("id" if original else locale)
        assert (message.footnote is None) is (original or locale == "id"), name
        assert not any("{" in text for text in [message.headline, *(p.text for p in message.paragraphs)])


@pytest.mark.parametrize("locale", sorted(set(LOCALES) - {"id"}))
def test_a_message_about_a_campaign_leads_to_the_original_and_back(locale):
    """The way back is named in the reader's own language."""
    told = replies(locale)

    assert _verbs(told["receipt"].secondary) == [Verb.RECEIPT, Verb.ORIGINAL]
    assert _verbs(told["receipt, original"].secondary) == [Verb.RECEIPT, Verb.TRANSLATION]
    assert _verbs(told["muted"].secondary) == [Verb.RESUME]


def test_kinds_tell_replies_apart():
    """The channels and the log go by them."""
    told = replies("en")

    assert told["receipt"].kind is MessageKind.RECEIPT
    assert told["ask again"].kind is MessageKind.ASK_AGAIN
    assert told["help"].kind is MessageKind.HELP
    assert told["stranger"].kind is MessageKind.INFO


def _verbs(entries: tuple[object, ...]) -> list[Verb]:
    return [entry.verb for entry in entries if isinstance(entry, Button)]
