"""Rules about what is said: 3, 4, 5, 9 and 11."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime

from bot.domain.fairness.case import Case, Deed, DenyList, Finding, Rule, Shown
from bot.domain.fairness.phrases import count_of, first_of, plain, sentences, unquoted
from bot.domain.template import NO_FACT, PLACEHOLDER, LocaleWords

NUMERIC_DATE = re.compile(
    r"\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}|(?<![\d.])\d{1,2}/\d{1,2}(?![\d/])|\d+\s*[月]\s*\d+"
)
SHOUTED = re.compile(r"\b[A-Z]{2,}(?:\s+[A-Z]{2,})+\b|\b[A-Z]{5,}\b")
FOREIGN_RUN = re.compile(r"(?:[A-Za-z]+[ ,;:'’-]+){5,}[A-Za-z]+")  # names are four words at most
OWN_SCRIPT = {
    "zh": ("CJK",),
    "ja": ("CJK", "HIRAGANA", "KATAKANA"),
    "ar": ("ARABIC",),
}
KANA = ("HIRAGANA", "KATAKANA")
LEAST_JAPANESE = 8  # Chinese characters without one kana among them are not Japanese


def silence_is_no_answer(case: Case) -> Iterator[Finding]:
    """Rule 3, words: no sentence turns silence into an answer."""
    for place, locale, text in _everything(case):
        deny = case.deny[locale]
        for sentence in sentences(text):
            if _answers_for_the_silent(deny, sentence):
                yield Finding(
                    Rule.NOTHING_PRESET,
                    place,
                    sentence,
                    "The sentence makes an answer of silence.",
                    "Say what a missing choice means in the product; it is never a yes or a no.",
                )


def no_pressure(case: Case) -> Iterator[Finding]:
    """Rule 4: no hurry, no alarm, no date but the deadline's own."""
    for place, locale, text in _everything(case):
        yield from _pressed(case.deny[locale], place, text)
    for shown in case.shown:
        for instant in shown.instants:
            if int(instant.timestamp()) != int(shown.promised.timestamp()):
                yield _wrong_date(shown, instant)


def no_steering(case: Case) -> Iterator[Finding]:
    """Rule 5: neither answer is recommended, and a benefit stands beside its cost."""
    for place, locale, text in _everything(case):
        if phrase := first_of(case.deny[locale].steering, unquoted(text)):
            yield Finding(
                Rule.NO_STEERING,
                place,
                text,
                f"“{phrase}” speaks for one of the answers.",
                "Say what is done, in words that favour neither answer.",
            )
    for shown in case.shown:
        if shown.facts & case.core.benefit and not shown.facts & case.core.cost:
            yield Finding(
                Rule.NO_STEERING,
                shown.place,
                ", ".join(sorted(shown.facts & case.core.benefit)),
                "A benefit of allowing is told without its cost.",
                f"Tell the cost ({', '.join(sorted(case.core.cost))}) in the same message.",
            )


def informed(case: Case) -> Iterator[Finding]:
    """Rule 9: who decides knows what it is about."""
    for shown in case.shown:
        missing = case.core.required.get(shown.kind, frozenset()) - shown.facts
        if missing:
            yield _lacks(shown, f"facts {', '.join(sorted(missing))}", "Say each of them in this message.")
        if shown.asks:
            yield from _incomplete(case, shown)


def one_language(case: Case) -> Iterator[Finding]:
    """Rule 11: a message is in one language, and every sentence rests on a fact."""
    for shown in case.shown:
        for text in (shown.headline, *shown.texts):
            if why := _foreign(case, shown.locale, text):
                do = f"Translate it into `{shown.locale}`, or leave the whole message to another language."
                yield Finding(Rule.ONE_LANGUAGE, shown.place, text, why, do)
    for words in case.words:
        yield from _without_facts(case, words)


def _everything(case: Case) -> Iterator[tuple[str, str, str]]:
    """Every text with its place and language: of the messages, and of what they are answered with."""
    for shown in case.shown:
        for text in shown.said:
            yield shown.place, shown.locale, text
    for words in case.words:
        for place, found in words.texts.items():
            if place.startswith(("title", "choice.", "receipt.")):
                yield f"{place}/{words.locale}", words.locale, found.text


