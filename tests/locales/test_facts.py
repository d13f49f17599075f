"""What the shipped campaign says, held against the facts and against fairness, in every language."""

import re
import unicodedata

import pytest

from bot.domain.choice import ChoiceValue
from bot.domain.message import Button, Message, MessageKind, Verb
from bot.i18n import LOCALES
from tests.words import CAMPAIGN_KINDS, CATALOGS, DOCUMENT, composed, replies, template

KNOWN = {f"F{n:02}" for n in (*range(1, 20), 22)}
NOTICE = {f"F{n:02}" for n in (*range(1, 6), *range(7, 18), 22)} | {"F06"}
LAST_REMINDER = {"F14", "F16", "F17"}
WITHOUT_FACTS = {"notice.paragraph.2", "reminder.paragraph.2", "closing.paragraph.4"}  # who speaks
WITHOUT_FACTS |= {"notice.long.1", "closing.paragraph.1"}  # a heading; that nothing was recorded
NAMES = (
    "Anthropic", "Claude Free", "Pro", "Max", "Claude Code", "Claude for Work", "Team", "Enterprise", "Claude Gov",
    "Claude for Education", "API", "Amazon Bedrock", "Google Cloud Vertex AI",
)  # fmt: skip
PRESSURE = {
    "id": r"kesempatan terakhir|segera|buruan|cepat|sekarang juga|hanya tersisa|tinggal \d|jangan lewatkan|ayo",
    "en": r"last chance|hurry|act now|only .* left|don.t miss|urgent|immediately|right now|final call",
    "zh": r"最后机会|赶快|尽快|立即行动|马上|仅剩|只剩|不要错过|抓紧",
    "ja": r"最後のチャンス|今すぐ|急いで|お急ぎ|お見逃しなく|残りわずか|あと\d",
    "ar": r"فرصة أخيرة|الفرصة الأخيرة|أسرع|سارع|عاجل|لم يتبق|لا تفوت",
    "fr": r"dernière chance|dépêchez|vite|agissez|plus que|ne manquez pas|urgent",
}
STEERING = {
    "id": r"bantu kami|membantu|donasi|sumbang|bergabung|terima kasih (atas|karena)|dukung",
    "en": r"\bhelp us|donate|\bjoin\b|thank you for|support us|contribute",
    "zh": r"帮助我们|捐|加入我们|感谢您的|支持我们|贡献",
    "ja": r"ご協力|寄付|参加して|ありがとうございます|応援",
    "ar": r"ساعدنا|تبرع|انضم|شكرا ل|ادعم",
    "fr": r"aidez.nous|don de|faites un don|rejoignez|merci de votre|soutenez|contribu",
}
FALSE = {
    "id": r"dianggap (setuju|menyetujui)|berarti setuju|semua percakapan lama|lebih lambat|mayoritas|persen|%",
    "en": r"consider(ed)? .*consent|means? (that )?you (agree|consent)|all (your )?past|slower|most users|percent|%",
    "zh": r"视为同意|默认同意|所有(过去|历史|旧)|变慢|多数用户|%|％",
    "ja": r"同意したものとみな|すべての過去|遅くなり|多くの利用者|%|％",
    "ar": r"يعد موافقة|يُعدّ موافقة|بمثابة موافقة|جميع المحادثات السابقة|أبطأ|معظم المستخدمين|%|٪",
    "fr": r"vaut (acceptation|consentement)|réputé|toutes (vos|les) anciennes|plus lent|plupart des utilisateurs|%",
}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(("kind", "required"), [("notice", NOTICE), ("last_reminder", LAST_REMINDER)])
def test_every_required_fact_is_said(locale, kind, required):
    """The informed core, whatever the language."""
    places = CATALOGS.for_locale(locale, DOCUMENT.template).places
    shared = ("question", "choice.")  # they stand in every message that asks
    used = [place.facts for place in places if place.name.startswith((f"{kind}.", *shared))]

    assert required <= frozenset().union(*used)


@pytest.mark.parametrize("locale", LOCALES)
def test_every_sentence_rests_on_a_known_fact(locale):
    """What is not among the facts is not said."""
    for place in CATALOGS.for_locale(locale, DOCUMENT.template).places:
        assert place.facts <= KNOWN
        assert place.facts or place.name in WITHOUT_FACTS, place.name


