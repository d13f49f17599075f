"""First answers: what people answer by a button who had not answered before, read and kept many at a time.

They are nearly all that is ever answered. A few statements, built once, do for a whole batch.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, Table, and_, bindparam, exists, insert, or_, select, update
from sqlmodel import Session, SQLModel

from bot.domain import ledger as chain
from bot.domain.campaign import Campaign
from bot.domain.choice import ChoiceRecord
from bot.domain.delivery import DeliveryState
from bot.domain.ledger import EntryType
from bot.domain.message import Message
from bot.domain.recipient import Address, ChannelName, Plan, Reach, Recipient
from bot.domain.step import StepKind
from bot.failpoints import failpoint
from bot.store import choices, inbox, ledger, messages, outbox
from bot.store.outbox import Reply
from bot.store.questions import ARRIVED, Question

TEXTS = 4096  # steps times locales times zones, as many as the composer remembers


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody who has not answered this question yet, and what stands before them.

    `latest` is the newest message in their chat that asks this campaign's question and can be edited.
    """

    recipient: Recipient
    address: Address
    handle: str | None
    language: str | None
    pseudonym: str | None
    question: Question
    shown: Message | None
    latest: str | None


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """A first answer, with what is said to it, and the person's address as their update tells it."""

    inbox_id: int
    asked: Asked
    campaign: Campaign
    record: ChoiceRecord
    nonce: bytes
    replies: Sequence[Reply]
    conversation: str | None
    handle: str | None
    language: str | None


_ADDRESS: Table = SQLModel.metadata.tables["address"]
_CHOICE: Table = SQLModel.metadata.tables["choice"]
_DELIVERY: Table = SQLModel.metadata.tables["delivery"]
_RECIPIENT: Table = SQLModel.metadata.tables["recipient"]
_RENDERING: Table = SQLModel.metadata.tables["rendering"]
_REPETITION: Table = SQLModel.metadata.tables["repetition"]
_OTHER = _ADDRESS.alias("other")

_THESE = _DELIVERY.c.id.in_(bindparam("deliveries", expanding=True))
_HELD = (
    select(_RECIPIENT.c.id)
    .where(_RECIPIENT.c.id.in_(select(_DELIVERY.c.recipient_id).where(_THESE)))
    .with_for_update(key_share=True, skip_locked=True)
)
_HAS_NOT_ANSWERED = [  # each by itself: of two in one condition PostgreSQL makes a look for every row
    ~exists().where(
        answers.c.recipient_id == _RECIPIENT.c.id, answers.c.campaign_id == _DELIVERY.c.campaign_id
    )
    for answers in (_CHOICE, _REPETITION)
]
_HAS_NO_OTHER_PLACES = (
    _ADDRESS.c.home_at.is_(None),
    ~exists().where(_OTHER.c.recipient_id == _RECIPIENT.c.id, _OTHER.c.id != _ADDRESS.c.id),
)
_MAY_COME_AGAIN = or_(
    _DELIVERY.c.platform_message.is_(None),
    _DELIVERY.c.state == DeliveryState.IN_DOUBT.value,
    and_(_DELIVERY.c.doubts > 0, _DELIVERY.c.state == DeliveryState.DUE.value),
)
_ASKED = (
    select(
        _DELIVERY.c.id.label("delivery_id"),
        *(_DELIVERY.c[name] for name in ("campaign_id", "step", "kind", "final", "platform_message", "body")),
        *(_DELIVERY.c[name] for name in ("rendering", "deadline_shown", "settled_at", "revision")),
        _ADDRESS.c.id.label("address_id"),
        *(_ADDRESS.c[name] for name in ("channel", "external", "workspace", "conversation", "reach")),
        *(_ADDRESS.c[name] for name in ("handle", "language")),
        _RECIPIENT.c.id.label("recipient_id"),
        *(_RECIPIENT.c[name] for name in ("ref", "plan", "locale", "chosen_locale", "zone")),
        *(_RECIPIENT.c[name] for name in ("registered_on", "muted_at", "pseudonym")),
        _RENDERING.c.message,
    )
    .select_from(_DELIVERY)
    .join(_ADDRESS, _ADDRESS.c.id == _DELIVERY.c.address_id)
    .join(
        _RECIPIENT,
        and_(_RECIPIENT.c.id == _DELIVERY.c.recipient_id, _RECIPIENT.c.id == _ADDRESS.c.recipient_id),
    )
    .outerjoin(_RENDERING, _RENDERING.c.hash == _DELIVERY.c.rendering)
    .where(_THESE, _DELIVERY.c.campaign_id.is_not(None), _ADDRESS.c.reach == Reach.REACHABLE.value)
    .where(*_HAS_NOT_ANSWERED, *_HAS_NO_OTHER_PLACES, ~_MAY_COME_AGAIN)
)
_LATEST = (
    select(_DELIVERY.c.address_id, _DELIVERY.c.campaign_id, _DELIVERY.c.platform_message)
    .where(_DELIVERY.c.recipient_id.in_(bindparam("recipients", expanding=True)), _DELIVERY.c.asks.is_(True))
    .where(_DELIVERY.c.state.in_(ARRIVED), _DELIVERY.c.response_url.is_(None))
    .where(_DELIVERY.c.platform_message.is_not(None))
    .order_by(_DELIVERY.c.settled_at.desc(), _DELIVERY.c.id.desc())
)
_NAMED = (
    update(_RECIPIENT)
    .where(_RECIPIENT.c.id == bindparam("person"), _RECIPIENT.c.pseudonym.is_(None))
    .values(pseudonym=bindparam("name"))
)
_NOTICED = (
    update(_ADDRESS)
    .where(_ADDRESS.c.id == bindparam("place"))
    .values(conversation=bindparam("there"), handle=bindparam("called"), language=bindparam("speaks"))
)


