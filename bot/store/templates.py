"""Templates: the words that campaigns have of their own, kept under their hash and never changed."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from datetime import datetime
from threading import Lock

from sqlalchemy import insert
from sqlmodel import Session, col, select

from bot.domain.template import CampaignWords, LocaleWords, Origin, PlacedText
from bot.store.dialect import insert_new
from bot.store.models import TemplateRow, TemplateTextRow

ORIGIN, REVIEWED_BY = "about.origin", "about.reviewed_by"  # what is kept of a language besides its words
REMEMBERED = 32


def put(session: Session, words: CampaignWords, *, by: str, now: datetime) -> str:
    """These words are kept; the hash under which they can be found."""
    name = words.hash
    if session.get(TemplateRow, name) is None:
        session.execute(insert_new(session, TemplateRow, [{"hash": name, "made_at": now, "made_by": by}]))
        session.execute(insert(TemplateTextRow), [dict(row) for row in _rows(name, words)])
    return name


def get(session: Session, name: str) -> CampaignWords:
    """The words with this hash."""
    known = _KNOWN.get(name)
    if known is None:
        found = session.exec(
            select(TemplateTextRow).where(TemplateTextRow.template == name).order_by(col(TemplateTextRow.id))
        ).all()
        if not found:
            raise LookupError(f"the words {name} are not in the database")
        known = _KNOWN.keep(name, _value(found))
    return known


class _Known:
    """Words that were read before: a hash names the same ones for ever, in every database."""

    def __init__(self) -> None:
        self._words: OrderedDict[str, CampaignWords] = OrderedDict()
        self._lock = Lock()

    def get(self, name: str) -> CampaignWords | None:
        with self._lock:
            return self._words.get(name)

    def keep(self, name: str, words: CampaignWords) -> CampaignWords:
        with self._lock:
            self._words[name] = words
            while len(self._words) > REMEMBERED:
                self._words.popitem(last=False)
        return words


_KNOWN = _Known()


def _rows(name: str, words: CampaignWords) -> Iterable[dict[str, str]]:
    for locale, said in words.locales.items():
        about = {ORIGIN: said.origin.value, REVIEWED_BY: said.reviewed_by or ""}
        for place, text in about.items():
            yield {"template": name, "locale": locale, "place": place, "text": text, "facts": ""}
        for place, placed in said.texts.items():
            facts = " ".join(placed.facts)
            yield {"template": name, "locale": locale, "place": place, "text": placed.text, "facts": facts}


def _value(rows: Sequence[TemplateTextRow]) -> CampaignWords:
    locales: dict[str, list[TemplateTextRow]] = {}
    for row in rows:
        locales.setdefault(row.locale, []).append(row)
    return CampaignWords({locale: _locale(locale, found) for locale, found in locales.items()})


def _locale(locale: str, rows: Sequence[TemplateTextRow]) -> LocaleWords:
    about = {row.place: row.text for row in rows if row.place in (ORIGIN, REVIEWED_BY)}
    texts = {
        row.place: PlacedText(row.text, tuple(row.facts.split())) for row in rows if row.place not in about
    }
    return LocaleWords(locale, texts, Origin(about[ORIGIN]), about[REVIEWED_BY] or None)
