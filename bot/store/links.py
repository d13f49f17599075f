"""Links by which people connect accounts: made for a campaign, opened, used once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, delete, func, or_, select, update

from bot.domain.cadence import deadline_of
from bot.domain.campaign import Campaign, CampaignState
from bot.domain.delivery import DeliveryState
from bot.domain.invitation import ID_BYTES
from bot.domain.recipient import Address, ChannelName, Reach, Recipient
from bot.domain.step import StepKind
from bot.store import addresses, audience, campaigns, erasure, outbox, recipients
from bot.store.dialect import insert_each
from bot.store.models import AddressRow, DeliveryRow, LinkTokenRow, RecipientRow, StaffRow

OPEN = (DeliveryState.DUE.value, DeliveryState.SENDING.value)
NOTHING_PERSONAL = {"recipient_id": None, "to": None, "platform_message": None, "body": None}
OVER = (CampaignState.CANCELLED, CampaignState.FINISHED)

RandomBytes = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Invited:
    """Somebody for whom there is a link; `id` is the recipient's and `locale` the one we know of them."""

    id: int
    ref: str
    locale: str | None
    token: bytes


@dataclass(frozen=True, slots=True)
class Link:
    """A link, the person whom it is for and the campaign that it belongs to."""

    id: int
    recipient: Recipient
    campaign: Campaign
    opened_by: str | None
    used_at: datetime | None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """An account on a platform, as it is connected: where it is, and what the platform calls it."""

    place: Address
    handle: str | None = None
    language: str | None = None


def make(
    session: Session,
    campaign: Campaign,
    *,
    everyone: bool,
    random_bytes: RandomBytes,
    now: datetime,
    after: int,
    limit: int,
) -> Sequence[int]:
    """At most `limit` more of those who are to be invited have a link, beginning behind the recipient
    `after`; who they are. A person has one link only."""
    chosen = session.exec(
        select(RecipientRow.id)
        .where(col(RecipientRow.id) > after)
        .where(_invited(campaign, everyone=everyone), ~_has_link(campaign))
        .order_by(col(RecipientRow.id))
        .limit(limit)
    )
    people = [recipient_id or 0 for recipient_id in chosen]
    rows = [
        {
            "token": random_bytes(ID_BYTES),
            "recipient_id": recipient_id,
            "campaign_id": campaign.id,
            "made_at": now,
        }
        for recipient_id in people
    ]
    if rows:
        session.execute(insert_each(session, LinkTokenRow), rows)
    return people


def lend(
    session: Session, campaign: Campaign, recipient_id: int, *, token: bytes, until: datetime, now: datetime
) -> None:
    """The person has one more link, which leads nowhere after `until`; another one of that kind leads nowhere
    from now on."""
    lent = col(LinkTokenRow.until) > now
    session.execute(
        update(LinkTokenRow).where(col(LinkTokenRow.recipient_id) == recipient_id, lent).values(until=now)
    )
    row = LinkTokenRow(
        token=token, recipient_id=recipient_id, campaign_id=campaign.id, made_at=now, until=until
    )
    session.add(row)
    session.flush()


def page(
    session: Session, campaign: Campaign, *, everyone: bool, after: int, limit: int
) -> Sequence[Invited]:
    """Those who are to be invited and have a link, by id, beginning behind the recipient `after`."""
    found = session.execute(
        select_columns(
            col(RecipientRow.id),
            col(RecipientRow.ref),
            func.coalesce(col(RecipientRow.chosen_locale), col(RecipientRow.locale)),
            col(LinkTokenRow.token),
        )
        .join(LinkTokenRow, col(LinkTokenRow.recipient_id) == col(RecipientRow.id))
        .where(col(LinkTokenRow.campaign_id) == campaign.id, _invited(campaign, everyone=everyone))
        .where(col(LinkTokenRow.until).is_(None))
        .where(col(RecipientRow.id) > after)
        .order_by(col(RecipientRow.id))
        .limit(limit)
    )
    return [Invited(*row) for row in found]


def count(session: Session, campaign: Campaign, *, everyone: bool) -> int:
    """How many people are to be invited and have a link."""
    query = select(func.count()).select_from(RecipientRow).where(_has_link(campaign))
    return session.exec(query.where(_invited(campaign, everyone=everyone))).one()


def usable(session: Session, token: bytes, *, key: str, now: datetime) -> Link | None:
    """The link with this id, if the account `key` may open it now.

    Not when there is none, when its time is over, when another account has opened it, when this account is
    another person's, and when staff open a link of support's: nobody answers for a person. An account that is
    connected by it already may open it for ever.
    """
    row = session.exec(select(LinkTokenRow).where(LinkTokenRow.token == token)).first()
    link = _value(session, row) if row else None
    if link is None or link.opened_by not in (None, key):
        return None
    if link.until is not None and _is_staff(session, key):
        return None
    owner = addresses.by_key(session, key)
    if owner is not None:
        return link if owner.recipient_id == link.recipient.id else None
    return link if is_open(link, now=now) else None


def is_open(link: Link, *, now: datetime) -> bool:
    """Whether the link leads anywhere: until its own end, else until the deadline on the person's clock."""
    if link.until is not None:
        return now <= link.until
    document = link.campaign.document
    if link.campaign.state in OVER:
        return False
    return now <= deadline_of(document, link.recipient.zone or document.zone)


