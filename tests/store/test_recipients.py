"""Bringing people in: what an import does to those who are there, and to their campaigns."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import event

from bot.domain.delivery import Rejected, Why
from bot.domain.recipient import Address, ChannelName, Plan, Reach
from bot.exceptions import UnknownRecipient
from bot.store import addresses, recipients
from bot.store.recipients import Change, Seen, Verdict
from tests.worlds import MORNING, SLACK, jakarta, on_both, on_slack, on_telegram

CREATED, UPDATED, UNCHANGED, TAKEN = Change.CREATED, Change.UPDATED, Change.UNCHANGED, Change.TAKEN


def test_people_come_in_as_they_are_said_to_be(world):
    person = on_both(email_hash="ab" * 32)

    world.people(person)

    found = world.run(recipients.get, "u1")
    assert (found.plan, found.locale, found.zone) == (person.plan, person.locale, person.zone)
    assert found.registered_on == date(2024, 5, 1)
    assert [place.key for place in found.addresses] == ["telegram:1001", "slack:T1:U1"]


def test_the_same_people_again_change_nothing(world):
    rows = [on_telegram(1), on_slack(2), on_both(3), on_telegram(4, places=())]

    first, second = (_changes(world.people(*rows)) for _ in range(2))

    assert first == [CREATED] * 4
    assert second == [UNCHANGED] * 4


@pytest.mark.parametrize(
    "change",
    [
        {"plan": Plan.MAX},
        {"locale": "ja"},
        {"zone": "Asia/Tokyo"},
        {"zone": None},
        {"registered_on": date(2024, 5, 2)},
        {"email_hash": "cd" * 32},
    ],
)
def test_what_is_said_anew_is_used_from_then_on(world, change):
    world.people(on_telegram())

    verdicts = world.people(on_telegram(**change))

    assert _changes(verdicts) == [UPDATED]
    found = world.run(recipients.get, "u1")
    assert {name: getattr(found, name, "cd" * 32) for name in change} == change


def test_columns_that_a_file_does_not_have_are_left_alone(world):
    world.people(on_telegram(zone="Asia/Tokyo", locale="ja"))
    bare = on_telegram(zone=None, locale=None, plan=Plan.MAX)

    world.run(recipients.put, [bare], now=world.now, columns=("ref", "plan"))

    found = world.run(recipients.get, "u1")
    assert (found.plan, found.zone, found.locale) == (Plan.MAX, "Asia/Tokyo", "ja")


def test_a_language_chosen_in_the_bot_outlives_an_import(world):
    world.people(on_telegram(locale="en"))
    world.run(recipients.choose_locale, world.run(recipients.get, "u1").id, "fr")

    world.people(on_telegram(locale="ja"))

    assert world.run(recipients.get, "u1").locale == "fr"


def test_a_mute_outlives_an_import(world):
    world.people(on_telegram())
    world.mute("u1")

    world.people(on_telegram(plan=Plan.MAX))

    assert world.run(recipients.get, "u1").muted_at is not None


def test_an_address_that_is_not_named_stays(world):
    world.people(on_both())

    assert _changes(world.people(on_telegram())) == [UNCHANGED]
    assert len(world.run(recipients.get, "u1").addresses) == 2


def test_a_new_address_replaces_the_one_on_its_channel(world):
    world.people(on_both())
    moved = on_telegram(places=(Address(ChannelName.TELEGRAM, "777"),))

    assert _changes(world.people(moved)) == [UPDATED]
    assert [p.key for p in world.run(recipients.get, "u1").addresses] == ["telegram:777", "slack:T1:U1"]


def test_an_address_belongs_to_one_person(world):
    world.people(on_telegram(1))

    (verdict,) = world.people(on_telegram(2, places=on_telegram(1).places))

    assert (verdict.change, verdict.owner) == (TAKEN, "u1")
    with pytest.raises(UnknownRecipient):
        world.run(recipients.get, "u2")


def test_one_of_two_people_who_claim_an_address_in_one_file_gets_it(world):
    verdicts = world.people(on_telegram(1), on_telegram(2, places=on_telegram(1).places))

    assert _changes(verdicts) == [CREATED, TAKEN]


def test_an_address_given_up_can_be_another_persons(world):
    world.people(on_telegram(1))
    moved = on_telegram(1, places=(Address(ChannelName.TELEGRAM, "777"),))

    verdicts = world.people(moved, on_telegram(2, places=on_telegram(1).places))

    assert _changes(verdicts) == [UPDATED, CREATED]
    assert [p.key for p in world.run(recipients.get, "u2").addresses] == ["telegram:1001"]


@pytest.mark.parametrize("split", [1, 2, 3])
def test_looking_tells_what_putting_would_do(world, split):
    """A dry run must not promise what the real one does not keep, wherever its batches end."""
    world.people(on_telegram(1), on_telegram(2))
    rows = [
        on_telegram(1, places=(Address(ChannelName.TELEGRAM, "777"),)),
        on_telegram(3, places=on_telegram(1).places),
        on_telegram(4, places=on_telegram(2).places),
        on_telegram(2),
        on_slack(5),
    ]
    seen = Seen()

    looked = [
        verdict
        for batch in (rows[:split], rows[split:])
        for verdict in world.run(recipients.compare, batch, seen=seen)
    ]
    done = [verdict for batch in (rows[:split], rows[split:]) for verdict in world.people(*batch)]

    assert _changes(looked) == _changes(done) == [UPDATED, CREATED, TAKEN, UNCHANGED, CREATED]


def test_a_platforms_verdict_on_an_address_outlives_the_same_import(world):
    """Who blocked the bot did not unblock it because the operator imported again."""
    world.people(on_telegram())
    (place,) = world.run(recipients.get, "u1").addresses
    world.run(addresses.update, replace(place, reach=Reach.BLOCKED), now=world.now)

    world.people(on_telegram(plan=Plan.MAX))

    assert world.run(recipients.get, "u1").addresses[0].reach is Reach.BLOCKED


def test_who_was_asked_is_not_asked_again(world):
    world.people(on_telegram())
    world.campaign()
    world.at(MORNING).send()

    world.people(on_both(plan=Plan.MAX, zone="Asia/Tokyo", locale="ja"))

    assert world.at(MORNING + timedelta(days=1)).send() == []


def test_a_new_chat_is_used_from_then_on(world):
    world.people(on_telegram())
    world.campaign()
    world.at(MORNING).send()

    world.people(on_telegram(places=(Address(ChannelName.TELEGRAM, "777"),)))
    world.at(jakarta(15, 17)).plan()

    assert [outgoing.delivery.address.key for outgoing in world.claim()] == ["telegram:777"]


def test_who_could_not_be_reached_is_asked_at_a_new_address(world):
    """Nobody of the audience who can be reached may be left without the notice."""
    world.people(on_telegram())
    world.campaign()
    world.at(MORNING).plan()
    world.settle(world.claim(), Rejected(Why.BLOCKED, "blocked"))

    world.at(jakarta(5, 10)).people(on_both())

    assert world.send(SLACK) == ["notice"]
    assert len(world.log("u1")) == 1


def test_a_plan_that_is_covered_again_is_asked_then(world):
    world.people(on_telegram(plan=Plan.TEAM))
    world.campaign()
    assert world.at(MORNING).send() == []

    world.at(jakarta(10, 10)).people(on_telegram(plan=Plan.PRO))

    assert world.send() == ["notice"]


def test_a_notice_taken_back_by_a_wrong_upload_goes_out_after_all(world):
    """Who was put on an excluded plan by mistake is not lost for the campaign."""
    world.people(on_telegram())
    world.campaign()
    world.plan()
    world.people(on_telegram(plan=Plan.TEAM))
    assert world.at(MORNING).send() == []

    world.people(on_telegram(plan=Plan.PRO))

    assert world.send() == ["notice"]


def test_a_notice_taken_back_by_a_mute_goes_out_after_all(world):
    """Messages off and on again before the notice: the person is asked."""
    world.people(on_telegram())
    world.campaign()
    world.plan()
    world.mute("u1")
    assert world.at(MORNING).send() == []

    person = world.run(recipients.get, "u1")
    world.run(recipients.mute, person.id, now=None)

    assert world.send() == ["notice"]


def test_a_large_batch_takes_a_handful_of_statements(world):
    """A million rows come in by batches; a statement a row would take hours."""
    statements: list[str] = []

    def note(*args):
        statements.append(args[2])

    event.listen(world.database.engine, "before_cursor_execute", note)
    world.people(*map(on_both, range(500)))
    event.remove(world.database.engine, "before_cursor_execute", note)

    assert len(statements) < 20


def test_people_are_counted_and_listed_in_pages(world):
    world.people(*map(on_telegram, range(5)))

    assert world.run(recipients.count) == 5
    assert world.run(lambda session: [p.ref for p in recipients.every(session, page=2)]) == [
        f"u{number}" for number in range(5)
    ]


def _changes(verdicts: Sequence[Verdict]) -> list[Change]:
    return [verdict.change for verdict in verdicts]
