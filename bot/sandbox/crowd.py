"""A made-up crowd: existing users of a product, all over the world, the same for the same seed."""

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from random import Random
from typing import TypeVar

from bot.domain.people_file import COLUMNS, Imported
from bot.domain.recipient import Address, ChannelName, Plan

T = TypeVar("T")

TEAM = "T1"  # the workspace of the fake Slack
FIRST_CHAT = 7_100_000_001
FIRST_DAY, LAST_DAY = date(2023, 3, 14), date(2025, 8, 27)
LATE_DAYS = (date(2025, 8, 28), date(2025, 8, 30), date(2025, 9, 1))  # they choose at sign-up instead

PLANS: Mapping[Plan, int] = {
    Plan.FREE: 46,
    Plan.PRO: 26,
    Plan.MAX: 12,
    Plan.WORK: 2,
    Plan.TEAM: 4,
    Plan.ENTERPRISE: 4,
    Plan.GOV: 2,
    Plan.EDUCATION: 2,
    Plan.API: 2,
}
# The tag as the product knows it, and the zones in which people with it live; None: not known.
HOMES: Mapping[tuple[str | None, str | None], int] = {
    ("id", "Asia/Jakarta"): 18,
    ("id", "Asia/Makassar"): 5,
    ("id", "Asia/Jayapura"): 3,
    ("id", None): 2,
    ("en", "America/New_York"): 5,
    ("en-US", "America/Los_Angeles"): 4,
    ("en-GB", "Europe/London"): 4,
    ("en", "Asia/Kolkata"): 3,
    ("en-AU", "Australia/Sydney"): 2,
    ("en", "Africa/Lagos"): 2,
    ("en", "Pacific/Honolulu"): 2,
    ("en", "Pacific/Kiritimati"): 1,
    ("en", "Pacific/Pago_Pago"): 1,
    ("zh-Hans", "Asia/Shanghai"): 6,
    ("zh-TW", "Asia/Taipei"): 3,
    ("zh", "Asia/Singapore"): 2,
    ("ja", "Asia/Tokyo"): 9,
    ("ja-JP", "America/Sao_Paulo"): 1,
    ("ar", "Asia/Riyadh"): 4,
    ("ar-EG", "Africa/Cairo"): 3,
    ("ar", "Asia/Dubai"): 2,
    ("ar-MA", "Africa/Casablanca"): 1,
    ("fr", "Europe/Paris"): 5,
    ("fr-CA", "America/Toronto"): 2,
    ("fr", "Africa/Abidjan"): 2,
    ("fr", "Indian/Reunion"): 1,
    (None, "Asia/Kathmandu"): 2,
    ("de", "Europe/Berlin"): 1,
    (None, None): 2,
}
REACH: Mapping[frozenset[ChannelName], int] = {
    frozenset({ChannelName.TELEGRAM}): 60,
    frozenset({ChannelName.SLACK}): 22,
    frozenset(ChannelName): 14,
    frozenset(): 4,
}
REGISTERED: Mapping[str, int] = {"early": 92, "late": 5, "unknown": 3}


def crowd(count: int, seed: int) -> list[Imported]:
    """`count` people of all plans, in six languages and on both channels, as far as there are enough."""
    random = Random(f"crowd/{seed}")
    plans, homes = deal(PLANS, count, random), deal(HOMES, count, random)
    reaches, registered = deal(REACH, count, random), deal(REGISTERED, count, random)
    return [
        Imported(
            ref=f"u-{10_001 + index}",
            plan=plans[index],
            locale=homes[index][0],
            zone=homes[index][1],
            registered_on=_day(registered[index], random),
            places=tuple(_places(index, reaches[index])),
            email_hash=_hash(f"u-{10_001 + index}@example.org"),
        )
        for index in range(count)
    ]


def to_csv(people: Iterable[Imported]) -> str:
    """The people as a file that can be imported."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_cells(person) for person in people)
    return text.getvalue()


def deal(shares: Mapping[T, int], count: int, random: Random) -> list[T]:
    """`count` of the keys in any order, each as often as its share says, and all of them if there is room."""
    whole = sum(shares.values())
    dealt = [key for key in sorted_by_share(shares) for _ in range(max(1, count * shares[key] // whole))]
    dealt = [*dealt[:count], *random.choices(list(shares), list(shares.values()), k=max(0, count - len(dealt)))]
    random.shuffle(dealt)
    return dealt


def sorted_by_share(shares: Mapping[T, int]) -> Sequence[T]:
    """The keys, the greatest share first; those alike in their own order."""
    return sorted(shares, key=lambda key: -shares[key])


def _places(index: int, reach: frozenset[ChannelName]) -> Iterable[Address]:
    if ChannelName.TELEGRAM in reach:
        yield Address(ChannelName.TELEGRAM, str(FIRST_CHAT + index))
    if ChannelName.SLACK in reach:
        yield Address(ChannelName.SLACK, f"U{1 + index:05d}", workspace=TEAM)


def _day(registered: str, random: Random) -> date | None:
    match registered:
        case "early":
            return FIRST_DAY + timedelta(days=random.randint(0, (LAST_DAY - FIRST_DAY).days))
        case "late":
            return random.choice(LATE_DAYS)
        case _:
            return None


def _hash(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()


def _cells(person: Imported) -> Sequence[str]:
    external = {place.channel: place.external for place in person.places}
    team = next((place.workspace for place in person.places if place.workspace), None)
    cells = (
        person.ref,
        person.plan.value,
        person.locale,
        person.zone,
        person.registered_on.isoformat() if person.registered_on else None,
        external.get(ChannelName.TELEGRAM),
        team,
        external.get(ChannelName.SLACK),
        person.email_hash,
    )
    return [cell or "" for cell in cells]
