"""How a campaign stands, in figures."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.calendar import end_of_day
from bot.domain.campaign import CampaignState
from bot.domain.choice import ChoiceValue
from bot.domain.delivery import DeliveryState
from bot.domain.recipient import Exclusion, covers, exclusion
from bot.domain.step import StepKind
from bot.store import campaigns, choices, outbox, recipients
from bot.store.database import Session


@dataclass(frozen=True, slots=True)
class Figures:
    """A campaign's figures; `audience` counts everybody whom it covers, reachable or not."""

    slug: str
    state: CampaignState
    deadline: datetime
    audience: int
    reached: int
    opt_in: int
    opt_out: int
    muted: int
    unreachable: int
    in_doubt: int

    @property
    def answered(self) -> int:
        return self.opt_in + self.opt_out


def figures(session: Session, slug: str) -> Figures:
    """The campaign as it stands now."""
    campaign = campaigns.get(session, slug)
    document = campaign.document
    covered = [p for p in recipients.every(session) if covers(document.audience, p.plan, p.registered_on)]
    reasons = [exclusion(person, document.audience) for person in covered]
    standing = [record.value for record in choices.register(session, campaign.id).values()]
    counts = outbox.counts(session, campaign.id)
    return Figures(
        slug=slug,
        state=campaign.state,
        deadline=end_of_day(document.deadline, document.zone),
        audience=len(covered),
        reached=counts.get((StepKind.NOTICE, DeliveryState.SENT), 0),
        opt_in=standing.count(ChoiceValue.OPT_IN),
        opt_out=standing.count(ChoiceValue.OPT_OUT),
        muted=reasons.count(Exclusion.MUTED),
        unreachable=reasons.count(Exclusion.UNLINKED) + reasons.count(Exclusion.UNREACHABLE),
        in_doubt=sum(count for (_, state), count in counts.items() if state == DeliveryState.IN_DOUBT),
    )
