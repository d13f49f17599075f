"""Bot identities: the sending and receiving sides of every channel that is on.

The environment's come first, then those that were added, whose credentials are locked in the database.
"""

import logging
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime

from bot.app.environment import environment_slack, hint
from bot.app.installs import RenewedToken
from bot.channels.base import Channel, FormDesk, Inbound
from bot.channels.slack.client import SlackChannel
from bot.channels.slack.inbound import SlackInbound
from bot.channels.slack.tokens import Tokens
from bot.channels.telegram.client import TelegramChannel
from bot.channels.telegram.inbound import TelegramInbound
from bot.clock import Clock
from bot.config import Settings
from bot.conversation import plain_words
from bot.conversation.person import Speaking
from bot.domain import vault
from bot.domain.identity import Credentials, Identity
from bot.domain.recipient import ChannelName
from bot.exceptions import CannotUnlock, NotReady
from bot.store import identities, lanes
from bot.store.database import Database, Session

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Lane:
    """One bot identity: its sending side, and its receiving side if this process has one.

    `listens`: updates are fetched; else they come over HTTP, to another process.
    """

    channel: Channel
    rate: float
    token: str = field(repr=False)
    inbound: Inbound | None = None
    paid_rate: float = 0  # for campaigns that pay; 0: no faster
    listens: bool = True
    secrets: Sequence[str] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class SlackDoor:
    """The receiving side of a workspace, and what shows that something comes from Slack."""

    inbound: SlackInbound
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Opening:
    """What it takes to open an identity; what is opened is closed with `stack`."""

    stack: AsyncExitStack
    settings: Settings
    database: Database
    clock: Clock
    speaking: Speaking
    desk: FormDesk | None = None

    async def lanes(self, *, listens: bool) -> list[Lane]:
        """Both sides of every identity, each lane registered; one that cannot be unlocked is stopped."""
        served = await self._of_environment(listens=listens)
        names = {lane.channel.lane for lane in served}
        kept = [one for one in await self.database.transact(identities.every) if one.name not in names]
        for identity in kept:
            credentials = await self._unlocked(identity)
            if credentials is not None:
                served.append(await self._kept(identity, credentials))
        if not served and not kept and not self.settings.slack_client_id:
            raise NotReady(
                "No channel is on: set BOT_TELEGRAM_TOKEN or BOT_SLACK_BOT_TOKEN (see .env.example), add a bot"
                " (`tenggat identity add`), or try `tenggat demo`, which needs none."
            )
        return await registered(served, self.database, self.clock)

    async def telegram_inbounds(self) -> list[TelegramInbound]:
        """The receiving side of every Telegram bot, open."""
        found = []
        if token := self.settings.telegram_token:
            found.append(await self._telegram_inbound(token))
        names = {inbound.identity for inbound in found}
        for _, credentials in await self._others(ChannelName.TELEGRAM, names):
            found.append(await self._telegram_inbound(credentials.token))
        return found

    async def slack_doors(self) -> list[SlackDoor]:
        """The receiving side of every workspace, open."""
        found, usual = [], self.settings.slack_signing_secret
        if self.settings.slack_bot_token:
            own = environment_slack(self.settings)
            inbound = await self._slack_inbound(await self._environment_team(), own, own.token)
            found.append(SlackDoor(inbound, usual))
        names = {door.inbound.identity for door in found}
        for identity, credentials in await self._others(ChannelName.SLACK, names):
            tokens = self._tokens(identity, credentials)
            inbound = await self._slack_inbound(identity.workspace or "", credentials, tokens)
            found.append(SlackDoor(inbound, credentials.signing_secret or usual))
        return found

    async def _of_environment(self, *, listens: bool) -> list[Lane]:
        served = []
        if token := self.settings.telegram_token:
            served.append(await self._telegram(token))
        if self.settings.slack_bot_token:
            credentials = environment_slack(self.settings)
            team = None if listens else await _known_team(self.database, credentials.token)
            served.append(await self._slack(credentials, credentials.token, team=team, listens=True))
        return served

    async def _kept(self, identity: Identity, credentials: Credentials) -> Lane:
        if identity.channel is ChannelName.TELEGRAM:
            return await self._telegram(credentials.token)
        listens, tokens = bool(credentials.app_token), self._tokens(identity, credentials)
        return await self._slack(credentials, tokens, team=identity.workspace, listens=listens)

    def _tokens(self, identity: Identity, credentials: Credentials) -> str | Tokens:
        if not credentials.refresh_token:
            return credentials.token
        return RenewedToken(self.settings, self.database, identity, credentials, clock=self.clock)

    async def _others(self, channel: ChannelName, names: set[str]) -> list[tuple[Identity, Credentials]]:
        found = []
        for identity in await self.database.transact(identities.every):
            if identity.channel is channel and identity.name not in names:
                credentials = await self._unlocked(identity)
                if credentials is not None:
                    found.append((identity, credentials))
        return found

    async def _unlocked(self, identity: Identity) -> Credentials | None:
        try:
            return vault.unlock(self.settings.secret_key.encode(), identity.locked, name=identity.name)
        except CannotUnlock as error:
            logger.error(
                "an identity is not served: %s", error, extra={"lane": identity.name}
            )  # the reason is whole
            await self.database.transact(_stop, identity.name, now=self.clock.now())
            return None

    async def _telegram(self, token: str) -> Lane:
        settings = self.settings
        channel = TelegramChannel(token, clock=self.clock, api=settings.telegram_api)
        await self.stack.enter_async_context(channel)
        inbound = await self._telegram_inbound(token)
        paid = settings.telegram_paid_rate
        return Lane(channel, settings.telegram_rate, token, inbound, paid, secrets=(token,))

    async def _telegram_inbound(self, token: str) -> TelegramInbound:
        return await self.stack.enter_async_context(
            TelegramInbound(
                token,
                clock=self.clock,
                api=self.settings.telegram_api,
                not_saved=lambda language: plain_words.not_saved(self.speaking.words(language, None)),
            )
        )

    async def _slack(
        self, credentials: Credentials, tokens: str | Tokens, *, team: str | None, listens: bool
    ) -> Lane:
        channel = SlackChannel(tokens, api=self.settings.slack_api, team=team)
        await self.stack.enter_async_context(channel)
        inbound = await self._slack_inbound(await channel.identify(), credentials, tokens)
        return Lane(
            channel,
            self.settings.slack_rate,
            credentials.token,
            inbound,
            listens=listens,
            secrets=credentials.secrets(),
        )

    async def _slack_inbound(self, team: str, credentials: Credentials, tokens: str | Tokens) -> SlackInbound:
        return await self.stack.enter_async_context(
            SlackInbound(
                team=team,
                bot_token=tokens,
                app_token=credentials.app_token,
                clock=self.clock,
                api=self.settings.slack_api,
                not_saved=plain_words.not_saved(self.speaking.words(None, None)),
                desk=self.desk,
            )
        )

    async def _environment_team(self) -> str:
        """The workspace of the environment's token: as it is known here, else as Slack says."""
        token = self.settings.slack_bot_token
        lane = await self.database.transact(lanes.served_by, hint(token))
        known = lane.partition(":")[2] if lane else None
        channel = SlackChannel(token, api=self.settings.slack_api, team=known)
        return await (await self.stack.enter_async_context(channel)).identify()


async def registered(served: Sequence[Lane], database: Database, clock: Clock) -> list[Lane]:
    """The lanes, each known to the database and not stopped."""
    for lane in served:
        await database.transact(
            lanes.register, lane.channel.lane, token_hint=hint(lane.token), now=clock.now()
        )
    return list(served)


async def _known_team(database: Database, token: str) -> str | None:
    """The workspace that this token served last, or the only one that recipients are in."""
    lane = await database.transact(lanes.served_by, hint(token))
    lane = lane or await database.transact(lanes.only_slack)
    return lane.partition(":")[2] if lane else None


def _stop(session: Session, name: str, *, now: datetime) -> None:
    lanes.register(session, name, now=now)
    lanes.stop(session, name, why="its token cannot be decrypted")
