"""Enrolling: identities are added beside those of the environment, told, and let go of."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from bot.app.environment import environment_names
from bot.channels.slack.client import SlackChannel
from bot.channels.telegram.name import bot_name
from bot.channels.telegram.transport import bot_number
from bot.config import Settings
from bot.domain import vault
from bot.domain.identity import Credentials, Identity, channel_of, masked, workspace_of
from bot.domain.recipient import ChannelName
from bot.exceptions import (
    AddressesLeft,
    AmbiguousIdentity,
    BadIdentityMove,
    BadToken,
    CannotUnlock,
    IdentityOfEnvironment,
    IdentityTaken,
    UnknownIdentity,
)
from bot.store import identities, staff
from bot.store.database import Database, Session

GIVEN: Final = "what was given"
FORMS: Final[Mapping[str, tuple[str, str]]] = {
    "telegram": (r"\d+:[A-Za-z0-9_-]+", "a token as @BotFather gives it: digits, a colon, letters"),
    "slack": (r"xox[be]\S+", "a bot token, which begins with xoxb-"),
    "app_token": (r"xapp-\S+", "an app-level token, which begins with xapp-"),
}


@dataclass(frozen=True, slots=True)
class Listed:
    """An identity as it is told: nothing of it signs in."""

    identity: str
    platform: str
    workspace: str | None
    label: str | None
    addresses: int
    decrypts: bool
    source: str

    def as_json(self) -> dict[str, object]:
        """The identity as scripts read it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Removed:
    """An identity that is gone, and how many addresses were moved or unlinked."""

    identity: str
    moved: int = 0
    unlinked: int = 0


async def add(
    settings: Settings,
    database: Database,
    channel: ChannelName,
    credentials: Credentials,
    *,
    by: str,
    replace: bool,
) -> Listed:
    """The platform knows the token, and it is kept, locked; `replace` gives a known identity another one."""
    settings.require("BOT_SECRET_KEY", purpose="Encrypting a token")
    _check_forms(channel, credentials)
    name, label = await _asked(settings, channel, credentials)
    if setting := (await environment_names(settings, database)).get(name):
        raise IdentityOfEnvironment(masked(name), setting)
    now = database.clock.now()
    key, nonce = settings.secret_key.encode(), secrets.token_bytes(vault.NONCE)
    locked = vault.lock(key, credentials, name=name, nonce=nonce)
    await database.transact(_put, Identity(name, now, by, locked, label), by=by, replace=replace, now=now)
    return next(one for one in await every(settings, database) if one.identity == masked(name))


async def every(settings: Settings, database: Database) -> list[Listed]:
    """Every identity, those of the environment first."""
    own = await environment_names(settings, database)
    kept = [one for one in await database.transact(identities.every) if one.name not in own]
    counts = await database.transact(identities.addresses)
    first = [_listed(name, None, counts, decrypts=True, source=setting) for name, setting in own.items()]
    if settings.slack_bot_token and not any(channel_of(name) is ChannelName.SLACK for name in own):
        slack, setting = (
            ChannelName.SLACK.value,
            "BOT_SLACK_BOT_TOKEN",
        )  # which workspace is told once it was up
        first.append(Listed(slack, slack, None, None, 0, decrypts=True, source=setting))
    key = settings.secret_key.encode()
    others = [
        _listed(one.name, one.label, counts, decrypts=opens(key, one), source="OAuth" if one.app else "added")
        for one in kept
    ]
    return [*first, *others]


async def remove(
    settings: Settings,
    database: Database,
    channel: ChannelName,
    said: str,
    *,
    move_to: str | None,
    unlink: bool,
    by: str,
) -> Removed:
    """The identity is gone, and its addresses belong to another, or can be written to no more."""
    own = await environment_names(settings, database)
    return await database.transact(
        _remove, own, channel, said, move_to=move_to, unlink=unlink, by=by, now=database.clock.now()
    )


