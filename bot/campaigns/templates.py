"""Templates of campaigns' own: what staff take out as files, write, and bring back."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.campaigns.lint import missing, words_in
from bot.campaigns.service import REWRITABLE
from bot.campaigns.shown import read_back
from bot.campaigns.template_csv import problem_at
from bot.campaigns.wording import compose, words_of
from bot.domain import campaign as rules
from bot.domain.cadence import deadline_of
from bot.domain.campaign import STARTED, Campaign
from bot.domain.roles import Act
from bot.domain.template import NEEDED, STEPS, CampaignWords, LocaleWords, Origin, PlacedText, is_place
from bot.exceptions import BadFile, CampaignLocked
from bot.i18n import LANGUAGE_NAMES, LOCALES, Catalogs, match_locale
from bot.store import campaigns, languages, staff, templates
from bot.store.database import Session

LONGEST_OPERATOR = "W" * 64  # whatever the operator is called, the messages must fit


@dataclass(frozen=True, slots=True)
class Brought:
    """What an import has done: the campaign as it stands, in which languages its words are whole and in
    which they are missing, and how many translations of changed words were dropped. The words of a campaign
    that has started wait for a second person."""

    campaign: Campaign
    whole: tuple[str, ...]
    missing: tuple[str, ...]
    dropped: int

    def as_json(self) -> dict[str, object]:
        """The import as scripts read it."""
        return {
            "slug": self.campaign.slug,
            "state": self.campaign.state.value,
            "content_hash": self.campaign.document.content_hash,
            "whole": list(self.whole),
            "missing": list(self.missing),
            "dropped": self.dropped,
            "waits": self.campaign.proposed is not None,
        }


def words_for_export(campaign: Campaign, catalogs: Catalogs) -> CampaignWords:
    """The campaign's words as they are: its own, else those of the shipped template (none, if there is
    no such template)."""
    if campaign.words is not None:
        return campaign.words
    if not catalogs.has(campaign.document.template):
        return CampaignWords({})
    return CampaignWords({words.locale: words for words in words_in(campaign, catalogs)})


def bring(
    session: Session,
    slug: str,
    files: Sequence[LocaleWords],
    *,
    by: str,
    now: datetime,
    catalogs: Catalogs,
    alone: bool = False,
) -> Brought:
    """These words are the campaign's own, beside those that it has in other languages (unless `alone`).

    The campaign is a draft again: an approval that there was has fallen. Of one that has started they are a
    change that waits for approval, and go to those not asked by then. Where the authoritative words have
    changed, translations that were not brought along are dropped, since they would say something else;
    a language with a gap gives way to the authoritative one.
    """
    campaign = campaigns.get(session, slug)
    if campaign.state not in (*REWRITABLE, *STARTED):
        raise CampaignLocked(slug, campaign.state)
    draft, dropped = rewritten(campaign, files, by=by, catalogs=catalogs, alone=alone)
    document = keep_words(session, draft, by=by, now=now).document
    if document != campaign.document:
        detail = f"words {document.words}"
        staff.audit(session, actor=by, act=Act.EDIT, allowed=True, now=now, subject=slug, detail=detail)
        campaign = _kept(session, campaign, draft, by=by, now=now)
    without = missing(draft, catalogs)
    whole = tuple(locale for locale in LOCALES if locale not in without)
    return Brought(campaign, whole, without, dropped)


def rewritten(
    campaign: Campaign, files: Sequence[LocaleWords], *, by: str, catalogs: Catalogs, alone: bool = False
) -> tuple[Campaign, int]:
    """The campaign as a draft with these words, and how many translations of changed words it drops; nothing
    is kept. Raise `BadFile` for words with a gap, `MessageTooLong` for those that no channel takes whole."""
    before = CampaignWords({}) if alone else words_for_export(campaign, catalogs)
    words, dropped = _merged(before, files, authoritative=campaign.document.authoritative_locale)
    _check_whole(campaign, words)
    document = replace(campaign.document, words=words.hash)
    draft = Campaign(document, revision=campaign.revision, author=by, id=campaign.id, words=words)
    check_fits(draft, catalogs)
    return draft, dropped


def keep_words(session: Session, draft: Campaign, *, by: str, now: datetime) -> Campaign:
    """The draft, whose words can be found under the hash that it names."""
    if draft.words is not None:
        templates.put(session, draft.words, by=by, now=now)
    return draft


def typed(known: CampaignWords, locale: str, texts: Mapping[str, str], *, authoritative: str) -> LocaleWords:
    """The words that somebody typed in this language, each checked at its place; they rest on the facts of
    those that they translate. What was left empty is not there."""
    source = known.locales.get(authoritative) or LocaleWords(authoritative, {})
    found: dict[str, PlacedText] = {}
    for place, text in texts.items():
        if not text:
            continue
        problem = problem_at(place, text) if is_place(place) else "a template has no such place."
        if problem:
            raise BadFile(f"The words in {LANGUAGE_NAMES[locale]}", problem, key=place)
        original = source.texts.get(place)
        found[place] = PlacedText(text, original.facts if original else ())
    return LocaleWords(locale, found, Origin.HUMAN)


def fallbacks(session: Session, campaign: Campaign, catalogs: Catalogs) -> Mapping[str, int]:
    """How many people who may be asked read a language in which the campaign has no words, by language:
    they get the authoritative ones."""
    without = missing(campaign, catalogs)
    counts: Counter[str] = Counter()
    for spoken, people in languages.of_audience(session, campaign).items():
        if spoken is None:
            continue
        locale = match_locale(spoken)
        if locale is None or locale in without:
            counts[spoken] += people
    return dict(sorted(counts.items()))


def check_fits(campaign: Campaign, catalogs: Catalogs) -> None:
    """Raise `MessageTooLong` where a channel would not take a message of the campaign whole."""
    document = campaign.document
    deadline = deadline_of(document, document.zone)
    for words in words_in(campaign, catalogs):
        for kind in STEPS:
            message = compose(
                kind,
                document=document,
                locale=words.locale,
                deadline=deadline,
                zone=document.zone,
                operator=LONGEST_OPERATOR,
                catalogs=catalogs,
                own=campaign.words,
            )
            read_back(message, facts=frozenset(), promised=deadline)


def shipped_example(catalogs: Catalogs, template: str, locale: str) -> LocaleWords:
    """The words of a shipped template in this language, for those who write another."""
    return words_of(catalogs.for_locale(locale, template))


def _kept(session: Session, campaign: Campaign, draft: Campaign, *, by: str, now: datetime) -> Campaign:
    if campaign.state in STARTED:
        proposed = rules.propose(campaign, draft.document, by=by)
        return campaigns.save(session, proposed, now=now, by=by)
    return campaigns.rewrite(session, draft, now=now)


def _merged(
    before: CampaignWords, files: Sequence[LocaleWords], *, authoritative: str
) -> tuple[CampaignWords, int]:
    brought = {words.locale: words for words in files}
    source = brought.get(authoritative) or before.locales.get(authoritative)
    old = before.locales.get(authoritative)
    dropped = 0
    merged = dict(brought)
    for locale, words in before.locales.items():
        if locale in brought:
            continue
        kept = _current(words, old, source)
        dropped += len(words.texts) - len(kept.texts)
        merged[locale] = kept
    if source is not None:
        merged = {locale: _with_facts(words, source) for locale, words in merged.items()}
    return CampaignWords(dict(sorted(merged.items()))), dropped


def _current(words: LocaleWords, old: LocaleWords | None, source: LocaleWords | None) -> LocaleWords:
    """A translation without what it translates otherwise than the source now says."""
    if old is None or source is None:
        return words
    texts = {place: found for place, found in words.texts.items() if old.text(place) == source.text(place)}
    return replace(words, texts=texts)


def _with_facts(words: LocaleWords, source: LocaleWords) -> LocaleWords:
    """Translations rest on the same facts as what they translate, where they name none."""
    texts = {
        place: found if found.facts or place not in source.texts
        else PlacedText(found.text, source.texts[place].facts)
        for place, found in words.texts.items()
    }  # fmt: skip
    return replace(words, texts=texts)


def _check_whole(campaign: Campaign, words: CampaignWords) -> None:
    locale = campaign.document.authoritative_locale
    found = words.locales.get(locale)
    if found is None:
        problem = (
            f"there are no words in `{locale}`, the campaign's authoritative language; bring them first."
        )
        raise BadFile(f"The words of `{campaign.slug}`", problem)
    if gaps := [place for place in NEEDED if not found.text(place)]:
        problem = f"without words in `{locale}`: {', '.join(gaps)}. Every template needs them."
        raise BadFile(f"The words of `{campaign.slug}`", problem)
