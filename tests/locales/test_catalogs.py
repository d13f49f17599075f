"""The shipped catalogs are whole, and the check would notice if they were not."""

import shutil
from pathlib import Path

import pytest

from bot import resources
from bot.i18n import LOCALES
from tools import catalogs

ROOT = Path(resources.__file__).parents[1]
TEMPLATE = "claude-consumer-terms"


def test_the_shipped_catalogs_are_whole():
    """Six languages, both domains, nothing missing."""
    assert list(catalogs.check(ROOT)) == []


@pytest.fixture
def copy(tmp_path):
    """The words and the code that they are extracted from, to be spoilt."""
    shutil.copytree(ROOT / "locales", tmp_path / "locales")
    for name in ("campaigns", "conversation", "web"):
        shutil.copytree(ROOT / "bot" / name, tmp_path / "bot" / name)
    return tmp_path


def test_an_untouched_copy_is_whole(copy):
    """Else the tests below would prove nothing."""
    assert list(catalogs.check(copy)) == []


@pytest.mark.parametrize(
    ("locale", "domain", "before", "after", "problem"),
    [
        ("id", "bot", 'msgstr "Ingatkan nanti"', 'msgstr ""', "missing or fuzzy"),
        ("id", "bot", 'msgid "Remind me later"', '#, fuzzy\nmsgid "Remind me later"', "missing or fuzzy"),
        ("id", "bot", "Tercatat: {choice}.", "Tercatat: {pilihan}.", "unequal placeholders"),
        ("zh", "bot", "已记录：{choice}。", "已记录。", "unequal placeholders"),
        ("ar", "bot", "n%100>=11 ? 4 : 5", "n%100>=11 ? 5 : 4", "wrong plural header"),
        ("id", "bot", "nplurals=1; plural=0", "nplurals=2; plural=(n != 1)", "wrong plural header"),
        ("ar", TEMPLATE, "\u2068Claude Code\u2069", "\u2068Claude Code", "an unbalanced isolate"),
        ("zh", "bot", 'msgstr "稍后提醒我"', 'msgstr "後で知らせる"', "letters of another script"),
        ("ja", "bot", 'msgstr "後で知らせる"', 'msgstr "Remind me later"', "letters of another script"),
        ("fr", "bot", 'msgstr "Me le rappeler plus tard"', 'msgstr "Plus tаrd"', "letters of another script"),
        ("fr", "bot", 'msgstr "Texte intégral"', 'msgstr "Full text"', "the same as in English"),
        ("fr", "bot", "Choix enregistré\u202f: {choice}.", "Choix enregistré: {choice}.", "narrow no-break"),
        ("id", "bot", "Anda dapat menjawab kapan saja.", "Anda dapat menjawab kapan saja!", "exclamation"),
        ("ja", TEMPLATE, "#. F16", "#. F17", "differ from the template"),
    ],
)
def test_a_spoilt_catalog_is_noticed(copy, locale, domain, before, after, problem):
    """Each rule catches what it is for."""
    path = copy / "locales" / locale / "LC_MESSAGES" / f"{domain}.po"
    text = path.read_text(encoding="utf-8")
    assert before in text

    path.write_text(text.replace(before, after), encoding="utf-8")

    assert any(problem in found and path.name in found for found in catalogs.check(copy))


def test_a_catalog_that_is_not_there_is_noticed(copy):
    """A language that nobody has begun is a gap too."""
    (copy / "locales" / "ja" / "LC_MESSAGES" / "bot.po").unlink()

    assert any("ja" in found and "no such catalog" in found for found in catalogs.check(copy))


def test_a_sentence_that_was_changed_in_the_code_is_noticed(copy):
    """The .pot goes stale in silence otherwise."""
    code = copy / "bot" / "conversation" / "wording.py"
    text = code.read_text(encoding="utf-8")
    code.write_text(text.replace("Recorded: {choice}.", "Noted: {choice}."), encoding="utf-8")

    assert any("bot.pot" in found and "stale" in found for found in catalogs.check(copy))


@pytest.mark.parametrize("locale", LOCALES)
def test_only_the_authoritative_words_are_not_said_to_be_made_by_a_machine(locale):
    """The other five are, until a person puts a name to the review."""
    for domain in ("bot", TEMPLATE):
        text = (ROOT / "locales" / locale / "LC_MESSAGES" / f"{domain}.po").read_text(encoding="utf-8")
        assert ('"X-Translation-Origin: machine\\n"' in text) is (locale != "id")
        assert "X-Reviewed-By" not in text
