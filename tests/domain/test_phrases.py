"""Phrases of a deny list, found where a reader would find them and nowhere else."""

import pytest

from bot.domain.fairness.phrases import count_of, first_of, sentences, unquoted


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("help", "Please HELP us"),
        ("don't wait", "Don’t wait any longer"),
        ("donat*", "your donation counts"),
        ("only … left", "Only three days are left."),
        ("立即", "请立即选择"),
        ("あと…日", "あと3日です"),
        ("فرصة أخيرة", "هذه فُرصةٌ أخيرة"),
        ("مساعدة", "وللمساعدة في التحسين"),
        ("remerci*", "nous vous remercions"),
    ],
)
def test_a_phrase_is_found(phrase: str, text: str) -> None:
    """Whatever its case, its vowel marks and its apostrophe."""
    assert first_of((phrase,), text) is not None


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("help", "unhelpful"),
        ("help", "helpful"),
        ("only … left", "Only one question. Nothing is left out."),
        ("segera", "keseragaman"),
    ],
)
def test_a_part_of_another_word_is_no_phrase(phrase: str, text: str) -> None:
    """Nor are words of two sentences."""
    assert first_of((phrase,), text) is None


def test_no_phrases_find_nothing() -> None:
    """An empty list is one that lets everything pass."""
    assert first_of((), "help") is None
    assert count_of((), "help") == 0


def test_words_are_counted() -> None:
    """A language is known by its small words."""
    assert count_of(("the", "and"), "The cat and the dog, other than that") == 3


@pytest.mark.parametrize("quote", ["“help”", "«help»", "「help」", '"help"'])
def test_what_is_quoted_is_left_out(quote: str) -> None:
    """It is somebody else's word."""
    assert "help" not in unquoted(f"It is called {quote} there.")


def test_a_text_has_sentences_in_every_script() -> None:
    """A full stop need not have a space behind it."""
    assert list(sentences("One. Two!\nThree")) == ["One.", "Two!", "Three"]
    assert list(sentences("一。二？三")) == ["一。", "二？", "三"]
    assert list(sentences("نعم؟ لا.")) == ["نعم؟", "لا."]