def opens(key: bytes, identity: Identity) -> bool:
    """Whether the key decrypts the identity's token."""
    try:
        vault.unlock(key, identity.locked, name=identity.name)
    except CannotUnlock:
        return False
    return True


def _check_forms(channel: ChannelName, credentials: Credentials) -> None:
    """Each token looks like one; nothing of it is repeated."""
    given = {channel.value: credentials.token, "app_token": credentials.app_token}
    for what, text in given.items():
        pattern, expected = FORMS[what]
        if (text or what == channel.value) and not re.fullmatch(pattern, text, re.ASCII):
            raise BadToken(expected)


async def _asked(
    settings: Settings, channel: ChannelName, credentials: Credentials
) -> tuple[str, str | None]:
    """Who this is, as the platform says."""
    if channel is ChannelName.TELEGRAM:
        label = await bot_name(credentials.token, api=settings.telegram_api, held_by=GIVEN)
        return f"{channel}:{bot_number(credentials.token)}", label
    async with SlackChannel(credentials.token, api=settings.slack_api, held_by=GIVEN) as app:
        await app.identify()
        return app.lane, None


def _put(session: Session, identity: Identity, *, by: str, replace: bool, now: datetime) -> None:
    if not replace and identities.find(session, identity.name) is not None:
        raise IdentityTaken(masked(identity.name))
    identities.put(session, identity)
    _audit(session, "identity.add", identity.name, by=by, now=now)


def _remove(
    session: Session,
    own: Mapping[str, str],
    channel: ChannelName,
    said: str,
    *,
    move_to: str | None,
    unlink: bool,
    by: str,
    now: datetime,
) -> Removed:
    name = _named(session, own, channel, said)
    if name in own:
        raise IdentityOfEnvironment(masked(name), own[name])
    count, removed = identities.count_addresses(session, name), Removed(masked(name))
    if move_to is not None:
        target = _target(session, own, name, move_to)
        removed = Removed(masked(name), moved=identities.move_addresses(session, name, target))
    elif unlink:
        removed = Removed(masked(name), unlinked=identities.unlink_addresses(session, name, now=now))
    elif count:
        ways = "--unlink" if channel is ChannelName.SLACK else "--move-to NUMBER or --unlink"
        raise AddressesLeft(masked(name), count, ways)
    identities.remove(session, name, now=now)
    _audit(session, "identity.remove", name, by=by, now=now)
    return removed


def _named(session: Session, own: Mapping[str, str], channel: ChannelName, said: str) -> str:
    """The identity that was named, in full or by the end of its name as it is shown."""
    ending = said.removeprefix(f"{channel}:").removeprefix("\N{HORIZONTAL ELLIPSIS}")
    names = [*own, *(one.name for one in identities.every(session) if one.name not in own)]
    ours = [name for name in names if channel_of(name) is channel]
    whole = f"{channel}:{ending}"
    found = [whole] if whole in ours else [name for name in ours if ending and name.endswith(ending)]
    if not found:
        raise UnknownIdentity(whole, [masked(name) for name in names])
    if len(found) > 1:
        raise AmbiguousIdentity(ending, len(found))
    return found[0]


def _target(session: Session, own: Mapping[str, str], name: str, move_to: str) -> str:
    if workspace_of(name) is not None:
        raise BadIdentityMove(
            masked(name), move_to, "people of a workspace are known there only; use --unlink"
        )
    target = _named(session, own, ChannelName.TELEGRAM, move_to)
    if target == name:
        raise BadIdentityMove(masked(name), masked(target), "it is the same identity")
    return target


def _listed(
    name: str, label: str | None, counts: Mapping[str, int], *, decrypts: bool, source: str
) -> Listed:
    return Listed(
        identity=masked(name),
        platform=channel_of(name).value,
        workspace=workspace_of(name),
        label=label,
        addresses=counts.get(name, 0),
        decrypts=decrypts,
        source=source,
    )


def _audit(session: Session, act: str, name: str, *, by: str, now: datetime) -> None:
    staff.audit(session, actor=by, act=act, allowed=True, now=now, subject=masked(name))
