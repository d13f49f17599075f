"""The lint: a campaign's messages in every language and on every channel, before the rules of fairness."""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from bot import resources
from bot.campaigns.shown import read_back
from bot.campaigns.wording import ASKING, compose, words_of
from bot.domain.cadence import deadline_of
from bot.domain.calendar import NO_REST
from bot.domain.campaign import Campaign, CampaignDocument
from bot.domain.explain import plan_all
from bot.domain.fairness import USUAL_CORE, Case, Core, DenyList, Finding, Schedule, Shown, judge
from bot.domain.message import MessageKind
from bot.domain.template import STEPS, LocaleWords
from bot.exceptions import BadFile
from bot.i18n import LOCALES, Catalogs

Lint = Callable[[Campaign], Sequence[Finding]]

OPERATOR: Final = "Contoh Operator"  # where a name is needed and none is set
ZONES: Final = ("Pacific/Kiritimati", "Etc/GMT+12")  # where days begin first and end last
WEEKEND: Final = frozenset({6, 7})
MOST_KEPT: Final = 64  # judgements


@dataclass(frozen=True, slots=True)
class Linter:
    """Judges campaigns by the words in `catalogs` and the lists in `folder`.

    What says the same is judged once: it takes a second, and some ask within a transaction.
    """

    catalogs: Catalogs
    folder: Path
    operator: str = OPERATOR
    judged: dict[tuple[str, str], Sequence[Finding]] = field(default_factory=dict, compare=False, repr=False)

    def __call__(self, campaign: Campaign) -> Sequence[Finding]:
        """Everything in the campaign that is not fair."""
        key = (self.operator, campaign.document.content_hash)
        if key not in self.judged:
            while len(self.judged) >= MOST_KEPT:
                self.judged.pop(next(iter(self.judged)))
            self.judged[key] = judge(self.case(campaign))
        return self.judged[key]

    def case(self, campaign: Campaign) -> Case:
        """The campaign as it would be shown, told and sent."""
        words = words_in(campaign, self.catalogs)
        return Case(
            operator=self.operator or OPERATOR,
            shown=tuple(self._shown(campaign, words)),
            words=words,
            schedules=tuple(_schedules(campaign.document)),
            cadence=campaign.document.cadence,
            deny=load_deny_lists(self.folder),
            core=load_core(self.folder, campaign.document.template),
        )

    def _shown(self, campaign: Campaign, words: Sequence[LocaleWords]) -> Iterator[Shown]:
        document = campaign.document
        deadline = deadline_of(document, document.zone)
        for said in words:
            for kind in STEPS:
                message = compose(
                    kind,
                    document=document,
                    locale=said.locale,
                    deadline=deadline,
                    zone=document.zone,
                    operator=self.operator or OPERATOR,
                    catalogs=self.catalogs,
                    own=campaign.words,
                )
                yield from read_back(message, facts=_facts(said, kind), promised=deadline)


@cache
def shipped() -> Linter:
    """The linter with the words that ship with the program."""
    return Linter(Catalogs.load(resources.locales()), resources.locales())


@lru_cache(maxsize=8)
def linter_of(catalogs: Catalogs, operator: str) -> Linter:
    """The linter with these words, one for all who ask, so that it remembers for all of them."""
    return Linter(catalogs, resources.locales(), operator)


def lint_shipped(campaign: Campaign) -> Sequence[Finding]:
    """Everything in the campaign that is not fair, by the words that ship with the program."""
    return shipped()(campaign)


def words_in(campaign: Campaign, catalogs: Catalogs) -> tuple[LocaleWords, ...]:
    """The campaign's words in every language in which they are whole, the authoritative one first."""
    authoritative = campaign.document.authoritative_locale
    locales = (authoritative, *(locale for locale in LOCALES if locale != authoritative))
    found = (_words(campaign, catalogs, locale) for locale in locales)
    return tuple(words for words, locale in zip(found, locales, strict=True) if words.locale == locale)


def missing(campaign: Campaign, catalogs: Catalogs) -> tuple[str, ...]:
    """The languages in which the campaign has no words: who reads them gets the authoritative ones."""
    there = {words.locale for words in words_in(campaign, catalogs)}
    return tuple(locale for locale in LOCALES if locale not in there)


@cache
def load_deny_lists(folder: Path) -> Mapping[str, DenyList]:
    """For each language what must not be said in it, from `<folder>/fairness/<language>.toml`."""
    return {locale: _deny_list(folder / "fairness" / f"{locale}.toml") for locale in LOCALES}


@cache
def load_core(folder: Path, template: str) -> Core:
    """What must be said by this template, from `<folder>/fairness/<template>.toml`; else the usual."""
    path = folder / "fairness" / f"{template}.toml"
    if template in LOCALES or not path.is_file():
        return USUAL_CORE
    said = _read(path, {"required", "balance", "places"})
    return Core(
        required={
            MessageKind(kind): frozenset(_texts(path, said["required"], kind)) for kind in said["required"]
        },
        benefit=frozenset(_texts(path, said["balance"], "benefit")),
        cost=frozenset(_texts(path, said["balance"], "cost")),
        unsupported=frozenset(_texts(path, said["places"], "unsupported")),
    )


def _words(campaign: Campaign, catalogs: Catalogs, locale: str) -> LocaleWords:
    document, authoritative = campaign.document, campaign.document.authoritative_locale
    if campaign.words is None:
        return words_of(catalogs.for_locale(locale, document.template, authoritative=authoritative))
    found = campaign.words.best((locale,), authoritative=authoritative)
    if found is None:
        raise BadFile(f"The words of `{document.slug}`", f"there are none in `{authoritative}`; import them.")
    return found


def _facts(said: LocaleWords, kind: MessageKind) -> frozenset[str]:
    """The facts that a message rests on: those of its own places, and of question and answers if it asks."""
    shared = ("question", "choice.opt_in", "choice.opt_out") if kind in ASKING else ()
    found = (said.texts[place].facts for place in shared)
    return said.facts(kind).union(*found)


def _schedules(document: CampaignDocument) -> Iterator[Schedule]:
    for zone in dict.fromkeys((document.zone, *ZONES)):
        for rest in (NO_REST, WEEKEND):
            steps = plan_all(document, zone=zone, rest_days=rest)
            kept = "with days of rest" if rest else "without days of rest"
            yield Schedule(f"schedule/{zone} {kept}", steps, deadline_of(document, zone))


def _deny_list(path: Path) -> DenyList:
    names = {field.name for field in fields(DenyList)}
    said = _read(path, names)
    return DenyList(**{name: _texts(path, said, name) for name in said})


def _read(path: Path, known: set[str]) -> dict[str, dict[str, object]]:
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadFile(str(path), f"cannot be read ({error.strerror}).") from error
    except tomllib.TOMLDecodeError as error:
        raise BadFile(str(path), str(error)) from error
    for key in said:
        if key not in known:
            raise BadFile(str(path), f"expected one of {', '.join(sorted(known))}.", key=key)
    return said


def _texts(path: Path, table: Mapping[str, object], key: str) -> tuple[str, ...]:
    found = table.get(key)
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise BadFile(str(path), "expected a list of texts.", key=key)
    return tuple(found)