@pytest.mark.parametrize("locale", LOCALES)
def test_the_notice_names_every_product_that_is_covered_or_is_not(locale):
    """A comment with a fact's number proves nothing if the words are gone."""
    said = re.sub("[\u2068\u2069]", "", text(composed(MessageKind.NOTICE, locale)))

    assert [name for name in NAMES if name not in said] == []
    assert "30" in said
    assert "5" in said


@pytest.mark.parametrize("locale", LOCALES)
def test_every_message_says_who_speaks_and_that_it_is_not_anthropic(locale):
    """The bot is the operator's."""
    for kind in CAMPAIGN_KINDS:
        said = text(composed(kind, locale))
        assert "Contoh Operator" in said
        assert "Anthropic" in said


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("deny", [PRESSURE, STEERING, FALSE], ids=["pressure", "steering", "false"])
def test_nothing_presses_steers_or_misleads(locale, deny):
    """In no message, and in the words of no language."""
    for kind in CAMPAIGN_KINDS:
        found = re.search(deny[locale], text(composed(kind, locale)), re.IGNORECASE)
        assert found is None, (kind, found)


@pytest.mark.parametrize("locale", LOCALES)
def test_the_two_answers_are_equal(locale):
    """One of each, in one order, in words of like length, wherever the question is put."""
    labels = {tuple(composed(kind, locale).choices) for kind in CAMPAIGN_KINDS[:-1]}
    (pair,) = labels
    lengths = sorted(len(button.label) for button in pair)

    assert [button.verb for button in pair] == [Verb.OPT_IN, Verb.OPT_OUT]
    assert lengths[1] / lengths[0] <= 1.6


@pytest.mark.parametrize("locale", LOCALES)
def test_a_change_is_as_near_as_the_answer_was(locale):
    """The button of a receipt names the other answer, in the same words."""
    words = template(locale)
    for value in ChoiceValue:
        label = words.label(value)
        assert words.change_to(value).label.casefold().endswith(label.casefold())


@pytest.mark.parametrize("locale", LOCALES)
def test_what_rises_is_brevity(locale):
    """A reminder is never longer than the notice, nor the last one than those before."""
    notice, reminder, last, *_ = (len(text(composed(kind, locale))) for kind in CAMPAIGN_KINDS)

    assert notice > reminder > last


@pytest.mark.parametrize("locale", LOCALES)
def test_no_date_stands_in_the_words_themselves(locale):
    """The deadline is data, and it did move."""
    catalog = CATALOGS.for_locale(locale, DOCUMENT.template)
    for place in catalog.places:
        said = catalog.at(place.name) or ""
        assert set(re.findall(r"\d+", said)) <= {"5", "30"}
        assert not re.search(r"septem|oktober|octob|سبتمبر|أكتوبر|\d月", said, re.IGNORECASE)


@pytest.mark.parametrize("locale", LOCALES)
def test_the_voice_is_calm(locale):
    """No exclamation marks, no emoji, no capitals for stress."""
    messages = [composed(kind, locale) for kind in CAMPAIGN_KINDS] + list(replies(locale).values())
    for message in messages:
        said = text(message)
        assert not set("!！") & set(said)
        assert not [letter for letter in said if unicodedata.category(letter) == "So"]
        assert set(re.findall(r"\b[A-Z]{3,}\b", said)) <= {"API", "TEN"}


@pytest.mark.parametrize("locale", LOCALES)
def test_silence_is_said_to_be_no_answer(locale):
    """The closing note asks nothing and claims nothing."""
    closing = composed(MessageKind.CLOSING, locale)

    assert closing.choices == ()
    assert len([paragraph for paragraph in closing.paragraphs if not paragraph.long]) == 4


def text(message: Message) -> str:
    """All that is read of a message, the buttons too."""
    buttons = [button.label for button in message.choices]
    buttons += [entry.label for entry in message.secondary if isinstance(entry, Button)]
    parts = [message.headline, *(paragraph.text for paragraph in message.paragraphs), *buttons]
    parts += [message.deadline.sentence if message.deadline else ""]
    return "\n".join([*parts, message.ref or ""])
