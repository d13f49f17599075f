"""A file for one person: announced, uploaded, and only then shared in the direct message."""

from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.base import Post
from bot.channels.slack import outcome
from bot.channels.slack.render import Rendered
from bot.domain.delivery import Accepted, Failed, InDoubt, Outcome, Rejected, Why
from bot.domain.message import Document

SCOPE_MISSING = "missing_scope"  # the app was installed before it sent files; everything else still works


async def uploaded(client: AsyncWebClient, post: Post, shown: Rendered, document: Document) -> Outcome:
    """The person has the file in their direct message, with the message's headline above it, or what
    became of it. Nobody sees anything before the last of the calls."""
    try:
        conversation = post.to.conversation or await _opened(client, post.to.external)
        file = await _put(client, document, described=shown.text)
    except Exception as error:  # noqa: BLE001 - an odd answer makes the library raise anything
        verdict = outcome.of_error(error)
        return Failed(verdict.reason) if isinstance(verdict, InDoubt) else _spared(verdict)
    try:
        await client.files_completeUploadExternal(
            files=[{"id": file, "title": document.name}],
            channel_id=conversation,
            initial_comment=shown.text,
        )
    except Exception as error:  # noqa: BLE001 - as above
        return _spared(outcome.of_error(error))
    return Accepted(f"file:{file}", conversation)


async def _opened(client: AsyncWebClient, user: str) -> str:
    answer = await client.conversations_open(users=user)
    return str(answer["channel"]["id"])


async def _put(client: AsyncWebClient, document: Document, *, described: str) -> str:
    """The id of the file, whose content Slack has now; of a picture also what it shows, for who cannot see it."""
    content = document.content
    place = await client.files_getUploadURLExternal(
        filename=document.name, length=len(content), alt_txt=described if document.is_picture else None
    )
    session = client.session
    if session is None:
        raise RuntimeError("The client is not open.")
    async with session.post(str(place["upload_url"]), data=content, proxy=client.proxy) as answer:
        answer.raise_for_status()
    return str(place["file_id"])


def _spared(verdict: Outcome) -> Outcome:
    """A right that only files need is no reason to stop the lane."""
    if isinstance(verdict, Rejected) and verdict.reason == SCOPE_MISSING:
        return Rejected(Why.MESSAGE, verdict.reason)
    return verdict
