"""The reviewed lexicon: what counts as an answer in six languages, and what must not."""

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import resources
from bot.conversation.lexicon import load_lexicon
from bot.domain.choice import ChoiceValue
from bot.domain.reply import Intent, Role, interpret, normalised, read
from bot.i18n import LOCALES
from tests.words import template, words

LEXICON = load_lexicon(resources.locales())
NEGATIONS = {
    "id": ["tidak", "nggak", "gak", "jangan", "bukan"],
    "en": ["not", "don't", "do not", "no", "never"],
    "zh": ["不", "别", "不要", "没有"],
    "ja": ["いいえ", "いや"],
    "ar": ["لا", "لن", "لست", "غير", "ما"],
    "fr": ["ne", "non", "pas", "jamais", "je ne"],
}
APOLOGIES = {"不好意思", "对不起", "對不起"}
CORPUS = tomllib.loads((Path(__file__).parent / "replies.toml").read_text(encoding="utf-8"))
SAID = tomllib.loads((Path(__file__).parent / "said.toml").read_text(encoding="utf-8"))
MEANT = [(said, intent) for intent in Intent if intent is not Intent.UNCLEAR for said in CORPUS[intent]]
UNCLEAR = [said for sayings in CORPUS["unclear"].values() for said in sayings]


@pytest.mark.parametrize(("said", "meant"), MEANT)
def test_a_clear_reply_is_understood_whatever_the_language(said, meant):
    """People answer in the language that comes to them, not in the one we keep for them."""
    assert interpret(said, LEXICON) is meant


@pytest.mark.parametrize("said", UNCLEAR)
def test_what_is_not_clear_is_asked_again(said):
    """A consent that was guessed is none."""
    assert interpret(said, LEXICON) is Intent.UNCLEAR


@pytest.mark.parametrize("intent", ["opt_in", "opt_out", "later", "stop", "unclear"])
@pytest.mark.parametrize("locale", LOCALES)
def test_what_people_type_is_taken_for_what_it_means(locale, intent):
    """Some hundreds of texts a language, with polite refusals, idioms, conditions, questions and mockery."""
    taken = {said: interpret(said, LEXICON).value for said in SAID[locale][intent]}

    assert {said: meant for said, meant in taken.items() if meant != intent} == {}
    assert len(taken) >= (50 if intent.startswith("opt") or intent == "unclear" else 5)


def test_what_is_put_together_of_clear_words_can_still_be_unclear():
    """Said twice it mocks, or only fills a pause."""
    assert interpret("はい", LEXICON) is interpret("bien sûr", LEXICON) is Intent.OPT_IN
    assert interpret("はいはい", LEXICON) is interpret("bien sûr, bien sûr", LEXICON) is Intent.UNCLEAR
    assert read("はいはい", LEXICON).languages == frozenset()


@pytest.mark.parametrize("locale", LOCALES)
def test_there_is_a_lexicon_for_every_locale(locale):
    """Some tens of phrases for either answer, in each."""
    (vocabulary,) = (found for found in LEXICON.vocabularies if found.language == locale)
    for intent in Intent:
        saying = [
            p for p, parts in vocabulary.phrases.items() if any(part.intent is intent for part in parts)
        ]
        assert intent is Intent.UNCLEAR or len(saying) >= (30 if intent.value.startswith("opt") else 5)


@pytest.mark.parametrize("locale", LOCALES)
def test_no_phrase_says_two_things_in_any_language(locale):
    """A word that is yes here and no there could not be taken at its word."""
    (vocabulary,) = (found for found in LEXICON.vocabularies if found.language == locale)
    for phrase, parts in vocabulary.phrases.items():
        own = {part.intent for part in parts if part.intent is not None}
        assert len(own) <= 1, phrase
        if {part.role for part in parts} == {Role.CORE}:
            assert interpret(phrase, LEXICON) in own, phrase


COMPACT = {"".join(phrase.split()) for vocabulary in LEXICON.vocabularies for phrase in vocabulary.phrases}
LETTERS = st.text(st.characters(codec="utf-8"), max_size=12)
PHRASES = [phrase for vocabulary in LEXICON.vocabularies for phrase in vocabulary.phrases]


