"""Links, on both databases: one a person and campaign, opened by one account, used once."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import Session, select

from bot.domain.campaign import Campaign, CampaignState
from bot.domain.delivery import Rejected, Why
from bot.domain.recipient import Address, ChannelName, Plan, Reach
from bot.store import addresses, campaigns, figures, links, recipients
from bot.store.links import Account, Invited, Link
from bot.store.models import LinkTokenRow
from tests.worlds import World, jakarta, on_both, on_slack, on_telegram

MORNING = jakarta(2)
NEW = Account(Address(ChannelName.TELEGRAM, "555"), handle="sari", language="id")
OTHER = Account(Address(ChannelName.TELEGRAM, "777"))


class Lot:
    """Draws ids that are all different, in an order that tests can name."""

    def __init__(self) -> None:
        self.drawn = 0

    def __call__(self, size: int) -> bytes:
        self.drawn += 1
        return self.drawn.to_bytes(size, "big")


def nowhere(number: int = 1, **changes: object):
    """Somebody without an address."""
    return on_telegram(number, places=(), **changes)


def block(session: Session, key: str, *, now: datetime) -> None:
    row = addresses.by_key(session, key)
    assert row is not None
    addresses.closed(row, Reach.BLOCKED, now=now)


def make(world: World, campaign: Campaign, *, everyone: bool = False) -> int:
    """How many links that made."""
    lot, now = Lot(), world.now
    return len(
        world.run(links.make, campaign, everyone=everyone, random_bytes=lot, now=now, after=0, limit=100)
    )


def invited(world: World, campaign: Campaign, *, everyone: bool = False) -> list[Invited]:
    return list(world.run(links.page, campaign, everyone=everyone, after=0, limit=100))


def usable(world: World, account: Account = NEW, token: bytes = Lot()(16)) -> Link | None:
    return world.run(links.usable, token, key=account.place.key, now=world.now)


def opened(world: World, account: Account = NEW) -> Link:
    link = usable(world, account)
    assert link is not None
    assert world.run(links.opened, link, key=account.place.key, now=world.now)
    return link


@pytest.fixture
def campaign(world: World) -> Campaign:
    """A running campaign and one person whom nobody can reach."""
    world.people(nowhere())
    return world.campaign()


def test_those_get_a_link_whom_telegram_cannot_reach(world):
    """Everybody of the audience who has not answered, and nobody else."""
    world.people(
        nowhere(1),
        on_slack(2),
        on_telegram(3),
        on_both(4),
        nowhere(5, plan=Plan.WORK),
        nowhere(6, registered_on=date(2025, 9, 1)),
        nowhere(7),
        nowhere(8),
        on_telegram(9),
    )
    campaign = world.campaign()
    world.mute("u7")
    world.answer("u8")
    world.run(block, "telegram:1009", now=world.now)

    assert make(world, campaign) == 3
    assert [person.ref for person in invited(world, campaign)] == ["u1", "u2", "u9"]


def test_with_all_those_too_who_can_be_reached(world):
    world.people(nowhere(1), on_telegram(2), nowhere(3, plan=Plan.API))
    campaign = world.campaign()

    assert make(world, campaign, everyone=True) == 2


def test_a_second_time_it_is_the_same_link(world, campaign):
    """The operator may run it again, for those who came since."""
    make(world, campaign)
    before = invited(world, campaign)
    world.people(nowhere(2))

    assert make(world, campaign) == 1
    assert invited(world, campaign)[:1] == before


def test_links_are_made_and_read_by_pages(world, campaign):
    world.people(*(nowhere(number) for number in range(2, 8)))
    lot, made, after = Lot(), [], 0
    while people := world.run(
        links.make, campaign, everyone=False, random_bytes=lot, now=world.now, after=after, limit=3
    ):
        made.append(len(people))
        after = people[-1]
    first = world.run(links.page, campaign, everyone=False, after=0, limit=4)
    rest = world.run(links.page, campaign, everyone=False, after=first[-1].id, limit=4)

    assert made == [3, 3, 1]
    assert [person.ref for person in (*first, *rest)] == [f"u{number}" for number in range(1, 8)]
    assert len({person.token for person in (*first, *rest)}) == 7
    assert world.run(links.count, campaign, everyone=False) == 7


def test_each_campaign_has_links_of_its_own(world, campaign):
    other = world.campaign("other")
    make(world, campaign)

    assert invited(world, other) == []


def test_the_language_is_the_chosen_one_first(world, campaign):
    make(world, campaign)
    person = world.run(recipients.get, "u1")
    world.run(recipients.choose_locale, person.id, "ja")

    assert [person.locale for person in invited(world, campaign)] == ["ja"]


def test_a_used_link_connects_the_account(world, campaign):
    """From now on it can be written to, and the notice is planned from now."""
    make(world, campaign)
    world.at(jakarta(20)).run(links.use, opened(world), NEW, now=world.now)

    [place] = world.run(recipients.get, "u1").addresses
    assert (place.key, place.reach) == ("telegram:555", Reach.REACHABLE)
    assert world.run(addresses.reachable_since, place.id) == jakarta(20)
    assert world.run(addresses.handle, place.id) == "sari"
    assert world.send() == ["notice"]
    assert usable(world) is not None
    assert usable(world, OTHER) is None


def test_an_opened_link_is_one_accounts(world, campaign):
    """Of two at the same time one is told no, whichever comes second."""
    make(world, campaign)
    first, second = usable(world), usable(world, OTHER)
    assert first is not None
    assert second is not None

    assert world.run(links.opened, first, key="telegram:555", now=world.now)
    assert not world.run(links.opened, second, key="telegram:777", now=world.now)
    assert world.run(links.opened, first, key="telegram:555", now=world.now)
    assert usable(world, OTHER) is None


def test_a_link_given_back_is_anybodys_again(world, campaign):
    make(world, campaign)
    link = opened(world)
    world.run(links.use, link, NEW, now=world.now)

    world.run(links.give_back, link, key="telegram:555", question=0)

    assert world.run(recipients.get, "u1").addresses == ()
    assert usable(world, OTHER) is not None


def test_giving_back_takes_nobody_elses_account(world, campaign):
    make(world, campaign)
    world.people(on_telegram(5))
    link = opened(world)

    world.run(links.give_back, link, key="telegram:1005", question=0)

    assert len(world.run(recipients.get, "u5").addresses) == 1


@pytest.mark.parametrize(
    ("now", "works"),
    [
        (datetime(2025, 9, 28, 16, 59, 59, tzinfo=UTC), True),
        (datetime(2025, 9, 28, 17, 0, 0, tzinfo=UTC), False),
    ],
)
def test_a_link_works_to_the_deadline_where_the_person_is(world, campaign, now, works):
    make(world, campaign)

    assert (usable(world.at(now)) is not None) is works


def test_an_account_of_somebody_else_cannot_open_a_link(world, campaign):
    make(world, campaign)
    world.people(on_telegram(5))

    assert usable(world, Account(Address(ChannelName.TELEGRAM, "1005"))) is None


def test_an_account_takes_the_place_of_the_one_before(world):
    """One a channel; the row stays, and what hangs on it."""
    world.people(on_both(1))
    world.campaign()
    person = world.run(recipients.get, "u1")
    world.run(links.connect, person, NEW, now=MORNING)

    after = world.run(recipients.get, "u1")
    assert {place.key for place in after.addresses} == {"telegram:555", "slack:T1:U1"}
    assert {place.id for place in after.addresses} == {place.id for place in person.addresses}


def test_a_refused_notice_goes_to_the_new_account(world):
    """Who blocked the bot and comes by another account is asked there."""
    world.people(on_telegram(1))
    world.campaign()
    world.at(MORNING).plan()
    world.settle(world.claim(), Rejected(Why.BLOCKED, "blocked"))
    person = world.run(recipients.get, "u1")

    world.run(links.connect, person, NEW, now=world.now + timedelta(hours=1))

    assert world.at(MORNING + timedelta(hours=1)).send() == ["notice"]


def test_the_funnel_counts_invited_people_alone(world):
    """Each figure counts some of the one before."""
    world.people(*(nowhere(number) for number in range(1, 5)), on_telegram(9))
    campaign = world.campaign()
    make(world, campaign)
    tokens = {person.ref: person.token for person in invited(world, campaign)}
    for number, ref in enumerate(("u1", "u2", "u3")):
        account = Account(Address(ChannelName.TELEGRAM, str(number)))
        link = usable(world, account, tokens[ref])
        assert link is not None
        if ref != "u3":
            world.run(links.opened, link, key=account.place.key, now=world.now)
            world.run(links.use, link, account, now=world.now)
    world.at(MORNING).send()
    world.answer("u1")
    world.answer("u9")

    funnel = world.run(figures.of, campaign).funnel
    assert (funnel.invited, funnel.linked, funnel.asked, funnel.answered) == (4, 2, 2, 1)


def test_no_link_leads_to_a_campaign_that_is_over(world, campaign):
    make(world, campaign)
    world.run(campaigns.save, replace(campaign, state=CampaignState.FINISHED), now=world.now, by="bob")

    assert usable(world) is None


def test_the_row_says_who_opened_it_and_when(world, campaign):
    make(world, campaign)
    opened(world)
    [(by, at, used)] = world.run(
        lambda session: [
            (row.opened_by, row.opened_at, row.used_at) for row in session.exec(select(LinkTokenRow))
        ]
    )

    assert (by, at, used) == ("telegram:555", world.now, None)
