"""Upkeep, wired: what keeps the ledger sealed, other systems told, and nothing for too long."""

from collections.abc import Mapping

from bot.campaigns.effects import Effects
from bot.campaigns.guarding import Guarding
from bot.campaigns.retention import Retention
from bot.campaigns.sealing import Sealer
from bot.campaigns.upkeep import Upkeep
from bot.campaigns.watching import Watching
from bot.channels.outside import outside
from bot.channels.webhook import Webhook
from bot.clock import Clock
from bot.config import Settings
from bot.conversation.following import Following
from bot.conversation.person import Speaking
from bot.domain.checkpoint import Signer
from bot.domain.retention import Periods
from bot.i18n import rest_days
from bot.store.database import Database


async def open_upkeep(
    settings: Settings, database: Database, clock: Clock, speaking: Speaking, *, jumps: bool
) -> Mapping[str, Upkeep]:
    """Everything of the kind, by the name of its job. Raise `LedgerForked` when the ledger contradicts the
    last checkpoint that was put outside."""
    sealer = sealing(settings, database, clock, inline=jumps)
    await sealer.compare()
    cleaner = Retention(database, periods_of(settings), clock=clock)
    following = Following(database, speaking, clock=clock, rest_days=rest_days)
    upkeep: dict[str, Upkeep] = {
        "seal": sealer,
        "retention": cleaner,
        "guard": Guarding(database, clock=clock),
        "cards": following,
    }
    if settings.staff_channel:  # else there is nobody to tell
        upkeep["watch"] = Watching(database, sealer, clock=clock)
    if settings.effects_url:
        settings.require("BOT_EFFECTS_SECRET", purpose="Signing what goes to BOT_EFFECTS_URL")
        receiver = Webhook(settings.effects_url, settings.effects_secret, clock=clock)
        upkeep["effects"] = Effects(database, receiver, clock=clock)
    return upkeep


def periods_of(settings: Settings) -> Periods:
    """For how long things are kept."""
    return Periods(words=settings.retention_days, staff=settings.audit_days)


def sealing(settings: Settings, database: Database, clock: Clock, *, inline: bool = False) -> Sealer:
    """What seals the ledger."""
    return Sealer(
        database,
        Signer.from_secret(settings.secret_key.encode()),
        clock=clock,
        outside=outside(settings.checkpoints, inline=inline),
    )
