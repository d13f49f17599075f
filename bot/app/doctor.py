"""The doctor: looks at an installation and says, of each thing that is wrong, what mends it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final
from zoneinfo import ZoneInfo

from bot import i18n, resources
from bot.app.enrolling import opens
from bot.app.observing import OTEL, SENTRY
from bot.channels.outside import NEWEST, outside
from bot.channels.slack import checkup as slack
from bot.channels.telegram import checkup as telegram
from bot.clock import SystemClock
from bot.config import Settings
from bot.domain import vault
from bot.domain.check import Check
from bot.domain.identity import Identity, masked
from bot.domain.recipient import ChannelName
from bot.domain.roles import Act, may
from bot.exceptions import CannotUnlock, TenggatError
from bot.store import durability, identities, lanes, restores, staff
from bot.store.database import Database, Session

SETTINGS: Final = "the settings can be read"
DATABASE: Final = "the database answers and is up to date"
ANY_ZONE: Final = "Asia/Jakarta"


async def examine(environ: Mapping[str, str], *, online: bool) -> Sequence[Check]:
    """Every check of this environment, in the order in which one mends things. `online` asks the platforms."""
    try:
        settings = Settings.from_environment(environ)
    except TenggatError as error:
        return [Check(SETTINGS, str(error))]
    kept = _kept_identities(settings)
    checks = [
        Check(SETTINGS),
        *_settings(settings),
        _channel(settings, kept),
        *_shipped(),
        *_database(settings),
    ]
    checks += _identities(settings, kept)
    checks.append(await _checkpoints(settings))
    if online:
        checks += await _platforms(settings)
        checks += await _others(settings, kept)
    return checks


def _settings(settings: Settings) -> Iterator[Check]:
    yield _set(
        "buttons and links can be signed", settings.secret_key, "BOT_SECRET_KEY", "openssl rand -hex 32"
    )
    yield _set(
        "people are told who writes to them", settings.operator, "BOT_OPERATOR", "your name and contact"
    )
    if settings.slack_bot_token:
        hears = settings.slack_app_token or settings.slack_signing_secret
        fix = "set BOT_SLACK_APP_TOKEN (Socket Mode), or BOT_SLACK_SIGNING_SECRET for `tenggat web`"
        yield Check("Slack can hand us what people do", None if hears else fix)
    if settings.slack_client_id:
        needed = {
            "BOT_SLACK_CLIENT_SECRET": settings.slack_client_secret,
            "BOT_SLACK_SIGNING_SECRET": settings.slack_signing_secret,
            "BOT_BASE_URL": settings.base_url,
        }
        missing = [name for name, value in needed.items() if not value]
        install = f"set {', '.join(missing)} for `tenggat web`" if missing else None
        yield Check("workspaces can install the Slack app", install)
    if settings.effects_url:
        yield _set(
            "what goes to BOT_EFFECTS_URL is signed",
            settings.effects_secret,
            "BOT_EFFECTS_SECRET",
            "a secret",
        )
    yield from (extra.check() for extra in (OTEL, SENTRY) if extra.setting(settings))


def _channel(settings: Settings, kept: Sequence[Identity]) -> Check:
    has_channel = settings.telegram_token or settings.slack_bot_token or kept
    fix = 'set BOT_TELEGRAM_TOKEN or BOT_SLACK_BOT_TOKEN (README, "Go live"), or `tenggat identity add`'
    return Check("a channel is on", None if has_channel else fix)


def _kept_identities(settings: Settings) -> Sequence[Identity]:
    """Those beside the environment's; none while the database does not tell."""
    with suppress(TenggatError), Database(settings.database_url, clock=SystemClock()) as database:
        database.require_migrated()
        return database.read(identities.every)
    return ()


def _identities(settings: Settings, kept: Sequence[Identity]) -> Iterator[Check]:
    """Of each whether its token can be decrypted, and whether all addresses belong to one that is there."""
    key = settings.secret_key.encode()
    for identity in kept:
        again = f"set the BOT_SECRET_KEY it was added with, or `tenggat identity add {identity.channel} --replace`"
        yield Check(
            f"the token of {masked(identity.name)} can be decrypted", None if opens(key, identity) else again
        )
    with suppress(TenggatError), Database(settings.database_url, clock=SystemClock()) as database:
        database.require_migrated()
        lost = database.read(identities.homeless)
        told = ", ".join(f"{masked(name)} ({count})" for name, count in lost.items())
        fix = f"nobody writes as {told}: `tenggat identity add`, or import them with another telegram_bot"
        yield Check("every address belongs to a bot that is known", fix if lost else None)


