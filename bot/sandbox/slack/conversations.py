"""conversations.*: direct messages are opened, and what stands in a conversation is read."""

from collections.abc import Mapping
from itertools import islice

from bot.sandbox.slack.calls import Answer, Call, Method, Refusal, SlowDown
from bot.sandbox.slack.messages import ChannelMessage, Json
from bot.sandbox.slack.paging import cursor_to, next_cursor, place_of
from bot.sandbox.slack.rates import NO_WAIT, ONE_A_MINUTE, Tier
from bot.sandbox.slack.state import Slack
from bot.sandbox.slack.workspace import Conversation

PAGE = 100
LARGEST_PAGE = 999
RESTRICTED_PAGE = 15
MOST_USERS = 8


def open_(slack: Slack, call: Call) -> Answer:
    conversation = _to_open(slack, call)
    was_open, conversation.is_open = conversation.is_open, True
    channel: Json = {"id": conversation.id}
    if call.flag("return_im"):
        channel = _as_json(slack, conversation)
    return Answer({"channel": channel, **({"no_op": True, "already_open": True} if was_open else {})})


def info(slack: Slack, call: Call) -> Answer:
    return Answer({"channel": _as_json(slack, _named(slack, call))})


def history(slack: Slack, call: Call) -> Answer:
    """Messages newest first, outside of threads, between `oldest` and `latest`."""
    limit = _limit(slack, call)
    conversation = _named(slack, call)
    oldest, inclusive = call.text("oldest") or "0", call.flag("inclusive")
    latest = place_of("next_ts", call.text("cursor"))
    if latest is None:
        latest = call.text("latest") or "9" * 20
    else:
        inclusive = True  # the cursor names the first message of its page
    found = [
        message
        for message in conversation.newest_first()
        if message.thread_ts in (None, message.ts) and _is_between(message.ts, oldest, latest, inclusive)
    ]
    return _page(slack, call, found, limit)


def replies(slack: Slack, call: Call) -> Answer:
    """The message that began the thread, then its replies, oldest first."""
    limit = _limit(slack, call)
    conversation = _named(slack, call)
    root = conversation.messages.get(call.text("ts"))
    if root is None:
        raise Refusal("thread_not_found")
    thread = [root, *(m for m in conversation.messages.values() if m.thread_ts == root.ts and m is not root)]
    first = place_of("next_ts", call.text("cursor"))
    return _page(slack, call, [m for m in thread if first is None or float(m.ts) >= float(first)], limit)


def _to_open(slack: Slack, call: Call) -> Conversation:
    if channel := call.text("channel"):
        if conversation := slack.workspace.conversation(channel):
            return conversation
        raise Refusal("channel_not_found")
    users = [user for user in call.text("users").split(",") if user]
    if not users:
        raise Refusal("users_list_not_supplied")
    if len(users) > MOST_USERS:
        raise Refusal("too_many_users")
    for user in users:
        person = slack.workspace.person(user)
        if person is None:
            raise Refusal("user_not_found")
        if person.deleted:
            raise Refusal("user_disabled")
    if len(users) == 1:
        return slack.workspace.direct(users[0])
    members = (slack.workspace.app.bot_user, *sorted(users))
    group_id = "G" + "".join(sorted(users))
    return slack.workspace.conversations.get(group_id) or slack.workspace.create_channel(
        group_id, members=members
    )


def _named(slack: Slack, call: Call) -> Conversation:
    conversation = slack.workspace.conversation(call.text("channel"))
    if conversation is None:
        raise Refusal("channel_not_found")
    return conversation


def _limit(slack: Slack, call: Call) -> int:
    """How many messages a page has; apps sold outside the Marketplace get few, and one page a minute."""
    if not slack.restricts_history:
        return max(1, min(call.number("limit", PAGE), LARGEST_PAGE))
    wait = slack.meters.take("history", ONE_A_MINUTE, slack.now)
    if wait > NO_WAIT:
        raise SlowDown(wait)
    return max(1, min(call.number("limit", RESTRICTED_PAGE), RESTRICTED_PAGE))


def _is_between(ts: str, oldest: str, latest: str, inclusive: bool) -> bool:
    """Compare as decimals of equal scale: a float holds a microsecond of our century exactly enough."""
    try:
        at, first, last = float(ts), float(oldest), float(latest)
    except ValueError:
        raise Refusal("invalid_ts_oldest") from None
    return first <= at <= last if inclusive else first < at < last


def _page(slack: Slack, call: Call, found: list[ChannelMessage], limit: int) -> Answer:
    page, rest = list(islice(found, limit)), found[limit : limit + 1]
    with_metadata = call.flag("include_all_metadata") and not slack.forgets_metadata
    fields: Json = {
        "messages": [slack.workspace.message_json(message, with_metadata=with_metadata) for message in page],
        "has_more": bool(rest),
        "pin_count": 0,
    }
    if rest:
        fields["response_metadata"] = next_cursor(cursor_to("next_ts", rest[0].ts))
    return Answer(fields)


def _as_json(slack: Slack, conversation: Conversation) -> Json:
    shared: Json = {
        "id": conversation.id,
        "created": conversation.created,
        "is_archived": conversation.is_archived,
        "is_im": conversation.is_direct,
        "is_org_shared": False,
        "context_team_id": slack.workspace.app.team,
    }
    if conversation.is_direct:
        return shared | {"user": conversation.user, "is_open": conversation.is_open}
    return shared | {
        "name": conversation.name,
        "is_channel": True,
        "is_member": slack.workspace.app.bot_user in conversation.members,
        "num_members": len(conversation.members),
    }


METHODS: Mapping[str, Method] = {
    "conversations.open": Method(open_, Tier.THREE, scope="im:write", writes=True),
    "conversations.info": Method(info, Tier.THREE, scope="im:read", needs=("channel",)),
    "conversations.history": Method(history, Tier.THREE, scope="im:history", needs=("channel",)),
    "conversations.replies": Method(replies, Tier.THREE, scope="im:history", needs=("channel", "ts")),
}
