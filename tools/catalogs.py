"""Keep the catalogs of words whole: `python -m tools.catalogs check | extract | update`.

`extract` writes `locales/bot.pot` from the code and `locales/pages.pot` from the staff pages; the templates of
campaigns (`locales/<template>.pot`) are written by hand. `update` brings every `.po` in line with its `.pot`;
translations are kept, new strings stay empty for a translator (English takes the source). `check` says what is
not whole and ends with 1.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from bot.i18n import BOT, LOCALES, PAGE_LOCALES, PAGES
from tools.catalog_rules import problems_of

ROOT = Path(__file__).resolve().parent.parent
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}
PLURALS = {
    "id": "nplurals=1; plural=0;",
    "zh": "nplurals=1; plural=0;",
    "ja": "nplurals=1; plural=0;",
    "en": "nplurals=2; plural=(n != 1);",
    "fr": "nplurals=2; plural=(n > 1);",
    "ar": "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5);",
}

SOURCES = {
    BOT: [("web/staff/**.py", "ignore"), ("**.py", "python")],
    PAGES: [("web/staff/**.py", "python"), ("web/staff/**.html", "jinja2")],
}

Key = tuple[str | None, str | tuple[str, ...]]


def main() -> int:
    """Do what the command line says; 1 when a check found something."""
    parser = argparse.ArgumentParser(prog="python -m tools.catalogs", description=__doc__)
    parser.add_argument("command", choices=("check", "extract", "update"))
    command = parser.parse_args().command
    if command == "check":
        found = list(check(ROOT))
        print("\n".join(found) or "The catalogs are whole.", file=sys.stderr)
        return 1 if found else 0
    for domain in (BOT, PAGES):
        write(_pot(ROOT, domain), extracted(ROOT, domain), header=_header())
    if command == "update":
        for path in _templates(ROOT):
            _update(ROOT, path)
    return 0


def check(root: Path) -> Iterator[str]:
    """Everything that is not whole in the catalogs under `root`, a sentence each."""
    for domain in (BOT, PAGES):
        pot = _pot(root, domain)
        if not pot.is_file() or _keys(read(pot)) != _keys(extracted(root, domain)):
            yield f"{pot.relative_to(root)}: stale; run `make catalogs`"
    for template in _templates(root):
        for locale in _locales(template.stem):
            path = _po(root, locale, template.stem)
            if not path.is_file():
                yield f"{path.relative_to(root)}: there is no such catalog; run `make catalogs`"
                continue
            for problem in problems_of(read(path, locale), read(template), locale, root / "locales"):
                yield f"{path.relative_to(root)}: {problem}"


def extracted(root: Path, domain: str) -> Catalog:
    """The strings that the code, or the pages' templates, hand to a catalog."""
    catalog = Catalog()
    found = extract_from_dir(
        root / "bot", method_map=SOURCES[domain], keywords=KEYWORDS, comment_tags=("Words:",)
    )
    for name, _, text, comments, context in found:
        catalog.add(text, locations=[(f"bot/{name}", 0)], auto_comments=comments, context=context)
    return catalog


def read(path: Path, locale: str | None = None) -> Catalog:
    """The entries of a `.pot` or `.po` file."""
    with path.open("rb") as file:
        return read_po(file, locale=locale, abort_invalid=True)


def write(path: Path, catalog: Catalog, *, header: str) -> None:
    """Write a file that changes only when its strings do: no dates, no line numbers, no obsolete entries."""
    body = BytesIO()
    write_po(body, catalog, width=100, omit_header=True, include_lineno=False, ignore_obsolete=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{header}\n{body.getvalue().decode().strip()}\n", encoding="utf-8")


def _update(root: Path, template: Path) -> None:
    for locale in _locales(template.stem):
        path = _po(root, locale, template.stem)
        header = _header_of(path) if path.is_file() else _header(locale)
        catalog = read(path, locale) if path.is_file() else read_po(BytesIO(header.encode()), locale=locale)
        catalog.update(read(template), no_fuzzy_matching=True)
        if locale == "en":
            _take_source(catalog)
        write(path, catalog, header=header)


def _take_source(catalog: Catalog) -> None:
    for entry in catalog:
        if entry.id:
            entry.string = entry.id
            entry.flags.discard("fuzzy")


def _templates(root: Path) -> list[Path]:
    return sorted((root / "locales").glob("*.pot"))


def _locales(domain: str) -> tuple[str, ...]:
    return PAGE_LOCALES if domain == PAGES else LOCALES


def _pot(root: Path, domain: str) -> Path:
    return root / "locales" / f"{domain}.pot"


def _po(root: Path, locale: str, domain: str) -> Path:
    return root / "locales" / locale / "LC_MESSAGES" / f"{domain}.po"


def _keys(catalog: Catalog) -> set[Key]:
    return {_key(entry) for entry in catalog if entry.id}


def _key(entry: Message) -> Key:
    return entry.context, entry.id if isinstance(entry.id, str) else tuple(entry.id)


def _header(locale: str | None = None) -> str:
    lines = ["Project-Id-Version: tenggat", "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8"]
    lines.append("Content-Transfer-Encoding: 8bit")
    if locale is not None:
        lines += [f"Language: {locale}", f"Plural-Forms: {PLURALS[locale]}"]
        lines += [] if locale == "id" else ["X-Translation-Origin: machine"]
    return "\n".join(['msgid ""', 'msgstr ""', *(f'"{line}\\n"' for line in lines), ""])


def _header_of(path: Path) -> str:
    """The header as it stands: Babel would drop what it does not know of it."""
    head = re.split(r"\n\s*\n", path.read_text(encoding="utf-8"), maxsplit=1)[0]
    return head + "\n"


if __name__ == "__main__":
    sys.exit(main())
