"""What simulated people write, in six languages: plain words, and words that nobody should take for an answer."""

from collections.abc import Mapping
from html import escape
from random import Random

from bot.domain.reply import Intent

MOTHER_TONGUE = "id"  # of those whose language nobody knows

PHRASES: Mapping[str, Mapping[Intent, tuple[str, ...]]] = {
    "id": {
        Intent.OPT_IN: ("Ya, setuju", "Boleh", "Saya izinkan"),
        Intent.OPT_OUT: ("Tidak", "Jangan", "Saya tidak setuju, terima kasih"),
        Intent.LATER: ("Nanti saja", "Ingatkan saya besok"),
        Intent.STOP: ("Berhenti", "Jangan kirim pesan lagi"),
        Intent.UNCLEAR: ("Oke", "Ini maksudnya apa?", "Ya tapi jangan semua"),
    },
    "en": {
        Intent.OPT_IN: ("Yes", "I agree", "Yes, please"),
        Intent.OPT_OUT: ("No", "I don't agree", "No, thanks"),
        Intent.LATER: ("Later", "Remind me tomorrow"),
        Intent.STOP: ("Stop", "Unsubscribe"),
        Intent.UNCLEAR: ("ok", "Is this a scam?", "yes and no"),
    },
    "zh": {
        Intent.OPT_IN: ("同意", "可以", "我愿意"),
        Intent.OPT_OUT: ("不同意", "不", "我拒绝"),
        Intent.LATER: ("以后再说", "明天提醒我"),
        Intent.STOP: ("退订", "停止"),
        Intent.UNCLEAR: ("好的", "这是什么？"),
    },
    "ja": {
        Intent.OPT_IN: ("はい", "同意します", "許可します"),
        Intent.OPT_OUT: ("いいえ", "同意しません", "お断りします"),
        Intent.LATER: ("後で", "明日知らせてください"),
        Intent.STOP: ("停止", "停止してください"),
        Intent.UNCLEAR: ("大丈夫です", "どういう意味ですか？"),
    },
    "ar": {
        Intent.OPT_IN: ("نعم", "أوافق", "موافق"),
        Intent.OPT_OUT: ("لا", "أرفض", "لا أوافق"),
        Intent.LATER: ("لاحقا", "ذكرني غدا"),
        Intent.STOP: ("توقف", "إلغاء الاشتراك"),
        Intent.UNCLEAR: ("إن شاء الله", "ما هذا؟"),
    },
    "fr": {
        Intent.OPT_IN: ("Oui", "J'accepte", "Je suis d'accord"),
        Intent.OPT_OUT: ("Non", "Je refuse", "Je ne suis pas d'accord"),
        Intent.LATER: ("Plus tard", "Rappelez-moi demain"),
        Intent.STOP: ("Stop", "Désabonnez-moi"),
        Intent.UNCLEAR: ("D'accord", "C'est quoi ?"),
    },
}


def phrase(locale: str | None, intent: Intent, random: Random) -> str:
    """Words that somebody who speaks `locale` means so."""
    tongue = (locale or MOTHER_TONGUE).partition("-")[0]
    return random.choice(PHRASES.get(tongue, PHRASES[MOTHER_TONGUE])[intent])


def is_answer(text: str) -> bool:
    """Whether this is what somebody of ours writes as an answer, by the people and not by the lexicon."""
    return text in ANSWERS


ANSWERS = frozenset(
    written
    for phrases in PHRASES.values()
    for intent in (Intent.OPT_IN, Intent.OPT_OUT)
    for said in phrases[intent]
    for written in (said, escape(said, quote=False))  # as Slack hands it on
)
