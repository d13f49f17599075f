"""The composer: turns a claimed delivery into a message, each distinct text once."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from bot.campaigns.wording import compose
from bot.domain.cadence import deadline_of
from bot.domain.campaign import Campaign
from bot.domain.message import Button, Message, Verb
from bot.domain.step import StepKind, message_kind
from bot.i18n import Catalogs
from bot.store.claims import Outgoing
from bot.store.messages import digest, from_text, to_text

REMEMBERED = 4096  # distinct texts of one campaign: steps times locales times zones
CAMPAIGNS = 16


@dataclass(frozen=True, slots=True)
class Written:
    """A message with the hash of its text, what its buttons do, and the deadline that it shows."""

    message: Message
    hash: str
    text: str
    verbs: tuple[Verb, ...]
    deadline: date | None = None


class _Key(NamedTuple):  # of what every message looks up, a tuple costs a third of a dataclass
    kind: StepKind
    final: bool
    locale: str | None
    zone: str | None


class Composer:
    """Writes campaign steps from their templates; replies bring their own message."""

    def __init__(self, catalogs: Catalogs, *, operator: str) -> None:
        self.catalogs = catalogs
        self.operator = operator
        self._written: dict[Campaign, dict[_Key, Written]] = {}
        self._recent: tuple[Campaign | None, dict[_Key, Written]] = (None, {})

    def write(self, outgoing: Outgoing) -> Written:
        """What this delivery says, in the person's language and with the deadline on their clock."""
        if outgoing.body is not None:
            return _written(from_text(outgoing.body), outgoing.body)
        if outgoing.campaign is None:
            raise LookupError(f"delivery {outgoing.delivery.id} has neither a campaign nor a body")
        key = _Key(outgoing.kind, outgoing.final, outgoing.locale, outgoing.zone)
        texts = self._texts(outgoing.campaign)
        if key not in texts:
            if len(texts) >= REMEMBERED:
                texts.clear()
            texts[key] = self._step(outgoing.campaign, key)
        return texts[key]

    def _texts(self, campaign: Campaign) -> dict[_Key, Written]:
        """The texts of this campaign as it stands; those of one batch need not compare whole campaigns."""
        recent, texts = self._recent
        if campaign is not recent:
            if len(self._written) >= CAMPAIGNS:
                self._written.clear()
            texts = self._written.setdefault(campaign, {})
            self._recent = campaign, texts
        return texts

    def _step(self, campaign: Campaign, key: _Key) -> Written:
        document = campaign.document
        kind = message_kind(key.kind, final=key.final)
        message = compose(
            kind,
            document=document,
            locale=key.locale,
            deadline=deadline_of(document, key.zone or document.zone),
            zone=key.zone,
            operator=self.operator,
            catalogs=self.catalogs,
            own=campaign.words,
        )
        text = to_text(message)
        shows = None if key.kind is StepKind.CLOSING else document.deadline
        return _written(message, text, deadline=shows)


def _written(message: Message, text: str, *, deadline: date | None = None) -> Written:
    buttons = (*message.choices, *message.secondary)
    verbs = tuple(button.verb for button in buttons if isinstance(button, Button))
    return Written(message, digest(text), text, verbs, deadline)
