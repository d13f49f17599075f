"""The receiving side of one Slack workspace."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Self

from slack_sdk.errors import SlackApiError

from bot.channels.base import Command, Event, FormDesk
from bot.channels.slack import forms
from bot.channels.slack.arrival import Payload, update_from
from bot.channels.slack.connection import Connection, Envelope
from bot.channels.slack.outcome import of_error, of_webhook
from bot.channels.slack.reading import Reader
from bot.channels.slack.tokens import Tokens, tokens_of
from bot.channels.slack.web import API, api_client, identity_of, open_session, response_client
from bot.clock import Clock
from bot.domain.delivery import Accepted
from bot.domain.update import Update
from bot.exceptions import TenggatError

OPEN_WITHIN = 2.0  # seconds, real ones: Slack lets a form be opened for three
READS_ONLY = "xoxb-reads-only"  # Bolt wants a token; with what is read nothing is sent
ALREADY_USED = "exchanged_trigger_id"  # by a copy of the same command: its form is open

logger = logging.getLogger(__name__)


class SlackInbound:
    """An `Inbound`: what the people of one workspace do. It calls Slack only while it is open.

    `not_saved` is what a person reads when a tap or a command could not be kept in time, or a form not be
    opened. Without a `desk` there are no forms.
    """

    def __init__(
        self,
        *,
        team: str,
        bot_token: str | Tokens,
        app_token: str,
        clock: Clock,
        not_saved: str,
        api: str = API,
        desk: FormDesk | None = None,
    ) -> None:
        self._team = team
        self._tokens = tokens_of(bot_token)
        self._desk = desk
        self._app_token = app_token
        self._clock = clock
        self._not_saved = not_saved
        self._api = api
        self._reader = Reader(team, bot_token=READS_ONLY, api=api)
        self._closing = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._session = await self._closing.enter_async_context(open_session())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._closing.aclose()

    @property
    def identity(self) -> str:
        """`slack:<team id>`, as the lane."""
        return identity_of(self._team)

    async def updates(self) -> AsyncGenerator[Sequence[Update], None]:
        """Batches of updates, over Socket Mode. Asking for the next batch says OK to the one before.

        Whoever stops asking closes the iterator (`contextlib.aclosing`); what was not OKed comes again.
        """
        client = api_client(self._session, token=None, api=self._api)
        connection = Connection(client, app_token=self._app_token, clock=self._clock)
        self._closing.push_async_exit(connection)  # should whoever asks forget to
        async with connection:
            while True:
                envelopes = await self._answered(connection, await connection.receive())
                updates = [
                    update
                    for envelope in envelopes
                    if (update := self.update_from(envelope.kind, envelope.payload, envelope.received_at))
                ]
                if updates:
                    yield updates
                await connection.acknowledge(envelopes)

    def update_from(self, kind: str, payload: Payload, received_at: datetime) -> Update | None:
        """The update to keep of a payload that Slack handed over; None when it says nothing to us.

        `kind` is Socket Mode's name for it: `events_api`, `interactive` or `slash_commands`.
        """
        return update_from(self._team, kind, payload, received_at)

    async def answer(self, payload: Payload) -> Payload:
        """What the acknowledgement of a page of a form says (`forms.is_submission`); at the end of a form
        everything is stored by then."""
        if self._desk is None:
            return forms.refusal(payload, self._not_saved)
        try:
            return await self._reader.answer(payload, self._desk, received_at=self._clock.now())
        except TenggatError as error:
            logger.warning("a form was not taken: %s", error, extra={"identity": self.identity})
        except Exception:
            logger.exception("a form was not taken", extra={"identity": self.identity})
        return forms.refusal(payload, self._not_saved)

    async def tapped(self, update: Update, *, saved: bool) -> None:
        """Open the form that a saved command asks for, if it asks for one; else the acknowledgement says
        enough. Tell the person that a tap or command was not saved, or a form not opened."""
        if not saved or not await self._opened(update):
            await self._apologize(update)

    async def _answered(self, connection: Connection, envelopes: Sequence[Envelope]) -> list[Envelope]:
        """Pages of forms are answered in their acknowledgement; the envelopes besides."""
        pages = [envelope for envelope in envelopes if forms.is_submission(envelope.kind, envelope.payload)]
        for envelope in pages:
            await connection.acknowledge([envelope], await self.answer(envelope.payload))
        return [envelope for envelope in envelopes if envelope not in pages]

    async def _opened(self, update: Update) -> bool:
        """Whether the form that the command asks for is open, if it asks for one."""
        if self._desk is None or update.trigger is None:
            return True
        try:
            async with asyncio.timeout(OPEN_WITHIN):
                [command] = await self.read(update.body)
                form = await self._desk.asked(command) if isinstance(command, Command) else None
                if form is None:
                    return True
                client = api_client(self._session, token=await self._tokens.token(), api=self._api)
                await client.views_open(trigger_id=update.trigger, view=forms.view_of(form))
        except Exception as error:
            if isinstance(error, SlackApiError) and error.response.get("error") == ALREADY_USED:
                return True
            logger.warning("a form was not opened", exc_info=True, extra={"identity": self.identity})
            return False
        return True

    async def _apologize(self, update: Update) -> None:
        if update.tap is None:
            return
        try:
            answer = await response_client(self._session, update.tap).send(
                text=self._not_saved, response_type="ephemeral", replace_original=False
            )
        except Exception as error:  # noqa: BLE001 - an odd answer makes the library raise anything
            verdict = of_error(error)
        else:
            verdict = of_webhook(answer, message="")
        if not isinstance(verdict, Accepted):
            logger.warning("could not say that an update was not saved", extra={"outcome": str(verdict)})

    async def read(self, body: str) -> Sequence[Event]:
        """What a stored update says; empty when it says nothing to us. Raise only on a poisoned one."""
        stored = json.loads(body)
        payload = stored["payload"]
        if not isinstance(payload, Mapping):
            raise TypeError("the payload of a stored update is no object")
        return await self._reader.read(payload)
