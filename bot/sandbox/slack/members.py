"""users.* and dnd.*: who is in the workspace, and when they rest."""

from collections.abc import Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo

from bot.sandbox.slack.calls import Answer, Call, Method, Refusal
from bot.sandbox.slack.paging import cursor_to, next_cursor, place_of
from bot.sandbox.slack.rates import Tier
from bot.sandbox.slack.state import Slack
from bot.sandbox.slack.workspace import EPOCH, Person

LARGEST_PAGE = 1000
LARGE_TEAM = 1000  # beyond that a list without a limit is refused


def info(slack: Slack, call: Call) -> Answer:
    with_locale = call.flag("include_locale")
    return Answer({"user": slack.workspace.person_json(_named(slack, call), with_locale=with_locale)})


def list_(slack: Slack, call: Call) -> Answer:
    people = sorted(slack.workspace.people.values(), key=lambda person: person.id)
    limit, with_locale = call.number("limit", 0), call.flag("include_locale")
    if not limit and len(people) > LARGE_TEAM:
        raise Refusal("limit_required")
    if first := place_of("user", call.text("cursor")):
        people = [person for person in people if person.id >= first]
    size = min(limit, LARGEST_PAGE) if limit > 0 else len(people)
    page, rest = people[:size], people[size : size + 1]
    return Answer(
        {
            "members": [slack.workspace.person_json(person, with_locale=with_locale) for person in page],
            "cache_ts": slack.workspace.seconds(),
            "response_metadata": next_cursor(cursor_to("user", rest[0].id) if rest else ""),
        }
    )


def lookup_by_email(slack: Slack, call: Call) -> Answer:
    email = call.text("email").lower()
    for person in slack.workspace.people.values():
        if person.email and person.email.lower() == email and not person.deleted:
            return Answer({"user": slack.workspace.person_json(person)})
    raise Refusal("users_not_found")


def dnd_info(slack: Slack, call: Call) -> Answer:
    person = _named(slack, call)
    start, end = next_rest(slack, person)
    return Answer(
        {
            "dnd_enabled": person.rest is not None,
            "next_dnd_start_ts": start,
            "next_dnd_end_ts": end,
            "snooze_enabled": False,
        }
    )


def next_rest(slack: Slack, person: Person) -> tuple[int, int]:
    """When the person's current or next do-not-disturb begins and ends; 1 and 1 when they have none."""
    if person.rest is None:
        return 1, 1
    now = slack.now.astimezone(ZoneInfo(person.zone))
    start = now.replace(hour=person.rest.start, minute=0, second=0, microsecond=0)
    length = timedelta(hours=(person.rest.end - person.rest.start) % 24)
    start -= timedelta(days=1)
    while start + length <= now:
        start += timedelta(days=1)
    return (start - EPOCH) // timedelta(seconds=1), (start + length - EPOCH) // timedelta(seconds=1)


def _named(slack: Slack, call: Call) -> Person:
    person = slack.workspace.person(call.text("user"))
    if person is None:
        raise Refusal("user_not_found")
    return person


METHODS: Mapping[str, Method] = {
    "users.info": Method(info, Tier.FOUR, scope="users:read", needs=("user",)),
    "users.list": Method(list_, Tier.TWO, scope="users:read"),
    "users.lookupByEmail": Method(lookup_by_email, Tier.THREE, scope="users:read.email", needs=("email",)),
    "dnd.info": Method(dnd_info, Tier.THREE, scope="dnd:read", needs=("user",)),
}
