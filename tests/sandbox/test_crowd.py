from collections import Counter

from bot import resources
from bot.domain.people_file import Imported, read_row
from bot.domain.recipient import ChannelName, Plan
from bot.sandbox.crowd import PersonRow, crowd, to_csv


def test_the_example_is_the_crowd_of_seed_seven():
    """Who plays with the file sees the same people as the demo."""
    text = (resources.examples() / "recipients.csv").read_text(encoding="utf-8")

    assert text == to_csv(crowd(240, seed=7))


def test_the_example_holds_every_kind_of_person():
    people = [_read(person) for person in crowd(240, seed=7)]

    assert {person.locale for person in people} >= {"id", "en", "zh", "ja", "ar", "fr"}
    assert len({person.zone for person in people}) > 20
    assert {person.plan for person in people} == set(Plan)
    ways = Counter(tuple(place.channel for place in person.places) for person in people)
    assert ways.keys() == {
        (ChannelName.TELEGRAM,),
        (ChannelName.SLACK,),
        (ChannelName.TELEGRAM, ChannelName.SLACK),
        (),
    }


def test_a_larger_crowd_begins_with_the_smaller_one():
    """More people must not make the others into somebody else."""
    assert crowd(400, seed=3)[:100] == crowd(100, seed=3)


def test_another_seed_brings_another_crowd():
    assert crowd(50, seed=1) != crowd(50, seed=2)


def test_nobody_shares_a_reference_or_an_address():
    people = [_read(person) for person in crowd(1_000, seed=7)]

    assert len({person.ref for person in people}) == 1_000
    keys = [place.key for person in people for place in person.places]
    assert len(set(keys)) == len(keys)


def _read(person: PersonRow) -> Imported:
    found = read_row({name: getattr(person, name) for name in PersonRow.__slots__})
    assert isinstance(found, Imported)
    return found
