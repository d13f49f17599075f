"""Installations by OAuth: what is kept of them, and their tokens, replaced in good time by one process at a time."""

import logging
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from bot.app.environment import environment_names
from bot.channels.slack.installing import STATE_LIFE, Installed
from bot.channels.slack.tokens import renewed
from bot.clock import Clock, Rest
from bot.config import Settings
from bot.domain import vault
from bot.domain.identity import Credentials, Identity, masked
from bot.exceptions import IdentityOfEnvironment, IdentityTaken, TenggatError
from bot.store import identities, install_states, staff
from bot.store.database import Database, Session

BY: Final = "OAuth"
LOOK: Final = timedelta(milliseconds=250)  # in which what another process got is noticed
TRY_AGAIN: Final = timedelta(minutes=1)  # a token is replaced two hours before it ends
NO_SOONER: Final = timedelta(hours=1)  # is a token replaced again, however long Slack lets it live

logger = logging.getLogger(__name__)


class KeptInstallations:
    """`Installations` in the database, tokens locked."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        *,
        clock: Clock,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._random_bytes = random_bytes

    async def issue(self) -> str:
        state, now = self._random_bytes(32).hex(), self._clock.now()
        await self._database.transact(install_states.put, state, until=now + STATE_LIFE, now=now)
        return state

    async def consume(self, state: str) -> bool:
        return await self._database.transact(install_states.take, state, now=self._clock.now())

    async def save(self, installed: Installed) -> None:
        """The workspace is one of ours; raise when it is one already, by a token that somebody set or added."""
        name, now = installed.identity, self._clock.now()
        if setting := (await environment_names(self._settings, self._database)).get(name):
            raise IdentityOfEnvironment(masked(name), setting)
        credentials = Credentials(installed.token, refresh_token=installed.refresh_token)
        nonce = self._random_bytes(vault.NONCE)
        identity = Identity(
            name,
            now,
            BY,
            vault.lock(self._settings.secret_key.encode(), credentials, name=name, nonce=nonce),
            label=installed.label,
            app=installed.app,
            expires_at=None if installed.lifetime is None else now + installed.lifetime,
        )
        await self._database.transact(_put, identity, now=now)


class RenewedToken:
    """The token of an installed workspace (`Tokens`), which ends, and is replaced before it does."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        identity: Identity,
        credentials: Credentials,
        *,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._database = database
        self._identity = identity
        self._credentials = credentials
        self._clock = clock
        self._rest = Rest(clock)

    async def token(self) -> str:
        """The token that is good now. Trouble is logged, and the old one goes on as long as it lives."""
        while self._is_due():
            try:
                await self._replace()
            except TenggatError as error:
                logger.warning("a token was not replaced: %s", error, extra={"lane": self._identity.name})
                self._rest.begin(TRY_AGAIN)
        return self._credentials.token

    def _is_due(self) -> bool:
        return self._rest.is_over and self._identity.is_stale(self._clock.now())

    async def _replace(self) -> None:
        """The token is the one that this process got, or another did; else it is looked at again in a moment."""
        now = self._clock.now()
        stored = await self._database.transact(identities.get, self._identity.name)
        if stored.expires_at != self._identity.expires_at:
            self._identity, self._credentials = stored, self._unlocked(stored)
        elif await self._database.transact(identities.begin_renewal, stored, now=now):
            await self._renew(stored)
        else:
            await self._clock.sleep(LOOK)

    async def _renew(self, stored: Identity) -> None:
        try:
            after = await renewed(
                self._unlocked(stored).refresh_token,
                client_id=self._settings.slack_client_id,
                client_secret=self._settings.slack_client_secret,
                api=self._settings.slack_api,
            )
        except TenggatError:
            await self._database.transact(identities.give_up_renewal, stored.name)
            raise
        credentials = replace(self._unlocked(stored), token=after.token, refresh_token=after.refresh_token)
        key, nonce = self._settings.secret_key.encode(), secrets.token_bytes(vault.NONCE)
        locked = vault.lock(key, credentials, name=stored.name, nonce=nonce)
        ends = self._clock.now() + after.lifetime
        await self._database.transact(identities.renew, stored.name, locked=locked, expires_at=ends)
        self._identity, self._credentials = replace(stored, locked=locked, expires_at=ends), credentials
        self._rest.begin(NO_SOONER)
        logger.info("token replaced", extra={"lane": stored.name})

    def _unlocked(self, stored: Identity) -> Credentials:
        return vault.unlock(self._settings.secret_key.encode(), stored.locked, name=stored.name)


def _put(session: Session, identity: Identity, *, now: datetime) -> None:
    before = identities.find(session, identity.name)
    if before is not None and before.app is None:
        raise IdentityTaken(masked(identity.name))
    identities.put(session, identity)
    subject = masked(identity.name)
    staff.audit(session, actor=BY, act="identity.install", allowed=True, now=now, subject=subject)
