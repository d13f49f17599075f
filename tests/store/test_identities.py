"""Several identities: whom each of them writes to, and what becomes of that when one goes."""

from dataclasses import replace

import pytest

from bot.domain.identity import Identity
from bot.domain.recipient import Address, ChannelName, Reach
from bot.exceptions import UnknownIdentity
from bot.store import addresses, erasure, identities, lanes, recipients
from bot.store.models import AddressRow
from tests.worlds import MORNING, SLACK, TELEGRAM, World, on_slack, on_telegram

SECOND, THIRD = "telegram:222", "telegram:333"


@pytest.fixture
def database_url(database_url: str) -> str:
    """Both engines: to whom an address belongs is worked out by the database."""
    return database_url


def kept(world: World, name: str) -> Identity:
    """The identity is there, and its lane."""
    identity = Identity(name, world.now, "admin", b"locked", "a_bot")
    world.run(identities.put, identity)
    world.run(lanes.register, name, now=world.now)
    return identity


def of_second(number: int):
    place = Address(ChannelName.TELEGRAM, str(1_000 + number), identity=SECOND)
    return on_telegram(number, places=(place,))


def test_each_bot_writes_to_those_who_belong_to_it(world):
    """The first one to all whom nobody else does, whichever was up last."""
    kept(world, SECOND)
    world.people(on_telegram(1), of_second(2), on_slack(3))
    world.campaign()
    world.at(MORNING).plan()

    assert {row.recipient: row.lane for row in world.log()} == {"u1": TELEGRAM, "u2": SECOND, "u3": SLACK}
    assert world.run(identities.addresses) == {TELEGRAM: 1, SECOND: 1, SLACK: 1}


def test_without_a_bot_of_the_environment_the_oldest_is_the_first(world):
    world.run(identities.remove, TELEGRAM, now=world.now)
    kept(world, SECOND)
    world.at(MORNING)
    kept(world, THIRD)

    assert world.run(lanes.telegram) == SECOND


def test_whoever_writes_to_another_bot_belongs_to_it_with_all_that_is_due(world):
    kept(world, SECOND)
    world.people(on_telegram(1))
    world.campaign()
    world.at(MORNING).plan()

    def write(session, identity):
        row = addresses.by_key(session, "telegram:1001")
        assert row is not None
        addresses.wrote_to(session, row, identity)

    world.run(write, SECOND)
    moved = [row.lane for row in world.log()]
    world.run(write, TELEGRAM)

    assert moved == [SECOND]
    assert [row.lane for row in world.log()] == [TELEGRAM]
    assert world.run(lambda session: session.get(AddressRow, 1).identity) is None


def test_an_import_does_not_move_an_address_that_is_there(world):
    """Which bot somebody uses is theirs to say; a new address is where the file says."""
    world.people(on_telegram(1))

    world.people(of_second(1), of_second(2))

    assert world.run(identities.addresses) == {TELEGRAM: 1, SECOND: 1}
    assert world.run(identities.homeless) == {SECOND: 1}
    kept(world, SECOND)
    assert world.run(identities.homeless) == {}


def test_addresses_move_to_another_bot_with_what_is_due(world):
    kept(world, SECOND)
    world.people(on_telegram(1), of_second(2), of_second(3))
    world.campaign()
    world.at(MORNING).plan()

    moved = world.run(identities.move_addresses, SECOND, TELEGRAM)
    world.run(identities.remove, SECOND, now=world.now)

    assert moved == 2
    assert world.run(identities.count_addresses, TELEGRAM) == 3
    assert world.send() == ["notice"] * 3


@pytest.mark.parametrize("name", [SECOND, SLACK])
def test_unlinked_addresses_get_nothing_more(world, name):
    """What is due there is not sent, and they are asked again once they are within reach."""
    kept(world, name)
    world.people(on_telegram(1), of_second(2), on_slack(3))
    world.campaign()
    world.at(MORNING).plan()

    count = world.run(identities.unlink_addresses, name, now=world.now)
    world.run(identities.remove, name, now=world.now)

    gone = "u2" if name == SECOND else "u3"
    [place] = world.run(recipients.get, gone).addresses
    assert (count, place.reach) == (1, Reach.UNLINKED)
    assert world.states(gone) == {"notice": "cancelled"}
    assert world.states("u1") == {"notice": "due"}
    with pytest.raises(UnknownIdentity):
        world.run(identities.get, name)


def test_what_was_on_its_way_when_an_identity_went_is_in_doubt(world):
    """Nobody owns its lane any more, so nobody else would find it."""
    kept(world, SECOND)
    world.people(of_second(2))
    world.campaign()
    world.at(MORNING).plan()
    assert len(world.claim(SECOND)) == 1

    world.run(identities.remove, SECOND, now=world.now)

    [row] = world.log()
    assert (row.state.value, row.doubts) == ("in_doubt", 1)


def test_other_credentials_are_noticed_and_renewed_ones_are_not(world):
    """Whoever runs opens an identity anew, but not twice a day for each that is renewed."""
    identity = kept(world, SECOND)
    before = world.run(identities.mark)

    world.run(identities.renew, SECOND, locked=b"renewed", expires_at=None)
    renewed = world.run(identities.mark)
    world.run(identities.put, replace(identity, added_at=MORNING, locked=b"other"))

    assert renewed == before
    assert world.run(identities.mark) != before
    assert world.run(identities.get, SECOND).added_at == identity.added_at


def test_who_is_forgotten_belongs_to_nobody(world):
    kept(world, SECOND)
    world.people(of_second(2))
    person = world.run(recipients.get, "u2")

    world.run(erasure.erase, person.id, key=b"k", now=world.now)

    assert world.run(identities.addresses) == {}
