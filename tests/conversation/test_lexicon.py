"""Lexicons are files that people write; what is wrong with one is said by its place."""

from pathlib import Path

import pytest

from bot.conversation.lexicon import load_lexicon
from bot.domain.reply import Intent, Lexicon, interpret
from bot.exceptions import BadFile


def test_pairs_are_every_first_before_every_second(tmp_path):
    """So that a negation need not be written out for each verb."""
    lexicon = _lexicon(
        tmp_path, '[opt_out]\npairs = [{ first = ["not", "never"], second = ["agreed", "mine"] }]'
    )

    assert interpret("never mine", lexicon) is Intent.OPT_OUT
    assert interpret("mine never", lexicon) is Intent.UNCLEAR


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("openers = [", r"en\.toml"),
        ('opening = ["ok"]', "key `opening`: expected one of openers"),
        ('[opt_in]\nwords = ["yes"]', r"key `opt_in\.words`: expected one of phrases"),
        ('[opt_in]\nphrases = "yes"', r"key `opt_in\.phrases`: expected a list"),
        ('[opt_in]\nphrases = ["yes, please"]', "`yes, please` is not one phrase"),
        ('[opt_in]\nphrases = ["!"]', "is not one phrase"),
        ('[opt_out]\npairs = [{ first = ["not"] }]', "`first` and `second`"),
        ('[opt_out]\npairs = ["not"]', "`first` and `second`"),
        ('[opt_out]\npairs = "not"', "`first` and `second`"),
        ('[perhaps]\nphrases = ["ok"]', "key `perhaps`"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(tmp_path, text, said):
    """The one who wrote it can mend it."""
    with pytest.raises(BadFile, match=said):
        _lexicon(tmp_path, text)


def test_a_folder_without_lexicons_is_refused(tmp_path):
    """Every reply would be unclear, and nobody would know why."""
    with pytest.raises(BadFile, match="no words for replies"):
        load_lexicon(tmp_path)


def _lexicon(folder: Path, text: str) -> Lexicon:
    (folder / "replies").mkdir()
    (folder / "replies" / "en.toml").write_text(text, encoding="utf-8")
    return load_lexicon(folder)