@given(st.lists(LETTERS | st.sampled_from(PHRASES), max_size=4), st.sampled_from([" ", "", ", ", "\n"]))
def test_no_text_outside_the_lexicon_is_taken_for_a_choice(parts, between):
    """Not even where a phrase of it stands beside something else: every word is covered, or it is unclear."""
    text = between.join(parts)
    assert interpret(text, LEXICON) is Intent.UNCLEAR or _is_covered(text)


@given(st.sampled_from(PHRASES), LETTERS.filter(lambda text: any(map(str.isalpha, normalised(text)))))
def test_an_answer_with_a_foreign_word_in_it_is_unclear(phrase, foreign):
    """Half a sentence that nobody reviewed could turn the rest round."""
    known = any(normalised(foreign) in said for said in PHRASES)

    assert known or interpret(f"{phrase} {foreign}", LEXICON) is Intent.UNCLEAR


@pytest.mark.parametrize("locale", LOCALES)
def test_the_negation_of_a_yes_is_not_a_yes(locale):
    """In no language, and whichever way it is negated."""
    (vocabulary,) = (found for found in LEXICON.vocabularies if found.language == locale)
    for phrase, parts in vocabulary.phrases.items():
        if any(part.intent is Intent.OPT_IN for part in parts):
            for negation in NEGATIONS[locale]:
                assert interpret(f"{negation} {phrase}", LEXICON) is not Intent.OPT_IN, (negation, phrase)


def test_the_japanese_negation_of_a_yes_is_not_a_yes():
    """It stands at the end there."""
    (vocabulary,) = (found for found in LEXICON.vocabularies if found.language == "ja")
    for phrase, parts in vocabulary.phrases.items():
        if any(part.intent is Intent.OPT_IN for part in parts):
            for negation in ("しません", "しない", "ではない", "じゃない", "ません", "できません", "か"):
                assert interpret(f"{phrase}{negation}", LEXICON) is not Intent.OPT_IN, phrase


@pytest.mark.parametrize("locale", LOCALES)
def test_what_stands_around_an_answer_says_nothing_itself(locale):
    """Else an opening or a closing word could turn an answer round."""
    (vocabulary,) = (found for found in LEXICON.vocabularies if found.language == locale)
    negations = {normalised(word) for word in NEGATIONS[locale]}
    for phrase, parts in vocabulary.phrases.items():
        if all(part.intent is None for part in parts) and phrase not in APOLOGIES:
            assert not negations & {*phrase.split(), *phrase}, phrase


@pytest.mark.parametrize("locale", LOCALES)
def test_the_words_on_the_buttons_are_understood(locale):
    """Who types what a button says means what the button means."""
    for value in ChoiceValue:
        assert interpret(template(locale).label(value), LEXICON).value == value.value


@pytest.mark.parametrize("locale", LOCALES)
def test_the_words_that_the_help_names_are_understood(locale):
    """The help must not promise what is not so."""
    source = "Use the buttons, or write a word such as “yes”, “no”, “later”, “status”, “stop” or “help”."
    named = re.findall(r"[“「«]\s*([^”」»]+?)\s*[”」»]", words(locale).gettext(source))

    assert [interpret(word, LEXICON) for word in named] == [
        Intent.OPT_IN,
        Intent.OPT_OUT,
        Intent.LATER,
        Intent.STATUS,
        Intent.STOP,
        Intent.HELP,
    ]


def test_a_reading_names_the_languages_it_was_made_in():
    """So that a language can be offered, and never switched in silence."""
    assert read("oui, j'accepte", LEXICON).languages == {"fr"}
    assert read("同意", LEXICON).languages == {"zh", "ja"}


def _is_covered(text):
    """Whether the text is nothing but phrases of the lexicon, one after the other."""
    letters = "".join(normalised(text).split())
    ends = {0}
    for start in range(len(letters)):
        if start in ends:
            ends |= {start + len(phrase) for phrase in COMPACT if letters.startswith(phrase, start)}
    return len(letters) in ends