def look(session: Session, deliveries: Collection[int]) -> Mapping[int, Asked]:
    """Who was asked by these deliveries, if a first answer is all that there can be to it: nobody who has
    answered, has another address or a page of their own, or may get the message again.

    No other choice of these people is kept until this transaction ends. Whom somebody else holds is not among
    them: two that hold several, and waited for more, would wait for each other.
    """
    connection = session.connection()
    held = set(connection.execute(_HELD, {"deliveries": list(deliveries)}).scalars())
    asked = connection.execute(_ASKED, {"deliveries": list(deliveries)})
    rows = [row for row in asked if row.recipient_id in held]
    latest: dict[int, tuple[int, str]] = {}
    for address_id, campaign_id, message in connection.execute(
        _LATEST, {"recipients": [row.recipient_id for row in rows]}
    ):
        latest.setdefault(address_id, (campaign_id, message))
    return {row.delivery_id: _asked(row, *latest.get(row.address_id, (0, ""))) for row in rows}


def keep(session: Session, answers: Sequence[FirstAnswer], *, now: datetime) -> None:
    """Each update is worked, its choice is in the register and in the ledger, what is said to it is due, and
    nothing more is asked. The ledger's end comes last, since others wait for it."""
    connection = session.connection()
    inbox.finish_taken(session, [answer.inbox_id for answer in answers], now=now)
    noticed = [_noticed(answer) for answer in answers if _is_news(answer)]
    if noticed:
        connection.execute(_NOTICED, noticed)
    named = [_named(answer) for answer in answers if answer.asked.pseudonym is None]
    if named:
        connection.execute(_NAMED, named)
    for campaign in {answer.campaign.id: answer.campaign for answer in answers}.values():
        _end_asking(session, [a for a in answers if a.campaign.id == campaign.id], campaign, now)
    failpoint("inbox.amid_batch")
    contents = [answer.record.canonical for answer in answers]
    committed = [chain.commitment(answer.nonce, text) for answer, text in zip(answers, contents, strict=True)]
    numbers = ledger.append_each(session, EntryType.CHOICE, committed, day=now.date())
    rows = [_choice(*kept) for kept in zip(answers, numbers, contents, strict=True)]
    connection.execute(insert(_CHOICE), rows)


def _end_asking(session: Session, answers: Sequence[FirstAnswer], campaign: Campaign, now: datetime) -> None:
    whose = [answer.asked.recipient.id for answer in answers]
    outbox.withdraw_each(session, whose, campaign_id=campaign.id, why="answered", now=now)
    replies = [reply for answer in answers for reply in answer.replies]
    outbox.add_replies(session, replies, revision=campaign.revision, now=now)


def _asked(row: Row[*tuple[Any, ...]], latest_campaign: int, latest: str) -> Asked:
    address = Address(
        channel=ChannelName(row.channel),
        external=row.external,
        workspace=row.workspace,
        conversation=row.conversation,
        reach=Reach(row.reach),
        id=row.address_id,
    )
    recipient = Recipient(
        ref=row.ref,
        plan=Plan(row.plan),
        locale=row.chosen_locale or row.locale,
        zone=row.zone,
        registered_on=row.registered_on,
        muted_at=row.muted_at,
        addresses=(address,),
        id=row.recipient_id,
    )
    question = Question(
        delivery=row.delivery_id,
        campaign_id=row.campaign_id,
        recipient_id=row.recipient_id,
        address=address,
        step=row.step or row.kind,
        kind=StepKind(row.kind),
        final=row.final,
        message=row.platform_message,
        body=row.body,
        text=row.rendering,
        deadline_shown=row.deadline_shown,
        shown_at=row.settled_at,
        revision=row.revision,
    )
    return Asked(
        recipient=recipient,
        address=address,
        handle=row.handle,
        language=row.language,
        pseudonym=row.pseudonym,
        question=question,
        shown=_shown(row),
        latest=latest if latest_campaign == row.campaign_id else None,
    )


def _shown(row: Row[*tuple[Any, ...]]) -> Message | None:
    if row.rendering is not None:
        return _text_of_many(row.message) if row.message is not None else None
    return messages.from_text(row.body) if row.body else None


@lru_cache(maxsize=TEXTS)
def _text_of_many(text: str) -> Message:
    return messages.from_text(text)


def _is_news(answer: FirstAnswer) -> bool:
    asked = answer.asked
    known = (asked.address.conversation, asked.handle, asked.language)
    return known != (answer.conversation, answer.handle, answer.language)


def _noticed(answer: FirstAnswer) -> dict[str, object]:
    return {
        "place": answer.asked.address.id,
        "there": answer.conversation,
        "called": answer.handle,
        "speaks": answer.language,
    }


def _named(answer: FirstAnswer) -> dict[str, object]:
    return {"person": answer.asked.recipient.id, "name": answer.record.recipient}


def _choice(answer: FirstAnswer, seq: int, content: bytes) -> dict[str, Any]:
    return choices.columns(
        answer.record,
        seq=seq,
        recipient_id=answer.asked.recipient.id,
        campaign_id=answer.campaign.id,
        supersedes=True,
        content=content,
        nonce=answer.nonce,
    )
