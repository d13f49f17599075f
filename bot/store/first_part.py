"""The first part of an audience; who is in it is stable, since a person's mark in a campaign never changes.

The mark is the SHA-256 of the campaign's slug and the person's reference; those with the lowest marks come
first.
"""

from sqlmodel import Session, col, select

from bot.domain.campaign import Campaign
from bot.domain.share import Share
from bot.store import audience, figures
from bot.store.models import CampaignRow, RecipientRow


def bound(session: Session, campaign: Campaign, share: Share) -> str | None:
    """The mark below which so many people of the audience are; None when that is everybody."""
    counted = figures.exclusions(session, campaign.document).get(None, 0)
    mark = audience.mark(campaign)
    return session.exec(
        select(mark)
        .select_from(RecipientRow)
        .join(CampaignRow, col(CampaignRow.id) == campaign.id)
        .where(audience.undecided(campaign), audience.preferred_address().is_not(None))
        .order_by(mark)
        .offset(share.people(counted))
        .limit(1)
    ).first()