async def _others(settings: Settings, kept: Sequence[Identity]) -> list[Check]:
    """What the platforms say of the identities beside the environment's."""
    checks: list[Check] = []
    for identity in kept:
        try:
            held = vault.unlock(settings.secret_key.encode(), identity.locked, name=identity.name)
        except CannotUnlock:  # which is told already
            continue
        if identity.channel is ChannelName.TELEGRAM:
            found = await telegram.checkup(held.token, api=settings.telegram_api, base_url=settings.base_url)
        else:
            found = await slack.checkup(held.token, app_token=held.app_token, api=settings.slack_api)
        checks += [replace(check, name=f"{masked(identity.name)}, {check.name}") for check in found]
    return checks


def _set(name: str, value: str, variable: str, how: str) -> Check:
    return Check(name, None if value else f"set {variable} ({how})")


def _shipped() -> Iterator[Check]:
    try:
        ZoneInfo(ANY_ZONE)
        i18n.Catalogs.load(resources.locales())
    except (OSError, LookupError, TenggatError) as error:
        yield Check("time zones and catalogs are there", f"install Tenggat again ({error})")
    else:
        yield Check("time zones and catalogs are there")


def _database(settings: Settings) -> Iterator[Check]:
    with Database(settings.database_url, clock=SystemClock()) as database:
        try:
            database.require_migrated()
        except TenggatError as error:
            yield Check(DATABASE, str(error))
            return
        yield Check(DATABASE)
        yield from database.read(_kept)


def _kept(session: Session) -> list[Check]:
    weak = durability.weaknesses(session)
    fix = f"{', '.join(weak)}: give the database back its safe setting, else answers can be lost with the machine"
    members = staff.every(session)
    can_approve = not members or any(may(member.role, Act.APPROVE) for member in members)
    appoint = "tenggat staff add NAME approver slack:TEAM:USER (or telegram:ID)"
    stopped = [
        Check(f"the lane {lane} sends", f"stopped ({why}): mend that, then start `tenggat up` again")
        for lane, why in lanes.stopped(session)
    ]
    held = restores.held_since(session)
    released = f"held since the restore of {held}: `tenggat ledger release`, once you mean it"
    return [
        Check("sends are not held after a restore", released if held else None),
        Check("an answer that is stored is on the disk", fix if weak else None),
        Check("somebody of the staff may approve a campaign", None if can_approve else appoint),
        *stopped,
    ]


async def _checkpoints(settings: Settings) -> Check:
    name = "checkpoints go outside the database too"
    place = outside(settings.checkpoints)
    if place is None:
        return Check(name, "set BOT_CHECKPOINTS to a folder on another disk, or to an address that takes PUT")
    try:
        await place.get(NEWEST)
    except TenggatError as error:
        return Check(name, str(error))
    return Check(name)


async def _platforms(settings: Settings) -> list[Check]:
    checks: list[Check] = []
    if settings.telegram_token:
        checks += await telegram.checkup(
            settings.telegram_token, api=settings.telegram_api, base_url=settings.base_url
        )
    if settings.slack_bot_token:
        checks += await slack.checkup(
            settings.slack_bot_token, app_token=settings.slack_app_token, api=settings.slack_api
        )
        checks.append(_messages_tab(settings))
    return checks


def _messages_tab(settings: Settings) -> Check:
    """Slack tells of a missing Messages tab only when it refuses a message: the lane has stopped by then."""
    name, refused = "Slack: people can write to the app (Messages tab)", False
    with suppress(TenggatError), Database(settings.database_url, clock=SystemClock()) as database:
        database.require_migrated()
        refused = any(
            lane.startswith(f"{ChannelName.SLACK}:") and "messages_tab" in why
            for lane, why in database.read(lanes.stopped)
        )
    fix = 'switch the Messages tab on in the app\'s "App Home", as slack/manifest.yaml does, and start again'
    return Check(name, fix if refused else None)
