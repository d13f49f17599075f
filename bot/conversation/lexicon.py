"""The reviewed words that count as a reply, read from `locales/replies/<language>.toml`."""

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from bot.domain.reply import Intent, Lexicon, Part, Role, Vocabulary, normalised
from bot.exceptions import BadFile

MEANT = tuple(Intent)  # unclear: what is put together of clear parts and says something else
AROUND = {
    "openers": Role.OPENER,
    "closers": Role.CLOSER,
    "reserved_closers": Role.RESERVED,
    "objects": Role.OBJECT,
}
SAYING = {"phrases": Role.CORE, "acts": Role.ACT}
PAIRED = {"pairs": Role.CORE, "act_pairs": Role.ACT}

Phrases = dict[str, set[Part]]


@cache
def load_lexicon(folder: Path) -> Lexicon:
    """Every language that has a file in `<folder>/replies`."""
    files = sorted((folder / "replies").glob("*.toml"))
    if not files:
        raise BadFile(str(folder), "no words for replies (`replies/<language>.toml`)")
    return Lexicon(tuple(_vocabulary(path) for path in files))


def _vocabulary(path: Path) -> Vocabulary:
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise BadFile(str(path), str(error)) from error
    phrases: Phrases = defaultdict(set)
    for key, value in said.items():
        if key in AROUND:
            _add(path, key, phrases, _texts(path, key, value), Part(AROUND[key]))
        elif key in MEANT and isinstance(value, dict):
            _add_intent(path, phrases, value, Intent(key))
        else:
            raise BadFile(str(path), f"expected one of {', '.join([*AROUND, *MEANT])}", key=key)
    return Vocabulary(path.stem, {phrase: frozenset(parts) for phrase, parts in phrases.items()})


def _add_intent(path: Path, phrases: Phrases, said: Mapping[str, object], intent: Intent) -> None:
    for key, value in said.items():
        place = f"{intent}.{key}"
        if key in SAYING:
            _add(path, place, phrases, _texts(path, place, value), Part(SAYING[key], intent))
        elif key in PAIRED:
            _add(path, place, phrases, _pairs(path, place, value), Part(PAIRED[key], intent))
        else:
            raise BadFile(str(path), f"expected one of {', '.join([*SAYING, *PAIRED])}", key=place)


def _add(path: Path, key: str, phrases: Phrases, texts: Iterable[str], part: Part) -> None:
    for text in texts:
        phrase = normalised(text)
        if not phrase or "\n" in phrase:
            raise BadFile(str(path), f"`{text}` is not one phrase without punctuation inside", key=key)
        phrases[phrase].add(part)


def _pairs(path: Path, key: str, value: object) -> Iterable[str]:
    """Every `first` before every `second`: negations and what they negate, for instance."""
    if not isinstance(value, list):
        raise BadFile(str(path), "expected tables with `first` and `second`", key=key)
    for pair in value:
        if not isinstance(pair, dict) or set(pair) != {"first", "second"}:
            raise BadFile(str(path), "expected a table with `first` and `second`", key=key)
        seconds = _texts(path, key, pair["second"])
        yield from (f"{first} {second}" for first in _texts(path, key, pair["first"]) for second in seconds)


def _texts(path: Path, key: str, value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise BadFile(str(path), "expected a list of phrases", key=key)
    return [text for text in value if isinstance(text, str)]
