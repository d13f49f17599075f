"""What forms say: their titles, what their fields are called, and what has become of them."""

from collections.abc import Sequence
from typing import Final

from bot.conversation.campaign_cards import state_name
from bot.domain.campaign import Campaign
from bot.domain.form import Field, Form, FormName
from bot.domain.order import COMMAND, Order
from bot.i18n import LANGUAGE_NAMES, Words, shown_list

PARTS: Final = 4  # of the form for a new campaign


def title(words: Words, name: FormName) -> str:
    """At most 24 characters."""
    match name:
        case FormName.CAMPAIGN:
            return words.gettext("New campaign")
        case FormName.WORDS:
            return words.gettext("Words")


def field_name(words: Words, name: str) -> str:
    """What a field of the form for a campaign is called."""
    return {
        "slug": words.gettext("Name of the campaign"),
        "plans": words.gettext("Who is asked: people with these plans"),
        "registered_before": words.gettext("Only those who registered before this day"),
        "announce": words.gettext("Day of the announcement"),
        "deadline": words.gettext("Last day to answer"),
        "zone": words.gettext("Time zone of those whose zone is not known"),
        "max_reminders": words.gettext("Reminders at most"),
        "offsets": words.gettext("Or reminders at these times before the deadline"),
        "min_gap": words.gettext("Least time between two messages"),
        "from": words.gettext("Messages from"),
        "to": words.gettext("Messages until"),
        "origin": words.gettext("Copy the words of"),
        "authoritative_locale": words.gettext("Authoritative language"),
        "link": words.gettext("Address of the full text"),
        "locale": words.gettext("Language to write in"),
    }[name]


def field_hint(words: Words, name: str) -> str | None:
    """What helps to fill it in."""
    return {
        "slug": words.gettext("Lower-case letters, digits and hyphens."),
        "deadline": words.gettext("The end of this day on each person's own clock."),
        "zone": words.gettext("For example: {example}", example="Asia/Jakarta"),
        "offsets": words.gettext("For example: {example}", example="14d, 7d, 1d"),
        "min_gap": words.gettext("For example: {example}", example="24h, 2d"),
    }.get(name)


def as_shipped(words: Words, template: str) -> str:
    """What a template is called that comes with the program; campaigns may have the same name."""
    return words.gettext("{template} as it ships", template=template)


def page(
    words: Words,
    name: FormName,
    *,
    fields: Sequence[Field],
    carried: str,
    texts: Sequence[str] = (),
    is_last: bool = False,
) -> Form:
    """One page to fill in."""
    return Form(
        name,
        title(words, name),
        words.gettext("Close"),
        texts=tuple(texts),
        fields=tuple(fields),
        submit=words.gettext("Save") if is_last else words.gettext("Next"),
        carried=carried,
    )


def part_of(words: Words, number: int) -> str:
    """Which of the parts this is."""
    return words.gettext("Part {number} of {count}", number=str(number), count=str(PARTS))


def written_in(words: Words, campaign: str, locale: str) -> str:
    """Whose words these are, and that what is left empty is not there."""
    return words.gettext(
        "The words of {campaign} in {language}. What is left empty is not said.",
        campaign=campaign,
        language=LANGUAGE_NAMES[locale],
    )


def done(words: Words, name: FormName, campaign: Campaign, *, without: Sequence[str]) -> Form:
    """The campaign as it stands now, the languages in which it has no words, and where it goes on."""
    stands = words.gettext(
        "The campaign {campaign} is now: {state}.",
        campaign=campaign.slug,
        state=state_name(words, campaign.state),
    )
    waits = words.gettext("Nothing of it is so before a second person has approved it.")
    named = shown_list(tuple(LANGUAGE_NAMES[locale] for locale in without), words.catalog.locale)
    gaps = words.gettext(
        "Words are missing in {languages}; whoever reads one of these gets the authoritative words.",
        languages=named,
    )
    goes_on = words.gettext("It goes on with {command}", command=f"{COMMAND} {Order.STATUS} {campaign.slug}")
    texts = (
        stands,
        *((waits,) if campaign.proposed else ()),
        *((gaps,) if without else ()),
        goes_on,
    )
    return told(words, name, *texts)


def stale(words: Words, name: FormName) -> Form:
    """The page is none that can be gone on with."""
    return told(words, name, words.gettext("This form is out of date. Please open it again."))


def told(words: Words, name: FormName, *texts: str) -> Form:
    """A page on which nothing is asked."""
    return Form(name, title(words, name), words.gettext("Close"), texts=texts)
