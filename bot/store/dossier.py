"""A dossier: everything that is kept of one person, as they may have it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from bot.domain.delivery import DeliveryState
from bot.domain.recipient import ChannelName
from bot.domain.retention import Periods
from bot.domain.step import StepKind
from bot.store import answers, choices, deliveries, messages
from bot.store.choices import KeptChoice
from bot.store.deliveries import Logged
from bot.store.models import AddressRow, AuditRow, DeliveryRow, InboxRow, LinkTokenRow, RecipientRow

Json = dict[str, object]
KEYS = tuple(f"{channel.value}:" for channel in ChannelName)  # with which the names of accounts begin


@dataclass(frozen=True, slots=True)
class ShownText:
    """A campaign message that the person was shown, or may have been, with its words."""

    at: datetime | None
    channel: ChannelName
    step: str
    text: str


@dataclass(frozen=True, slots=True)
class LookUp:
    """Somebody has looked the person up or done another `act` of support's for them, or was refused; `by` is
    None for somebody who is not staff."""

    at: datetime
    by: str | None
    act: str
    allowed: bool
    purpose: str | None


def of(session: Session, recipient_id: int, periods: Periods) -> Json:
    """Every row about this person, table by table; times in ISO form, in UTC."""
    person = session.get_one(RecipientRow, recipient_id)
    places = session.exec(
        select(AddressRow).where(AddressRow.recipient_id == recipient_id).order_by(col(AddressRow.id))
    ).all()
    kept = choices.history(session, recipient_id)
    return {
        "person": _person(person),
        "addresses": [_address(row) for row in places],
        "choices": [_choice(choice) for choice in kept],
        "said_again": [json.loads(said.canonical) for said in answers.repetitions(session, recipient_id)],
        "messages": [_message(session, row) for row in deliveries.of_person(session, recipient_id)],
        "answers_to_you": _replies(session, recipient_id),
        "received_from_you": _received(session, [row.key for row in places]),
        "looked_up_by_staff": [
            {
                "at": look.at.isoformat(),
                "by": look.by,
                "act": look.act,
                "allowed": look.allowed,
                "purpose": look.purpose,
            }
            for look in look_ups(session, recipient_id)
        ],
        "acts_as_staff": _acts(session, [row.key for row in places]),
        "invitations": _invitations(session, recipient_id),
        "kept_for": {  # in days; null: until it is erased
            "choices": None,
            "received_from_you": periods.words or None,
            "answers_to_you": periods.words or None,
            "looked_up_by_staff": periods.staff or None,
        },
    }


def shown_texts(session: Session, recipient_id: int) -> list[ShownText]:
    """The campaign messages of this person whose words are kept, in the order in which they were made."""
    return [
        ShownText(row.settled_at, row.channel, row.step, text)
        for row in deliveries.of_person(session, recipient_id)
        if (text := messages.shown_text(session, row.rendering)) is not None
    ]


def look_ups(session: Session, recipient_id: int) -> list[LookUp]:
    """Everybody who has looked the person up, by whichever name; refused ones too."""
    person = session.get_one(RecipientRow, recipient_id)
    handles = [
        row.handle
        for row in session.exec(select(AddressRow).where(AddressRow.recipient_id == recipient_id))
        if row.handle
    ]
    codes = [kept.record.receipt for kept in choices.history(session, recipient_id)]
    names = {person.ref, *handles, *(f"@{name}" for name in handles), *codes}
    rows = session.exec(select(AuditRow).where(col(AuditRow.subject).in_(names)).order_by(col(AuditRow.id)))
    return [
        LookUp(row.at, None if row.actor.startswith(KEYS) else row.actor, row.act, row.allowed, row.detail)
        for row in rows
    ]


def _person(row: RecipientRow) -> Json:
    return {
        "reference": row.ref,
        "plan": row.plan,
        "language_imported": row.locale,
        "language_chosen": row.chosen_locale,
        "languages_offered": row.offered_locales.split(),
        "time_zone": row.zone,
        "time_zone_chosen_here": row.zone_chosen,
        "registered_on": row.registered_on.isoformat() if row.registered_on else None,
        "email_sha256": row.email_hash,
        "messages_off_since": row.muted_at.isoformat() if row.muted_at else None,
        "imported_at": row.imported_at.isoformat(),
    }


def _address(row: AddressRow) -> Json:
    return {
        "channel": row.channel,
        "account": row.external,
        "workspace": row.workspace,
        "bot": row.identity,
        "conversation": row.conversation,
        "handle": row.handle,
        "language": row.language,
        "state": row.reach,
        "reachable_since": row.reachable_since.isoformat(),
    }


def _choice(kept: KeptChoice) -> Json:
    record: Json = json.loads(kept.record.canonical)
    return {"stands": kept.stands, **record}


def _message(session: Session, row: Logged) -> Json:
    return {
        "campaign": row.campaign,
        "step": row.step,
        "channel": row.channel.value,
        "state": row.state.value,
        "at": row.settled_at.isoformat() if row.settled_at else None,
        "deadline_shown": row.deadline_shown.isoformat() if row.deadline_shown else None,
        "text_sha256": row.rendering,
        "text": messages.shown_text(session, row.rendering),
    }


def _replies(session: Session, recipient_id: int) -> list[Json]:
    rows = session.exec(
        select(DeliveryRow)
        .where(DeliveryRow.recipient_id == recipient_id, DeliveryRow.kind == StepKind.REPLY.value)
        .where(DeliveryRow.state == DeliveryState.SENT.value)
        .order_by(col(DeliveryRow.id))
    )
    return [
        {
            "channel": row.channel,
            "at": row.settled_at.isoformat() if row.settled_at else None,
            "message": json.loads(row.body) if row.body else None,
        }
        for row in rows
    ]


def _received(session: Session, keys: Sequence[str]) -> list[Json]:
    rows = session.exec(select(InboxRow).where(col(InboxRow.sender).in_(keys)).order_by(col(InboxRow.id)))
    return [{"at": row.received_at.isoformat(), "update": json.loads(row.body)} for row in rows if row.body]


def _acts(session: Session, keys: Sequence[str]) -> list[Json]:
    """Commands of staff that the person tried to give."""
    rows = session.exec(select(AuditRow).where(col(AuditRow.actor).in_(keys)).order_by(col(AuditRow.id)))
    return [{"at": row.at.isoformat(), "act": row.act, "allowed": row.allowed} for row in rows]


def _invitations(session: Session, recipient_id: int) -> list[Json]:
    rows = session.exec(
        select(LinkTokenRow).where(LinkTokenRow.recipient_id == recipient_id).order_by(col(LinkTokenRow.id))
    )
    return [
        {
            "made_at": row.made_at.isoformat(),
            "opened_at": row.opened_at.isoformat() if row.opened_at else None,
            "used_at": row.used_at.isoformat() if row.used_at else None,
        }
        for row in rows
    ]
