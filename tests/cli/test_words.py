"""`tenggat campaign lint`, `preview` and `test-send`, and `tenggat template`."""

import csv
from pathlib import Path

import pytest


@pytest.fixture
def drafted(ready):
    """A draft with the shipped words."""
    ready("campaign", "load", "ahead.toml", "--by", "ann")
    return ready


def rewrite(path: Path, place: str, text: str) -> None:
    """The file with other words at this place."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    changed = [[place, text, *row[2:]] if row[0] == place else row for row in rows]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(changed)


def test_the_shipped_words_are_fair(drafted):
    done = drafted("campaign", "lint", "terms", "--json")

    assert done.code == 0
    assert done.json == {"slug": "terms", "findings": [], "missing": []}


def test_words_go_out_come_back_and_keep_a_campaign_from_being_approved(drafted, home):
    drafted("template", "export", "terms", "--out", "words")
    rewrite(home / "words" / "en.csv", "reminder.headline", "Last chance to choose about Claude.")
    brought = drafted("template", "import", "terms", "words/en.csv", "--by", "ann", "--json")

    lint = drafted("campaign", "lint", "terms", "--json")
    approve = drafted("campaign", "approve", "terms", "--by", "bob")
    as_json = drafted("campaign", "approve", "terms", "--by", "bob", "--json")

    assert (brought.code, brought.json["missing"], brought.json["dropped"]) == (0, [], 0)
    assert lint.code == 1
    assert {(found["rule"], found["place"]) for found in lint.json["findings"]} == {
        (4, "reminder/en/telegram"),
        (4, "reminder/en/slack"),
    }
    assert approve.code == 1
    assert "Rule 4, no-pressure" in approve.out
    assert "tenggat campaign lint terms" in approve.err
    assert (as_json.code, as_json.json["findings"]) == (1, lint.json["findings"])
    assert drafted("campaign", "show", "terms", "--json").json["state"] == "draft"


def test_a_bad_file_is_told_with_its_line(drafted, home):
    drafted("template", "export", "terms", "--out", "words", "--locale", "en")
    rewrite(home / "words" / "en.csv", "title", "Hello {name}")

    done = drafted("template", "import", "terms", "words/en.csv")

    assert done.code == 2
    assert "en.csv, line 5, key `title`: {name} means nothing here" in done.err


def test_empty_files_for_a_new_template(drafted, home):
    done = drafted("template", "new", "fresh", "--locale", "id", "--locale", "fr", "--json")

    assert [row["locale"] for row in done.json] == ["id", "fr"]
    assert (home / "fresh" / "fr.csv").read_bytes().startswith(b"\xef\xbb\xbfplace,text,source,facts,note")


def test_one_language_twice_is_refused(drafted, home):
    drafted("template", "export", "terms", "--out", "words", "--locale", "en")

    done = drafted("template", "import", "terms", "words/en.csv", "words/en.csv")

    assert done.code == 2
    assert "the language of words/en.csv already" in done.err


def test_the_preview_is_a_page_or_lines(drafted, home):
    page = drafted("campaign", "preview", "terms", "--out", "page.html", "--json")
    lines = drafted("campaign", "preview", "terms", "--locale", "fr")

    assert (page.code, len(page.json["messages"])) == (0, 60)
    assert (home / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "[ Autoriser l’entraînement ]" in lines.out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--to", "telegram:1"], 3, "No bot has been up"),
        (["--to", "telegram"], 2, "A place cannot be `telegram`"),
        (["--to", "telegram:1", "--step", "receipt"], 2, "--step cannot be `receipt`"),
        ([arg for n in range(6) for arg in ("--to", f"telegram:{n}")], 2, "at most 5 testers"),
    ],
)
def test_a_test_send_says_what_is_in_its_way(drafted, arguments, code, said):
    done = drafted("campaign", "test-send", "terms", *arguments)

    assert done.code == code
    assert said in done.err