def _answers_for_the_silent(deny: DenyList, sentence: str) -> bool:
    if first_of(deny.silence, sentence):
        return True
    return bool(first_of(deny.silence_if, sentence) and first_of(deny.silence_means, sentence))


def _pressed(deny: DenyList, place: str, text: str) -> Iterator[Finding]:
    whys = []
    if phrase := first_of(deny.pressure, text):
        whys.append(f"“{phrase}” presses for an answer.")
    if signs := _alarms(text):
        whys.append(f"“{signs}” alarms.")
    if shouted := SHOUTED.search(text):
        whys.append(f"“{shouted[0]}” is shouted.")
    date = NUMERIC_DATE.search(plain(text))
    if phrase := first_of(deny.dates, text) or (date and date[0]):
        whys.append(f"“{phrase}” is a date of the text's own; the deadline can move, and the text would not.")
    do = "Say it calmly; show the deadline by {when}, in the place made for it."
    yield from (Finding(Rule.NO_PRESSURE, place, text, why, do) for why in whys)


def _alarms(text: str) -> str:
    """Exclamation marks, emoji and other pictures."""
    return "".join(
        c for c in text if c in "!！¡‼" or (unicodedata.category(c) in ("So", "Sk") and ord(c) > 0xFF)
    )


def _wrong_date(shown: Shown, instant: datetime) -> Finding:
    return Finding(
        Rule.NO_PRESSURE,
        shown.place,
        instant.isoformat(),
        f"The message shows another date than the deadline, which is {shown.promised.isoformat()}.",
        "Make the message anew from the campaign as it is.",
    )


def _incomplete(case: Case, shown: Shown) -> Iterator[Finding]:
    if not any(case.operator in text for text in shown.texts):
        yield _lacks(shown, "who speaks", "Name the sender by {operator}.")
    if not shown.instants:
        yield _lacks(shown, "the deadline", f"Say it at `{shown.kind}.deadline`.")
    if not any(Deed.OPEN in control.deeds for control in shown.controls):
        yield _lacks(shown, "the original", "Link to it beside the answers.")


def _lacks(shown: Shown, what: str, do: str) -> Finding:
    return Finding(Rule.INFORMED, shown.place, shown.headline, f"The message does not tell {what}.", do)


def _foreign(case: Case, locale: str, text: str) -> str | None:
    """Why the text is not in this language; None when it may be."""
    if locale in OWN_SCRIPT:
        return _foreign_script(locale, text)
    own = count_of(case.deny[locale].common, text)
    for other, deny in case.deny.items():
        if other != locale and other not in OWN_SCRIPT and count_of(deny.common, text) > own + 1:
            return f"This looks like `{other}`, not like `{locale}`."
    foreign = [c for c in text if c.isalpha() and not _is_of(c, ("LATIN", "MODIFIER"))]
    return f"There are letters of another script (“{''.join(foreign[:5])}”)." if foreign else None


def _foreign_script(locale: str, text: str) -> str | None:
    letters = [c for c in text if c.isalpha()]
    own = [c for c in letters if _is_of(c, OWN_SCRIPT[locale])]
    if letters and not own and len(text.split()) > 1:
        return f"Not a letter of it is in the script of `{locale}`."
    if run := FOREIGN_RUN.search(text):
        return f"“{run[0][:40]}” is not in the script of `{locale}`."
    has_kana = any(_is_of(c, KANA) for c in letters)
    if locale == "zh" and has_kana:
        return "There is Japanese writing in it."
    if locale == "ja" and not has_kana and len(own) >= LEAST_JAPANESE:
        return "There is no Japanese writing in it."
    return None


def _without_facts(case: Case, words: LocaleWords) -> Iterator[Finding]:
    for place, found in words.texts.items():
        bare = PLACEHOLDER.sub("", found.text)
        if found.facts or place in case.core.unsupported or not any(c.isalpha() for c in bare):
            continue
        why = "The words rest on no fact."
        do = f"Name the facts that they state, or `{NO_FACT}` if they state none."
        yield Finding(Rule.ONE_LANGUAGE, f"{place}/{words.locale}", found.text, why, do)


def _is_of(letter: str, scripts: tuple[str, ...]) -> bool:
    return unicodedata.name(letter, "").startswith(scripts)
