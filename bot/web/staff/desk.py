"""The desk: what the staff pages stand on, and who stands before it."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.requests import Request

from bot.campaigns.forecast import Rates
from bot.campaigns.lint import Linter
from bot.campaigns.rest import RestDays
from bot.campaigns.rights import Actor
from bot.campaigns.sign_in import RandomBytes
from bot.clock import Clock
from bot.conversation.talk import Talk
from bot.domain.roles import Act, may
from bot.i18n import LANGUAGE_NAMES, PAGE_LOCALES, PAGES, Catalogs, Words, match_locale
from bot.pages import Pages
from bot.store.database import Database
from bot.store.staff import Staff

HERE = Path(__file__).parent
STATIC = HERE / "static"
LANGUAGE_COOKIE: Final = "__Host-language"


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that a page may need; `key` signs what guards its forms."""

    database: Database
    clock: Clock
    talk: Talk
    linter: Linter
    rates: Rates
    rest_days: RestDays
    random_bytes: RandomBytes
    key: bytes
    pages: Pages

    @property
    def catalogs(self) -> Catalogs:
        return self.linter.catalogs

    def guard(self, token: str) -> str:
        """What a form of this session carries, so that no other page can send it."""
        return hmac.new(self.key, f"form|{token}".encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody who has signed in: who it is, in which words, and what their form says."""

    desk: Desk
    request: Request
    member: Staff
    token: str
    words: Words
    form: Mapping[str, list[str]]

    @property
    def actor(self) -> Actor:
        return Actor(self.member.name, self.member.role)

    @property
    def slug(self) -> str:
        """The campaign that the address names."""
        return str(self.request.path_params["slug"])

    @property
    def plain(self) -> Words:
        """The bot's own words, which name states and steps, in the same language."""
        return Words(self.desk.catalogs, self.words.locale, self.words.zone)

    def may(self, act: Act) -> bool:
        """Whether this person may do that."""
        return may(self.member.role, act)

    def said(self, name: str) -> str:
        """What the form says in this field, without the space around it; "" when it says nothing."""
        return (self.form.get(name) or [""])[0].strip()

    def fill(self, template: str, **values: object) -> str:
        """A page with its frame, in this person's words."""
        return self.desk.pages.fill(
            template,
            **frame(self.words),
            member=self.member,
            may=self.may,
            acts=Act,
            guard=self.desk.guard(self.token),
            path=self.request.url.path,
            **values,
        )


def frame(words: Words) -> dict[str, object]:
    """What every page needs to speak."""
    return {
        "gettext": words.gettext,
        "ngettext": words.ngettext,
        "lang": words.locale,
        "languages": {tag: LANGUAGE_NAMES[tag] for tag in ("id", "en")},
    }


def words_for(request: Request, catalogs: Catalogs) -> Words:
    """The pages' words in the language that this browser chose, or says that it reads."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    spoken = (part.partition(";")[0] for part in request.headers.get("accept-language", "").split(","))
    tags = (match_locale(tag) for tag in (chosen, *spoken))
    locale = next((tag for tag in tags if tag in PAGE_LOCALES), PAGE_LOCALES[0])
    return page_words(catalogs, locale, "Asia/Jakarta")


def page_words(catalogs: Catalogs, locale: str, zone: str) -> Words:
    """The pages' words in this language."""
    return Words(catalogs, locale, zone, domain=PAGES)
