"""What Slack has of a delivery: our messages carry its number as metadata, and the history gives that back.

Apps sold outside the Marketplace may ask once a minute for 15 messages: so a page is never larger, and the time
asked about is as short as can be. https://docs.slack.dev/reference/methods/conversations.history
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.recall import Absent, Found, NotNow, Recalled, Trace, Unable
from bot.channels.slack import outcome
from bot.channels.slack.arrival import at, text_at
from bot.channels.slack.posts import ReadyJson
from bot.domain.delivery import Deferred, Rejected, Why

EVENT = "delivery"  # the type of our metadata
PAGE = 15
MOST_PAGES = 4  # more was said in that short time than one can ask about
AGAIN = timedelta(minutes=1)


def mark(delivery: int) -> ReadyJson:
    """The metadata by which a message is known again."""
    return ReadyJson(f'{{"event_type":"{EVENT}","event_payload":{{"id":"{delivery:d}"}}}}')


async def recalled(client: AsyncWebClient, trace: Trace) -> Recalled:
    """What stands in the conversation of this delivery's number; the conversation is opened if need be."""
    try:
        conversation = trace.to.conversation or await _opened(client, trace.to.external)
        return await _read(client, replace(trace, to=replace(trace.to, conversation=conversation)))
    except Exception as error:  # noqa: BLE001 - an odd answer makes the library raise anything
        return _trouble(error)


async def _opened(client: AsyncWebClient, user: str) -> str:
    answer = await client.conversations_open(users=user)
    return text_at(answer.data, "channel", "id")


async def _read(client: AsyncWebClient, trace: Trace) -> Recalled:
    conversation, found, cursor = trace.to.conversation or "", list[str](), ""
    for _ in range(MOST_PAGES):
        answer = await client.conversations_history(
            channel=conversation,
            oldest=f"{trace.since.timestamp():.6f}",
            latest=f"{trace.until.timestamp():.6f}",
            inclusive=True,
            include_all_metadata=True,
            limit=PAGE,
            **({"cursor": cursor} if cursor else {}),
        )
        found += _marked(at(answer.data, "messages"), trace.delivery)
        cursor = text_at(answer.data, "response_metadata", "next_cursor")
        if not cursor:
            return Found(sorted(found), conversation) if found else Absent()
    return Found(sorted(found), conversation) if found else Unable("too much was said in that time")


def _marked(messages: object, delivery: int) -> Iterator[str]:
    for message in messages if isinstance(messages, list) else ():
        if not isinstance(message, Mapping) or text_at(message, "metadata", "event_type") != EVENT:
            continue
        if text_at(message, "metadata", "event_payload", "id") == str(delivery):
            yield text_at(message, "ts")


def _trouble(error: Exception) -> Recalled:
    match outcome.of_error(error):
        case Deferred(wait=wait):
            return NotNow(wait)
        case Rejected(why=Why.TOKEN, reason=reason) | Rejected(why=Why.MESSAGE, reason=reason):
            return Unable(reason)
        case Rejected():  # there is no such person or conversation any more: nothing can be read there
            return Unable("the conversation is gone")
        case _:
            return NotNow(AGAIN)
