"""Answers as they are heard: kept as choices, or remembered as repetitions of the one that stands."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import bindparam
from sqlmodel import Session, col, delete, select

from bot.domain.choice import PLATFORM_ORDER_HOLDS, ChoiceRecord, to_keep
from bot.store import choices
from bot.store.choices import RECORD, RandomBytes
from bot.store.models import RepetitionRow

KEPT_FOR = PLATFORM_ORDER_HOLDS + timedelta(hours=1)  # then the time of receipt decides, and ours is later


_REPETITIONS = (
    select(RepetitionRow)
    .where(RepetitionRow.recipient_id == bindparam("person"))
    .order_by(col(RepetitionRow.id))
)
_REPETITIONS_OF_ONE = _REPETITIONS.where(RepetitionRow.campaign_id == bindparam("campaign"))


def hear(
    session: Session,
    said: ChoiceRecord,
    *,
    recipient_id: int,
    campaign_id: int,
    random_bytes: RandomBytes,
    now: datetime,
) -> bool:
    """The answer is in the register and the ledger, unless it says what stands already; whether it is.

    No other answer of this person is heard until this transaction ends.
    """
    choices.hold(session, recipient_id)
    history = [kept.record for kept in choices.history(session, recipient_id, campaign_id)]
    more = to_keep(said, history, repetitions(session, recipient_id, campaign_id))
    for record in more:
        choices.add(
            session,
            replace(record, recorded_at=now),
            recipient_id=recipient_id,
            campaign_id=campaign_id,
            random_bytes=random_bytes,
        )
    if not more:
        _remember(session, said, recipient_id, campaign_id)
    elif len(more) > 1:
        drop_repetitions(session, recipient_id, campaign_id)
    return bool(more)


def repetitions(session: Session, recipient_id: int, campaign_id: int | None = None) -> list[ChoiceRecord]:
    """What this person repeated, in one campaign or in all, in the order in which we heard it."""
    rows = (
        session.exec(_REPETITIONS, params={"person": recipient_id})
        if campaign_id is None
        else session.exec(_REPETITIONS_OF_ONE, params={"person": recipient_id, "campaign": campaign_id})
    )
    return [RECORD.validate_json(row.record) for row in rows]


def drop_repetitions(session: Session, recipient_id: int, campaign_id: int | None = None) -> None:
    """Nothing that this person repeated is remembered any more, in one campaign or in all."""
    theirs = delete(RepetitionRow).where(col(RepetitionRow.recipient_id) == recipient_id)
    if campaign_id is not None:
        theirs = theirs.where(col(RepetitionRow.campaign_id) == campaign_id)
    session.execute(theirs)


def _remember(session: Session, said: ChoiceRecord, recipient_id: int, campaign_id: int) -> None:
    past = col(RepetitionRow.received_at) < said.received_at - KEPT_FOR
    session.execute(delete(RepetitionRow).where(col(RepetitionRow.recipient_id) == recipient_id, past))
    session.add(
        RepetitionRow(
            recipient_id=recipient_id,
            campaign_id=campaign_id,
            received_at=said.received_at,
            record=said.canonical,
        )
    )
    session.flush()
