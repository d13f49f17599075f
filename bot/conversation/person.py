"""The person in a talk: who writes, in which language, and how their campaign stands."""

from dataclasses import dataclass, replace
from datetime import datetime

from bot.campaigns.wording import Template
from bot.channels.base import Sender
from bot.domain.cadence import deadline_of
from bot.domain.campaign import Campaign
from bot.domain.choice import ChoiceRecord
from bot.domain.recipient import Address, Exclusion, Recipient, exclusion
from bot.i18n import Catalogs, Words, match_locale
from bot.store import addresses, choices, outbox, recipients
from bot.store.database import Session

UNKNOWN_ZONE = "Asia/Jakarta"  # for times shown to somebody of whom nothing is known


@dataclass(frozen=True, slots=True)
class Speaking:
    """In which words the bot speaks."""

    catalogs: Catalogs
    operator: str

    def words(self, locale: str | None, zone: str | None) -> Words:
        """The bot's own words in a language that it has."""
        return Words(self.catalogs, match_locale(locale) or "id", zone or UNKNOWN_ZONE)

    def template(self, campaign: Campaign, *, locale: str | None, zone: str | None) -> Template:
        """A campaign's words."""
        return Template.of(
            campaign.document,
            locale=locale,
            zone=zone,
            operator=self.operator,
            catalogs=self.catalogs,
            own=campaign.words,
        )


@dataclass(frozen=True, slots=True)
class Person:
    """A recipient in the chat in which they are writing."""

    recipient: Recipient
    address: Address
    locale: str | None

    @property
    def zone(self) -> str | None:
        return self.recipient.zone

    def deadline(self, campaign: Campaign) -> datetime:
        """The last second of the campaign's deadline on this person's clock."""
        return deadline_of(campaign.document, self.zone or campaign.document.zone)

    def is_new(self, campaign: Campaign) -> bool:
        """Whether they registered too late to be told as an existing user; they chose, or choose, at sign-up."""
        return exclusion(self.recipient, campaign.document.audience) is Exclusion.REGISTERED_LATE

    def is_covered(self, campaign: Campaign) -> bool:
        """Whether the campaign's question is theirs at all, by their plan."""
        return self.recipient.plan in campaign.document.audience.plans

    def answer(self, session: Session, campaign: Campaign) -> ChoiceRecord | None:
        """The person's choice that stands."""
        return choices.standing(session, self.recipient.id, campaign.id)


def meet(session: Session, sender: Sender, *, now: datetime) -> Person | None:
    """Who writes, if the bot knows them. Whoever writes in private can be written to."""
    row = addresses.by_key(session, sender.key)
    if row is None:
        return None
    # what is shown in a channel there is not where the person is to be written to
    conversation = sender.conversation if sender.private else None
    addresses.noticed(session, row, conversation=conversation, handle=sender.handle, language=sender.language)
    if sender.private and addresses.reopened(session, row, now=now):
        outbox.revive_notices(session, [row.recipient_id], now=now)
    recipient = recipients.by_id(session, row.recipient_id)
    locale = recipient.locale or sender.language
    return Person(recipient, replace(addresses.value(row), conversation=row.conversation), locale)


def meet_again(session: Session, person: Person) -> Person:
    """The same person as they are after a change of their own."""
    recipient = recipients.by_id(session, person.recipient.id)
    address = next((place for place in recipient.addresses if place.id == person.address.id), person.address)
    return Person(recipient, address, recipient.locale or person.locale)
