"""What a reply in words means: it is normalised, then looked up whole in a reviewed lexicon.

Nothing is guessed: a text whose every word is not covered by phrases of one and the same intent is unclear.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Final

LONGEST = 200  # characters; whoever writes more than a few sentences is telling us something else

_BREAK: Final = "\n"  # between clauses, in normalised text; no phrase spans it
_APOSTROPHES: Final = frozenset("'’‘ʼ`´＇")
_JOINING: Final = frozenset('-‐‑‒/\\_·・«»‹›"“”„「」『』()[]{}*')
_KEPT_SYMBOLS: Final = frozenset("¬≠<>=|")  # they may turn a word's meaning round
_QUESTIONS: Final = ("QUESTION MARK", "INTERROBANG")
_UNIFIED: Final = {"ٱ": "ا", "ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه", "ـ": None, "ı": "i"}
_OVERLAY: Final = 1  # combining class of strokes through a letter: a word crossed out is not the word


class Intent(StrEnum):
    """What a person may want to say."""

    OPT_IN = "opt_in"
    OPT_OUT = "opt_out"
    LATER = "later"
    STOP = "stop"
    STATUS = "status"
    HELP = "help"
    LANGUAGE = "language"
    UNCLEAR = "unclear"


class Role(StrEnum):
    """What a phrase is in a reply: `opener · object · core · object · closer`."""

    OPENER = "opener"
    CLOSER = "closer"
    RESERVED = "reserved"  # a closer after anything but a yes: "sorry", "at all"
    OBJECT = "object"
    CORE = "core"  # complete in itself
    ACT = "act"  # a core only with an object ("use" … "my data")


@dataclass(frozen=True, slots=True)
class Part:
    """One way in which a phrase can stand in a reply."""

    role: Role
    intent: Intent | None = None


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The reviewed phrases of one language, normalised."""

    language: str
    phrases: Mapping[str, frozenset[Part]]
    _starting: Mapping[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        starting: dict[str, list[str]] = {}
        for phrase in self.phrases:
            starting.setdefault(phrase[0], []).append(phrase)
        object.__setattr__(self, "_starting", {letter: tuple(found) for letter, found in starting.items()})

    def at(self, text: str, position: int) -> Iterator[str]:
        """The phrases that stand in `text` at `position` and end where a word may end."""
        for phrase in self._starting.get(text[position], ()):
            if text.startswith(phrase, position) and _is_boundary(text, position + len(phrase)):
                yield phrase


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All languages; every one is always understood."""

    vocabularies: tuple[Vocabulary, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reply means, and in which languages it does."""

    intent: Intent
    languages: frozenset[str] = frozenset()


class _Stage(StrEnum):
    """How far a clause has been read."""

    OPEN = "open"  # nothing said yet
    OBJECT = "object"  # an object waits for its core
    ACT = "act"  # an act waits for its object
    SAID = "said"  # something complete was said
    AGAIN = "again"  # a second sentence has begun and must say something


@dataclass(frozen=True, slots=True)
class _State:
    stage: _Stage = _Stage.OPEN
    intent: Intent | None = None
    refused: str | None = None  # the refusal just before, which may be turning round what follows


_Place = tuple[int, _State]


def interpret(text: str, lexicon: Lexicon) -> Intent:
    """What `text` means; unclear unless every word of it says one and the same thing."""
    return read(text, lexicon).intent


def read(text: str, lexicon: Lexicon) -> Reading:
    """What `text` means, with the languages in which it means that."""
    unclear = Reading(Intent.UNCLEAR)
    if len(text) > LONGEST or asks(text):
        return unclear
    clauses = normalised(text).split(_BREAK)
    meanings = {vocabulary.language: _meanings(clauses, vocabulary) for vocabulary in lexicon.vocabularies}
    intents = frozenset[Intent]().union(*meanings.values())
    if len(intents) != 1 or Intent.UNCLEAR in intents or _is_idiom(clauses, lexicon):
        return unclear
    return Reading(next(iter(intents)), frozenset(language for language, found in meanings.items() if found))


def asks(text: str) -> bool:
    """Whether there is a question mark of any script in it."""
    return any(word in unicodedata.name(letter, "") for letter in text for word in _QUESTIONS)


def normalised(text: str) -> str:
    """`text` in one spelling: compatibility forms and case folded, katakana as hiragana, Arabic letters
    unified, vowel marks of Latin and Arabic gone, clauses on lines of their own, emoji nowhere."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    letters = "".join(_spelled(folded))
    lines = (
        _respaced(" ".join(line.split())) for line in unicodedata.normalize("NFC", letters).split(_BREAK)
    )
    return _BREAK.join(line for line in lines if line)


def _spelled(text: str) -> Iterator[str]:
    script = ""
    for letter in unicodedata.normalize("NFD", text):
        category = unicodedata.category(letter)
        if category == "Mn":
            if not _is_dropped(letter, script):
                yield letter
            continue
        script = _script(letter)
        yield _spell(letter, category)


def _is_dropped(mark: str, script: str) -> bool:
    """Vowel marks say nothing in Latin and Arabic replies; in kana they make another letter."""
    combining = unicodedata.combining(mark)
    if combining == 0:
        return True  # variation selectors, as emoji have them
    return script in ("LATIN", "ARABIC") and combining != _OVERLAY


def _spell(letter: str, category: str) -> str:
    if letter in _UNIFIED:
        return _UNIFIED[letter] or ""
    if "ァ" <= letter <= "ヶ":
        return chr(ord(letter) - 0x60)
    if letter in _APOSTROPHES or category == "Cf":
        return ""
    if letter in _KEPT_SYMBOLS:
        return letter
    if letter in _JOINING or category == "Zs" or letter == "\t":
        return " "
    if category[0] in "PSZ" or category == "Cc":
        return _BREAK
    return letter


def _respaced(line: str) -> str:
    """Spaces beside letters that are written without spaces mean nothing."""
    kept = (
        letter
        for n, letter in enumerate(line)
        if letter != " " or not (_is_unspaced(line[n - 1]) or _is_unspaced(line[n + 1]))
    )
    return "".join(kept)


def _meanings(clauses: list[str], vocabulary: Vocabulary) -> frozenset[Intent]:
    """The intents that a whole reply can be read as in one language."""
    states = {_State()}
    for clause in clauses:
        began = {_State(intent=state.intent) for state in states}
        states = {
            state
            for state in _read_clause(clause, vocabulary, began)
            if state.stage in (_Stage.SAID, _Stage.OPEN)
        }
    return frozenset(state.intent for state in states if state.intent is not None)


def _is_idiom(clauses: list[str], lexicon: Lexicon) -> bool:
    """Whether the clauses are, in one breath, something of which the lexicon says that it is unclear."""
    whole = [_respaced(" ".join(clauses))]
    return any(Intent.UNCLEAR in _meanings(whole, vocabulary) for vocabulary in lexicon.vocabularies)


def _read_clause(clause: str, vocabulary: Vocabulary, began: set[_State]) -> set[_State]:
    """Every way to read the clause to its end, phrase after phrase, without a word left over."""
    waiting: list[_Place] = [(0, state) for state in began]
    seen = set(waiting)
    ended = set()
    while waiting:
        position, state = waiting.pop()
        if position >= len(clause):
            ended.add(state)
            continue
        for phrase in vocabulary.at(clause, position):
            end = _skip_space(clause, position + len(phrase))
            for part in vocabulary.phrases[phrase]:
                after = _after(state, phrase, part)
                if after is not None and (end, after) not in seen:
                    seen.add((end, after))
                    waiting.append((end, after))
    return ended


def _after(state: _State, phrase: str, part: Part) -> _State | None:
    """The state once `phrase` is read as `part`; None where it cannot stand there."""
    match part.role, state.stage:
        case Role.OPENER, _Stage.OPEN | _Stage.AGAIN | _Stage.SAID:
            return state if state.intent is None else _State(_Stage.AGAIN, state.intent)
        case Role.RESERVED, _ if state.intent is Intent.OPT_IN:
            return None
        case Role.CLOSER | Role.RESERVED, _Stage.SAID | _Stage.OPEN:
            return _State(state.stage, state.intent) if state.intent is not None else None
        case Role.OBJECT, _Stage.OPEN | _Stage.AGAIN:
            return _State(_Stage.OBJECT, state.intent)
        case Role.OBJECT, _Stage.ACT | _Stage.SAID if state.intent in (Intent.OPT_IN, Intent.OPT_OUT):
            return _State(_Stage.SAID, state.intent)
        case Role.CORE | Role.ACT, _Stage.OPEN | _Stage.AGAIN | _Stage.OBJECT | _Stage.SAID:
            return _said(state, phrase, part)
        case _:
            return None


def _said(state: _State, phrase: str, part: Part) -> _State | None:
    if state.intent not in (None, part.intent):
        return None  # a yes and a no together
    if state.refused is not None and state.refused != phrase:
        return None  # "not not agreed"
    if state.stage is _Stage.OBJECT and part.intent not in (Intent.OPT_IN, Intent.OPT_OUT):
        return None
    waits = part.role is Role.ACT and state.stage is not _Stage.OBJECT
    return _State(
        _Stage.ACT if waits else _Stage.SAID,
        part.intent,
        refused=phrase if part.intent is Intent.OPT_OUT and not waits else None,
    )


def _skip_space(text: str, position: int) -> int:
    return position + 1 if text[position : position + 1] == " " else position


def _is_boundary(text: str, position: int) -> bool:
    if position >= len(text) or text[position] == " ":
        return True
    return _is_unspaced(text[position]) or _is_unspaced(text[position - 1])


@cache
def _is_unspaced(letter: str) -> bool:
    return _script(letter) in ("CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HALFWIDTH")


@cache
def _script(letter: str) -> str:
    """The first word of the letter's name, such as LATIN."""
    return unicodedata.name(letter, "").partition(" ")[0]
