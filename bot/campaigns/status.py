"""Where a campaign stands, in figures, and which of its sends nobody is sure of."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from bot.domain.campaign import Campaign
from bot.store import campaigns, doubts, figures
from bot.store.database import Session
from bot.store.doubts import OpenDoubt
from bot.store.figures import Figures


@dataclass(frozen=True, slots=True)
class Status:
    """A campaign and its figures."""

    campaign: Campaign
    figures: Figures
    doubts: Sequence[OpenDoubt] = ()

    def as_json(self) -> dict[str, object]:
        """The status as scripts read it."""
        campaign = self.campaign
        return {
            "slug": campaign.slug,
            "state": campaign.state.value,
            "revision": campaign.revision,
            "deadline": campaign.document.deadline.isoformat(),
            "started_at": None if campaign.started_at is None else campaign.started_at.isoformat(),
            **asdict(self.figures),
            "doubts": [doubt.as_json() for doubt in self.doubts],
        }


def status(session: Session, slug: str) -> Status:
    """The campaign as it stands now."""
    campaign = campaigns.get(session, slug)
    return Status(campaign, figures.of(session, campaign), doubts.open_ones(session, campaign_id=campaign.id))
