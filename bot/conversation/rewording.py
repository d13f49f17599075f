"""The form for the words of a campaign that there is, in one language."""

from bot.campaigns.steering import Written
from bot.campaigns.templates import words_for_export
from bot.conversation import form_words
from bot.conversation.sitting import Carried, Sitting
from bot.conversation.words_form import Page, require_fresh
from bot.domain.campaign import Campaign
from bot.domain.form import FilledIn, Form, FormName
from bot.store import campaigns

PAGE = "words"  # the only one


def first(sitting: Sitting, campaign: Campaign, locale: str) -> Form:
    """The words as they are now."""
    page = _page(sitting, campaign, locale)
    said = {"slug": (campaign.slug,), "locale": (locale,), "known": (page.known.hash,)}
    return form_words.page(
        sitting.words,
        FormName.WORDS,
        fields=page.fields,
        carried=sitting.carry(FormName.WORDS, PAGE, said),
        texts=(form_words.written_in(sitting.words, campaign.slug, locale),),
        is_last=True,
    )


def written(sitting: Sitting, carried: Carried, said: FilledIn) -> Written:
    """The words as filled in; raise what is wrong with them, or that they are no longer those shown."""
    campaign = campaigns.get(sitting.session, carried.one("slug"))
    page = _page(sitting, campaign, carried.one("locale"))
    require_fresh(sitting.words, page, carried)
    return Written(page.written(said))


def names(sitting: Sitting, carried: Carried) -> tuple[str, ...]:
    """What the fields are called."""
    campaign = campaigns.get(sitting.session, carried.one("slug"))
    return _page(sitting, campaign, carried.one("locale")).names


def _page(sitting: Sitting, campaign: Campaign, locale: str) -> Page:
    known = words_for_export(campaign, sitting.talk.speaking.catalogs)
    return Page(known, locale, campaign.document.authoritative_locale)
