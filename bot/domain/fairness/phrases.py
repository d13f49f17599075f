"""Finding phrases in a text, in languages with and without spaces between words."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

GAP = r"[^.!?。！？؟\n]{0,60}?"
SENTENCE_END = re.compile(r"(?<=[.!?؟])\s+|(?<=[。！？])|\n+")
QUOTED = re.compile(r"“[^”]*”|\"[^\"]*\"|«[^»]*»|「[^」]*」|『[^』]*』|„[^“]*“")
ARABIC_MARKS = re.compile(r"[\u064b-\u0652\u0670\u0640]")
ARABIC_PREFIX = r"(?:[وف]?[بلك]?(?:ال|ل)?)"
SAME = str.maketrans({"’": "'", "‘": "'", "أ": "ا", "إ": "ا", "آ": "ا", "ى": "ي"})


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """The text in one form: no case, no marks of direction, Arabic without vowels."""
    folded = unicodedata.normalize("NFKC", text).casefold().translate(SAME)
    return ARABIC_MARKS.sub("", "".join(c for c in folded if unicodedata.category(c) != "Cf"))


def unquoted(text: str) -> str:
    """The text without what stands in quotation marks."""
    return QUOTED.sub(" ", text)


def sentences(text: str) -> Iterator[str]:
    """The text's sentences."""
    return (part.strip() for part in SENTENCE_END.split(text) if part.strip())


def first_of(phrases: tuple[str, ...], text: str) -> str | None:
    """The first of these phrases that is found in the text, as it stands there; None when there is none."""
    if not phrases:
        return None
    found = _pattern(phrases).search(plain(text))
    return found[0].strip() if found else None


def count_of(phrases: tuple[str, ...], text: str) -> int:
    """How often any of these phrases is found in the text."""
    return len(_pattern(phrases).findall(plain(text))) if phrases else 0


@lru_cache(maxsize=256)
def _pattern(phrases: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{_phrase(phrase)})" for phrase in phrases))


def _phrase(phrase: str) -> str:
    parts = [part.strip() for part in phrase.split("…")]
    inner = GAP.join(_escaped(part) for part in parts)
    first, last = plain(parts[0])[:1], plain(parts[-1])[-1:]
    before = rf"(?<!\w){ARABIC_PREFIX if _is_arabic(first) else ''}" if _has_spaces(first) else ""
    after = r"(?!\w)" if _has_spaces(last) else ""
    return before + inner + after


def _escaped(part: str) -> str:
    return r"\w*".join(re.escape(plain(piece)) for piece in part.split("*"))


def _has_spaces(letter: str) -> bool:
    """Whether the letter is of a script that sets words apart."""
    if not letter or not letter.isalnum():
        return False
    return not unicodedata.name(letter, "").startswith(("CJK", "HIRAGANA", "KATAKANA"))


def _is_arabic(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith("ARABIC")
