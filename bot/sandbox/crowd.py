"""A crowd to try campaigns on: made-up people, the same for the same seed."""

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import date, timedelta
from random import Random
from typing import TypeVar

from bot.domain.recipient import Plan

T = TypeVar("T")

TEAM = "T1"
FIRST_REF = 10_001
FIRST_CHAT = 500_000_001
PRODUCT_BEGAN = date(2023, 3, 14)
TERMS_CHANGED = date(2025, 8, 28)  # who registers from this day on chooses at sign-up

HOMES = (  # language and zone, as often as they stand here; an empty one is not known
    *[("id", "Asia/Jakarta")] * 4, *[("id", "Asia/Makassar")] * 2, ("id", "Asia/Jayapura"), ("id", ""),
    *[("en", "America/New_York")] * 2, ("en", "America/Los_Angeles"), ("en", "Europe/London"),
    ("en", "Australia/Sydney"), ("en", "Asia/Kolkata"), ("en", "Pacific/Auckland"), ("en", "Pacific/Pago_Pago"),
    *[("zh", "Asia/Shanghai")] * 2, ("zh", "Asia/Taipei"), ("zh", "Asia/Singapore"),
    *[("ja", "Asia/Tokyo")] * 3, ("", "Asia/Tokyo"),
    ("ar", "Africa/Cairo"), ("ar", "Asia/Riyadh"), ("ar", "Asia/Dubai"), ("ar", "Africa/Casablanca"),
    *[("fr", "Europe/Paris")] * 2, ("fr", "Africa/Dakar"), ("fr", "America/Toronto"), ("fr", "Pacific/Tahiti"),
    ("fr", "Indian/Reunion"), ("en", "Pacific/Kiritimati"),
)  # fmt: skip
PLANS = (
    *[Plan.FREE] * 13, *[Plan.PRO] * 7, *[Plan.MAX] * 4,
    Plan.WORK, Plan.TEAM, Plan.ENTERPRISE, Plan.GOV, Plan.EDUCATION, Plan.API,
)  # fmt: skip
PLACES = (*["telegram"] * 10, *["slack"] * 5, *["both"] * 4, "none")
REGISTERED = (*["before"] * 14, "late")


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A row of a file of people, in the order of its columns."""

    ref: str
    plan: str
    locale: str
    timezone: str
    registered_at: str
    telegram_chat_id: str
    slack_team_id: str
    slack_user_id: str
    email_hash: str


def crowd(count: int, seed: int) -> list[PersonRow]:
    """So many people of all plans and languages, on both channels or one, a few on none."""
    random = Random(seed)
    homes, plans = _dealt(HOMES, random), _dealt(PLANS, random)
    places, registered = _dealt(PLACES, random), _dealt(REGISTERED, random)
    return [
        _person(index, next(homes), next(plans), next(places), _day(next(registered), random))
        for index in range(count)
    ]


def to_csv(people: Sequence[PersonRow]) -> str:
    """The file that `tenggat recipients import` takes."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.name for field in fields(PersonRow))
    writer.writerows(astuple(person) for person in people)
    return text.getvalue()


def _person(index: int, home: tuple[str, str], plan: Plan, place: str, registered: date) -> PersonRow:
    locale, zone = home
    ref = f"u-{FIRST_REF + index}"
    on_slack = place in ("slack", "both")
    return PersonRow(
        ref=ref,
        plan=plan.value,
        locale=locale,
        timezone=zone,
        registered_at=registered.isoformat(),
        telegram_chat_id=str(FIRST_CHAT + index) if place in ("telegram", "both") else "",
        slack_team_id=TEAM if on_slack else "",
        slack_user_id=f"U{FIRST_REF + index:08d}" if on_slack else "",
        email_hash=hashlib.sha256(f"{ref}@example.com".encode()).hexdigest(),
    )


def _day(registered: str, random: Random) -> date:
    if registered == "late":
        return TERMS_CHANGED + timedelta(days=random.randrange(14))
    return PRODUCT_BEGAN + timedelta(days=random.randrange((TERMS_CHANGED - PRODUCT_BEGAN).days))


def _dealt(cards: Sequence[T], random: Random) -> Iterator[T]:
    """The cards in a random order, and all of them again: a small crowd has some of each kind, too."""
    while True:
        yield from random.sample(cards, len(cards))
