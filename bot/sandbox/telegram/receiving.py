"""Methods about updates: fetching them, and the webhook."""

import re
from collections.abc import Iterable
from datetime import timedelta
from random import Random
from urllib.parse import urlsplit

from bot.sandbox.telegram.arguments import Arguments
from bot.sandbox.telegram.chats import Json
from bot.sandbox.telegram.replies import Described, Refusal, bad_request, too_many_requests
from bot.sandbox.telegram.webhook import Webhook, WebhookSettings
from bot.sandbox.telegram.world import Call, World

WEBHOOK_ACTIVE = (
    "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)
SECRET = re.compile(r"[A-Za-z0-9_-]*")
MAX_SECRET = 256
DEFAULT_CONNECTIONS = 40
MAX_CONNECTIONS = 100
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})  # where plain HTTP will do, as nothing travels
SET_AT_MOST_EVERY = timedelta(seconds=1)


async def get_updates(world: World, call: Call) -> list[Json]:
    if world.webhook is not None:
        raise Refusal(409, WEBHOOK_ACTIVE)
    arguments = call.arguments
    _choose_allowed(world, arguments)
    updates = await world.updates.fetch(
        arguments.integer("offset"), arguments.integer("limit", 100), arguments.integer("timeout"), call.hold
    )
    return [update.as_json() for update in updates]


async def set_webhook(world: World, call: Call) -> Described:
    if not call.arguments.text("url"):
        return await delete_webhook(world, call)
    settings = _read_settings(call.arguments)
    _slow_down(world)
    _choose_allowed(world, call.arguments)
    if call.arguments.flag("drop_pending_updates"):
        world.updates.drop(world.updates.pending.values())
    call.accepted(world)
    if world.webhook is not None and world.webhook.settings == settings:
        return Described("Webhook is already set")
    await _close(world)
    # The waits between tries differ in reality; here they are the same in every run.
    world.webhook = Webhook(settings, world.updates, world.clock, world.faults, Random(0))
    world.updates.delivered_to(world.webhook.push)
    return Described("Webhook was set")


async def delete_webhook(world: World, call: Call) -> Described:
    if call.arguments.flag("drop_pending_updates"):
        world.updates.drop(world.updates.pending.values())
    call.accepted(world)
    if world.webhook is None:
        return Described("Webhook is already deleted")
    await _close(world)
    return Described("Webhook was deleted")


async def get_webhook_info(world: World, call: Call) -> Json:
    webhook = world.webhook
    info: Json = {
        "url": webhook.settings.url if webhook else "",
        "has_custom_certificate": False,
        "pending_update_count": len(world.updates.pending),
    }
    if webhook is not None:
        info["ip_address"] = "127.0.0.1"
        info["max_connections"] = webhook.settings.max_connections
        if webhook.last_error_at is not None:
            info["last_error_date"] = int(webhook.last_error_at.timestamp())
            info["last_error_message"] = webhook.last_error
    if world.updates.allowed:
        info["allowed_updates"] = sorted(world.updates.allowed)
    return info


def _read_settings(arguments: Arguments) -> WebhookSettings:
    url, secret = arguments.text("url"), arguments.text("secret_token")
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
    except ValueError as error:
        raise bad_request("bad webhook: invalid URL") from error
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise bad_request("bad webhook: invalid URL")
    if parts.scheme == "http" and parts.hostname not in LOCAL_HOSTS:
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if len(secret) > MAX_SECRET:
        raise bad_request("secret token is too long")
    if not SECRET.fullmatch(secret):
        raise bad_request("secret token contains unallowed characters")
    wished = arguments.integer("max_connections") or DEFAULT_CONNECTIONS
    return WebhookSettings(parts.geturl(), secret, min(max(wished, 1), MAX_CONNECTIONS))


def _slow_down(world: World) -> None:
    now = world.clock.now()
    if world.webhook_set_at is not None and now - world.webhook_set_at < SET_AT_MOST_EVERY:
        raise too_many_requests(1)
    world.webhook_set_at = now


def _choose_allowed(world: World, arguments: Arguments) -> None:
    """What the bot wants from now on; as before when it does not say."""
    wanted = arguments.structure("allowed_updates")
    if isinstance(wanted, Iterable):
        world.updates.allowed = frozenset(map(str, wanted))


async def _close(world: World) -> None:
    if world.webhook is not None:
        world.updates.delivered_to(None)
        await world.webhook.close()
        world.webhook = None
