"""First answers: taps on a question by people who had not answered it, all at once.

What each of them comes to is what `choice.choose` makes of it. Whatever is not plainly such a tap is left to be
worked by itself.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from bot.channels.base import Event, Tap
from bot.conversation import choice
from bot.conversation.person import Person
from bot.domain.campaign import Campaign
from bot.domain.choice import ChoiceRecord, Control
from bot.domain.ledger import NONCE_BYTES
from bot.domain.token import TapToken, read
from bot.failpoints import failpoint
from bot.store import campaigns, first_answers, inbox, messages
from bot.store.database import Session
from bot.store.first_answers import Asked, FirstAnswer
from bot.store.inbox import Kept
from bot.store.outbox import Reply

if TYPE_CHECKING:
    from bot.conversation.talk import Talk

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Heard:
    """An update, and what it says."""

    kept: Kept
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class _Answer:
    """An update that says an answer, by a genuine button."""

    kept: Kept
    tap: Tap
    token: TapToken


def take(session: Session, talk: "Talk", heard: Sequence[Heard], *, now: datetime) -> frozenset[int]:
    """Those of these updates that are first answers are worked, once; their inbox ids.

    One that cannot be worked is left, with all others that are none.
    """
    said = [answer for update in heard if (answer := _answer_of(talk, update)) is not None]
    if not said:
        return frozenset()
    ours = inbox.take(session, [answer.kept.id for answer in said])
    said = [answer for answer in said if answer.kept.id in ours]
    asked = first_answers.look(session, [answer.token.delivery for answer in said])
    present = campaigns.by_ids(session, {one.question.campaign_id for one in asked.values()})
    answers = list(_worked_out(talk, said, asked, present, now))
    if answers:
        first_answers.keep(session, answers, now=now)
        failpoint("choice.after_add")
    return frozenset(answer.inbox_id for answer in answers)


def _answer_of(talk: "Talk", update: Heard) -> _Answer | None:
    tap = update.events[0] if len(update.events) == 1 else None
    if not isinstance(tap, Tap) or not tap.sender.private or tap.at_home:
        return None
    token = read(talk.key, tap.data, address=tap.sender.key)
    is_answer = token is not None and token.verb in choice.VALUES
    return _Answer(update.kept, tap, token) if token is not None and is_answer else None


def _worked_out(
    talk: "Talk",
    said: Sequence[_Answer],
    asked: Mapping[int, Asked],
    present: Mapping[int, Campaign],
    now: datetime,
) -> Iterator[FirstAnswer]:
    answered: set[int] = set()
    for answer in said:
        found = asked.get(answer.token.delivery)
        if found is None or found.address.key != answer.tap.sender.key or found.recipient.id in answered:
            continue
        campaign = present[found.question.campaign_id]
        if campaign.state in choice.ENDED:
            continue
        try:
            worked_out = _first_answer(talk, answer, found, campaign, now)
        except Exception:  # by itself it will be tried again, or become a dead letter
            kept = answer.kept.id
            logger.warning("a first answer is worked by itself", exc_info=True, extra={"inbox": kept})
            continue
        answered.add(found.recipient.id)
        yield worked_out


def _first_answer(
    talk: "Talk", answer: _Answer, asked: Asked, campaign: Campaign, now: datetime
) -> FirstAnswer:
    sender = answer.tap.sender
    conversation = sender.conversation or asked.address.conversation
    address = replace(asked.address, conversation=conversation)
    person = Person(asked.recipient, address, asked.recipient.locale or sender.language)
    record = choice.record_of(
        talk,
        person,
        campaign,
        asked.question,
        choice.VALUES[answer.token.verb],
        Control.BUTTON,
        kept=answer.kept,
        shown=asked.shown,
        name=asked.pseudonym,
        now=now,
    )
    return FirstAnswer(
        inbox_id=answer.kept.id,
        asked=asked,
        campaign=campaign,
        record=record,
        nonce=talk.random_bytes(NONCE_BYTES),
        replies=_receipts(talk, person, campaign, record, answer, asked),
        conversation=conversation,
        handle=sender.handle.lower() if sender.handle else asked.handle,
        language=sender.language or asked.language,
    )


def _receipts(
    talk: "Talk",
    person: Person,
    campaign: Campaign,
    record: ChoiceRecord,
    answer: _Answer,
    asked: Asked,
) -> Sequence[Reply]:
    """In the place of the question that was touched, and of the latest one in the chat."""
    receipt = talk.receipts.of(
        talk.template(person, campaign), record, late=choice.is_late(person, campaign, record)
    )
    body = messages.to_text(receipt)
    lying = dict.fromkeys(
        shown for shown in (answer.tap.message or asked.question.message, asked.latest) if shown
    )
    return [
        Reply(
            inbox_id=answer.kept.id,
            number=number,
            to=person.address,
            lane=answer.kept.identity,
            kind=receipt.kind,
            body=body,
            asks=receipt.asks,
            recipient_id=person.recipient.id,
            campaign_id=campaign.id,
            edits=edits,
        )
        for number, edits in enumerate(lying)
    ]