def opened(session: Session, link: Link, *, key: str, now: datetime) -> bool:
    """This account alone can use the link from now on; False when another was faster."""
    taken = session.execute(
        update(LinkTokenRow)
        .where(col(LinkTokenRow.id) == link.id)
        .where(or_(col(LinkTokenRow.opened_by).is_(None), col(LinkTokenRow.opened_by) == key))
        .values(opened_by=key, opened_at=func.coalesce(col(LinkTokenRow.opened_at), now))
        .returning(col(LinkTokenRow.id))
    )
    return taken.first() is not None


def asked_by(session: Session, delivery_id: int, *, key: str) -> Link | None:
    """The link over which this message asked the account `key` whether it is the person's."""
    row = session.exec(
        select(LinkTokenRow)
        .join(DeliveryRow, col(DeliveryRow.recipient_id) == col(LinkTokenRow.recipient_id))
        .where(DeliveryRow.id == delivery_id, DeliveryRow.campaign_id == LinkTokenRow.campaign_id)
        .where(LinkTokenRow.opened_by == key)
        .order_by(col(LinkTokenRow.id).desc())
    ).first()
    return _value(session, row) if row else None


def use(session: Session, link: Link, account: Account, *, now: datetime) -> None:
    """The account is the person's, and within reach from now on; the link is used."""
    connect(session, link.recipient, account, now=now)
    session.execute(update(LinkTokenRow).where(col(LinkTokenRow.id) == link.id).values(used_at=now))


def give_back(session: Session, link: Link, *, key: str, question: int) -> None:
    """The account is not the person's, and is not linked; whoever the link is for can use it.

    Nothing of the account is left in what it sent, nor in the delivery of the `question`.
    """
    row = addresses.by_key(session, key)
    if row is not None and row.recipient_id == link.recipient.id:
        _disconnect(session, row)
    session.execute(
        update(LinkTokenRow)
        .where(col(LinkTokenRow.id) == link.id)
        .values(opened_by=None, opened_at=None, used_at=None)
    )
    session.execute(update(DeliveryRow).where(col(DeliveryRow.id) == question).values(NOTHING_PERSONAL))
    erasure.empty_updates_of(session, key)


def connect(session: Session, recipient: Recipient, account: Account, *, now: datetime) -> None:
    """The account is this recipient's, in the place of one that they had in this channel.

    Nobody else has it. It is within reach from now on, and the planner looks whether they are to be asked.
    """
    place = account.place
    old = next((there for there in recipient.addresses if there.channel is place.channel), None)
    row = AddressRow(
        id=old.id if old else None,
        recipient_id=recipient.id,
        key=place.key,
        channel=place.channel.value,
        external=place.external,
        workspace=place.workspace,
        conversation=place.conversation,
        identity=place.identity,
        reach=Reach.REACHABLE.value,
        reachable_since=now,
        handle=account.handle.lower() if account.handle else None,
        language=account.language,
    )
    session.merge(row)
    session.flush()
    outbox.revive_notices(session, [recipient.id], now=now)
    campaigns.audience_changed(session)


def _disconnect(session: Session, row: AddressRow) -> None:
    """The address is gone; what was planned for it and not begun may be planned anew for another."""
    steps = [col(DeliveryRow.address_id) == row.id, col(DeliveryRow.kind) != StepKind.REPLY.value]
    unbegun = [col(DeliveryRow.state) == DeliveryState.DUE.value, col(DeliveryRow.claim) == 0]
    session.execute(delete(DeliveryRow).where(*steps, *unbegun))
    ended = {"state": DeliveryState.CANCELLED.value, "reason": "unlinked"}
    session.execute(update(DeliveryRow).where(*steps, col(DeliveryRow.state).in_(OPEN)).values(ended))
    session.execute(update(DeliveryRow).where(col(DeliveryRow.address_id) == row.id).values(address_id=None))
    session.delete(row)
    session.flush()
    campaigns.audience_changed(session)


def _invited(campaign: Campaign, *, everyone: bool) -> ColumnElement[bool]:
    """Asked by the campaign, without an answer, and (unless `everyone`) out of reach on Telegram."""
    asked = audience.undecided(campaign)
    if everyone:
        return asked
    reached = select(AddressRow.id).where(
        AddressRow.recipient_id == RecipientRow.id,
        AddressRow.channel == ChannelName.TELEGRAM.value,
        AddressRow.reach == Reach.REACHABLE.value,
    )
    return asked & ~reached.exists()


def _has_link(campaign: Campaign) -> ColumnElement[bool]:
    return (
        select(LinkTokenRow.id)
        .where(LinkTokenRow.recipient_id == RecipientRow.id, LinkTokenRow.campaign_id == campaign.id)
        .where(col(LinkTokenRow.until).is_(None))
        .exists()
    )


def _is_staff(session: Session, key: str) -> bool:
    return session.exec(select(StaffRow.id).where(StaffRow.key == key)).first() is not None


def _value(session: Session, row: LinkTokenRow) -> Link:
    [campaign] = campaigns.by_ids(session, [row.campaign_id]).values()
    return Link(
        id=row.id or 0,
        recipient=recipients.by_id(session, row.recipient_id),
        campaign=campaign,
        opened_by=row.opened_by,
        used_at=row.used_at,
        until=row.until,
    )
