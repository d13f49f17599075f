"""Campaigns: their present state and every revision of what they say."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy import Row, bindparam, case
from sqlmodel import Session, col, select, update

from bot.domain.campaign import Campaign, CampaignDocument, CampaignState, Proposal
from bot.domain.statement import of_campaign
from bot.exceptions import UnknownCampaign
from bot.store import core, ledger, templates
from bot.store.models import CampaignRevisionRow, CampaignRow

DOCUMENT = TypeAdapter(CampaignDocument)

# asked at every tick, and at every claim
_FOUND = sa.select(
    col(CampaignRow.id),
    col(CampaignRow.document),
    col(CampaignRow.state),
    col(CampaignRow.revision),
    col(CampaignRow.author),
    col(CampaignRow.approver),
    col(CampaignRow.approved_hash),
    col(CampaignRow.start_at),
    col(CampaignRow.started_at),
    col(CampaignRow.first_below),
    col(CampaignRow.proposed),
    col(CampaignRow.proposed_by),
)
_BY_IDS = _FOUND.where(col(CampaignRow.id).in_(bindparam("ids", expanding=True)))
_STATES = col(CampaignRow.state).in_(bindparam("states", expanding=True))
_IN_STATE = _FOUND.where(_STATES).order_by(col(CampaignRow.id))


def add(session: Session, campaign: Campaign, *, now: datetime) -> Campaign:
    """The campaign is stored with its first revision; it has its id now."""
    row = CampaignRow(
        slug=campaign.slug,
        state=campaign.state.value,
        revision=campaign.revision,
        document="",
        zone=campaign.document.zone,
        author=campaign.author,
    )
    _write(row, campaign)
    session.add(row)
    session.flush()
    _keep_revision(session, row, campaign, now=now, by=campaign.author)
    return _value(session, row)


def save(session: Session, campaign: Campaign, *, now: datetime, by: str) -> Campaign:
    """The campaign stands as given; a new revision is kept besides, and the ledger says what has changed."""
    row = session.get_one(CampaignRow, campaign.id)
    for said in of_campaign(_value(session, row), campaign):
        ledger.state(session, said.type, said.content, now=now)
    is_new = row.revision != campaign.revision
    _write(row, campaign)
    if is_new:
        _keep_revision(session, row, campaign, now=now, by=by)
    return _value(session, row)


def rewrite(session: Session, campaign: Campaign, *, now: datetime) -> Campaign:
    """What a campaign that has not been approved says is replaced, revision and all."""
    row = session.get_one(CampaignRow, campaign.id)
    _write(row, campaign)
    kept = session.exec(
        select(CampaignRevisionRow).where(
            CampaignRevisionRow.campaign_id == row.id, CampaignRevisionRow.revision == row.revision
        )
    ).one()
    kept.content_hash, kept.document = campaign.document.content_hash, row.document
    kept.made_at, kept.made_by = now, campaign.author
    return _value(session, row)


def find(session: Session, slug: str) -> Campaign | None:
    """The campaign with this slug."""
    row = session.exec(select(CampaignRow).where(CampaignRow.slug == slug)).first()
    return _value(session, row) if row else None


def get(session: Session, slug: str) -> Campaign:
    """The campaign with this slug; `UnknownCampaign` names those that there are."""
    found = find(session, slug)
    if found is None:
        raise UnknownCampaign(slug, [campaign.slug for campaign in every(session)])
    return found


def by_ids(session: Session, ids: Iterable[int]) -> dict[int, Campaign]:
    """The campaigns with these ids."""
    asked = set(ids)
    rows = core.execute(session, _BY_IDS, {"ids": list(asked)}) if asked else ()
    return {row.id: _worded(session, _known(row)) for row in rows}


def every(session: Session) -> Sequence[Campaign]:
    """All campaigns, the oldest first."""
    return [_value(session, row) for row in session.exec(select(CampaignRow).order_by(col(CampaignRow.id)))]


def newest(session: Session) -> Campaign | None:
    """The campaign that was made last, if there is one."""
    row = session.exec(select(CampaignRow).order_by(col(CampaignRow.id).desc()).limit(1)).first()
    return _value(session, row) if row else None


def in_state(session: Session, *states: CampaignState) -> Sequence[Campaign]:
    """The campaigns in any of these states, the oldest first."""
    rows = core.execute(session, _IN_STATE, {"states": list(states)})
    return [_worded(session, _known(row)) for row in rows]


def audience_changed(session: Session) -> None:
    """Somebody may have come into reach or into an audience: the planner looks for notices to plan."""
    session.execute(update(CampaignRow).values(unplanned=True))


def begin_look(session: Session, campaign: Campaign) -> int:
    """Somebody looks, from after this transaction on, for notices to plan; the number of the look.

    Whoever comes into reach later is looked for by another one. One that has not ended is joined: that it was
    begun does not say that whoever began it is still there.
    """
    row = update(CampaignRow).where(col(CampaignRow.id) == campaign.id)
    number = CampaignRow.looks_begun + case((col(CampaignRow.unplanned), 1), else_=0)
    begun = row.values(unplanned=False, looks_begun=number).returning(col(CampaignRow.looks_begun))
    found: int = session.execute(begun).scalar_one()
    return found


def end_look(session: Session, campaign: Campaign, look: int) -> None:
    """Every notice that the look found is planned. Only the newest one counts: it was begun for somebody whom
    the others may not have seen."""
    session.execute(
        update(CampaignRow)
        .where(col(CampaignRow.id) == campaign.id, col(CampaignRow.looks_begun) == look)
        .values(looks_ended=look)
    )


def _write(row: CampaignRow, campaign: Campaign) -> None:
    row.state = campaign.state.value
    row.revision = campaign.revision
    row.document = DOCUMENT.dump_json(campaign.document).decode()
    row.zone = campaign.document.zone
    row.author, row.approver = campaign.author, campaign.approver
    row.approved_hash = campaign.approved_hash
    row.start_at, row.started_at = campaign.start_at, campaign.started_at
    row.first_below = campaign.first_below
    proposed = campaign.proposed
    row.proposed = DOCUMENT.dump_json(proposed.document).decode() if proposed else None
    row.proposed_by = proposed.by if proposed else None
    row.version += 1


def _keep_revision(session: Session, row: CampaignRow, campaign: Campaign, *, now: datetime, by: str) -> None:
    session.add(
        CampaignRevisionRow(
            campaign_id=row.id or 0,
            revision=campaign.revision,
            content_hash=campaign.document.content_hash,
            document=row.document,
            made_at=now,
            made_by=by,
        )
    )
    session.flush()


@lru_cache(maxsize=64)
def _document(text: str) -> CampaignDocument:
    return DOCUMENT.validate_json(text)


def _value(session: Session, row: CampaignRow) -> Campaign:
    return _worded(session, _campaign(row))


@lru_cache(maxsize=64)  # who gets the very same campaign again need not compare what it says
def _known(row: Row[Any]) -> Campaign:
    return _campaign(row)


def _worded(session: Session, campaign: Campaign) -> Campaign:
    name = campaign.document.words
    return replace(campaign, words=templates.get(session, name)) if name else campaign


def _campaign(row: CampaignRow | Row[Any]) -> Campaign:
    return Campaign(
        document=_document(row.document),
        state=CampaignState(row.state),
        revision=row.revision,
        author=row.author,
        approver=row.approver,
        approved_hash=row.approved_hash,
        start_at=row.start_at,
        started_at=row.started_at,
        first_below=row.first_below,
        proposed=_proposed(row),
        id=row.id or 0,
    )


def _proposed(row: CampaignRow | Row[Any]) -> Proposal | None:
    if row.proposed is None or row.proposed_by is None:
        return None
    return Proposal(DOCUMENT.validate_json(row.proposed), row.proposed_by)
