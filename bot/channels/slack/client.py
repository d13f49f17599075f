"""The sending side of one Slack workspace."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final, Self

from bot.channels.base import Post
from bot.channels.recall import Recalled, Trace
from bot.channels.slack import files, history, home, outcome
from bot.channels.slack.posts import ReadyJson, quoted
from bot.channels.slack.render import Rendered, Template, render, template
from bot.channels.slack.tokens import Tokens, tokens_of
from bot.channels.slack.web import API, api_client, identity_of, not_ready, open_session, response_client
from bot.domain.delivery import Outcome, Rejected, Why
from bot.domain.message import Message, Surface
from bot.domain.recipient import ChannelName
from bot.exceptions import ChannelAway

NO: Final = ReadyJson("false")
TEMPLATES: Final = 1024  # distinct texts of a step: locales times zones times steps under way


@dataclass(frozen=True, slots=True)
class _Kept:
    message: Message
    template: Template


class SlackChannel:
    """A `Channel`: the direct messages of one app in one workspace. It calls Slack only while it is open."""

    name: Final = ChannelName.SLACK

    def __init__(
        self,
        token: str | Tokens,
        *,
        api: str = API,
        team: str | None = None,
        held_by: str = "BOT_SLACK_BOT_TOKEN",
    ) -> None:
        self._tokens = tokens_of(token)
        self._api = api
        self._team = team
        self._held_by = held_by  # what is to be mended when Slack refuses the token
        self._closing = AsyncExitStack()
        self._templates: dict[int, _Kept] = {}

    async def __aenter__(self) -> Self:
        self._session = await self._closing.enter_async_context(open_session())
        self._client = api_client(self._session, token=None, api=self._api)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._closing.aclose()

    @property
    def lane(self) -> str:
        """`slack:<team id>`; the team was given, or `identify` has returned."""
        if self._team is None:
            raise RuntimeError("The workspace is not known before identify().")
        return identity_of(self._team)

    async def identify(self) -> str:
        """The id of the workspace that the token is for; Slack is asked once, and not when it was given."""
        if self._team is None:
            self._team = await self._asked_team()
        return self._team

    async def send(self, post: Post) -> Outcome:
        """Hand one message over, or edit one, and say what became of it; raise only for bugs.

        An answer to a command that its response URL takes no longer goes into the direct message.
        """
        self._client.token = await self._tokens.token()
        if _is_plain(post):
            return await self._posted(post)
        shown = render(post.message, post.tokens)
        if post.surface is Surface.HOME:
            return await home.published(self._client, post.to.external, shown)
        if post.document is not None:
            return await files.uploaded(self._client, post, shown, post.document)
        if post.response_url is not None:
            whispered = await self._whispered(post, shown, post.response_url)
            if not isinstance(whispered, Rejected):
                return whispered
        if post.edits is not None:
            return await self._edited(post, shown, post.edits)
        return await self._posted(post)

    async def recall(self, trace: Trace) -> Recalled:
        """What Slack has of this delivery; raise only for bugs."""
        self._client.token = await self._tokens.token()
        return await history.recalled(self._client, trace)

    async def _posted(self, post: Post) -> Outcome:
        template = self._template(post.message)
        try:
            answer = await self._client.api_call("chat.postMessage", json=_fields(post, template))
        except Exception as error:  # noqa: BLE001 - an odd answer makes the library raise anything
            return outcome.of_error(error)
        return outcome.of_answer(answer)

    def _template(self, message: Message) -> Template:
        """Who gets the same message of a campaign gets the very same object: to know it again costs nothing."""
        if not message.asks:
            return template(message)
        kept = self._templates.get(id(message))
        if kept is None or kept.message is not message:
            if len(self._templates) >= TEMPLATES:
                self._templates.clear()
            kept = self._templates[id(message)] = _Kept(message, template(message))
        return kept.template

    async def _edited(self, post: Post, shown: Rendered, ts: str) -> Outcome:
        """The message's own metadata stays: it tells which delivery it was."""
        if post.to.conversation is None:
            return Rejected(Why.UNCHANGED, "the conversation is not known")
        try:
            answer = await self._client.chat_update(
                channel=post.to.conversation, ts=ts, text=shown.text, blocks=shown.blocks
            )
        except Exception as error:  # noqa: BLE001 - as above
            return outcome.of_error(error)
        return outcome.of_answer(answer)

    async def _whispered(self, post: Post, shown: Rendered, url: str) -> Outcome:
        try:
            answer = await response_client(self._session, url).send(
                text=shown.text,
                blocks=shown.blocks,
                response_type="ephemeral",
                replace_original=False,
                unfurl_links=False,
                unfurl_media=False,
            )
        except Exception as error:  # noqa: BLE001 - as above
            return outcome.of_error(error)
        return outcome.of_webhook(answer, message=f"ephemeral:{post.delivery}")

    async def _asked_team(self) -> str:
        self._client.token = await self._tokens.token()
        try:
            team = (await self._client.auth_test()).get("team_id")
        except Exception as error:
            raise not_ready(error, token_setting=self._held_by) from error
        if not isinstance(team, str) or not team:
            raise ChannelAway("Slack", "an answer without team_id", setting="BOT_SLACK_API")
        return team


def _fields(post: Post, template: Template) -> dict[str, object]:
    """Of chat.postMessage, each as JSON."""
    return {
        "channel": ReadyJson(quoted(post.to.conversation or post.to.external)),
        "text": template.text,
        "blocks": template.blocks(post.tokens),
        "metadata": history.mark(post.delivery),
        "unfurl_links": NO,
        "unfurl_media": NO,
    }


def _is_plain(post: Post) -> bool:
    """It is a new message in the chat, as all of a campaign's are."""
    special = post.document or post.response_url or post.edits
    return not special and post.surface is Surface.CHAT
