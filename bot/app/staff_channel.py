"""The staff channel, wired: where it is, and what is told there."""

from collections.abc import Mapping, Sequence
from datetime import time

from bot.app.identities import Lane
from bot.campaigns.upkeep import Upkeep
from bot.clock import Clock
from bot.config import Settings
from bot.conversation.alerting import Alerting
from bot.conversation.daily_report import DailyReport
from bot.conversation.person import Speaking
from bot.conversation.progress import Progress
from bot.domain.recipient import Address, ChannelName
from bot.exceptions import MissingSettings
from bot.store.bulletins import Place
from bot.store.database import Database

TOKENS = {ChannelName.TELEGRAM: "BOT_TELEGRAM_TOKEN", ChannelName.SLACK: "BOT_SLACK_BOT_TOKEN"}


def staff_upkeep(
    settings: Settings, database: Database, clock: Clock, speaking: Speaking, served: Sequence[Lane]
) -> Mapping[str, Upkeep]:
    """What tells staff of things, by the name of its job; nothing when there is no staff channel."""
    places = staff_places(settings, [lane.channel.lane for lane in served])
    if not places:
        return {}
    rates = {lane.channel.lane: lane.rate for lane in served}
    locale = settings.staff_locale
    told: dict[str, Upkeep] = {
        "progress": Progress(database, speaking, places, rates, locale=locale, clock=clock),
        "alerting": Alerting(database, speaking, places, locale=locale, clock=clock),
    }
    if settings.report_at:
        told["report"] = DailyReport(
            database, speaking, places, at=time.fromisoformat(settings.report_at), locale=locale, clock=clock
        )
    return told


def staff_places(settings: Settings, lanes: Sequence[str]) -> Sequence[Place]:
    """Where BOT_STAFF_CHANNEL says; raise `MissingSettings` when a platform that it names is off."""
    places = []
    for named in settings.staff_channel.split():
        channel, _, external = named.partition(":")
        lane = next((lane for lane in lanes if lane.startswith(f"{channel}:")), None)
        if lane is None:
            purpose = f"Telling staff in {named} (BOT_STAFF_CHANNEL)"
            raise MissingSettings([TOKENS[ChannelName(channel)]], purpose)
        places.append(Place(lane, _address(ChannelName(channel), external, lane)))
    return places


def _address(channel: ChannelName, external: str, lane: str) -> Address:
    if channel is ChannelName.TELEGRAM:
        return Address(channel, external)
    return Address(channel, external, workspace=lane.partition(":")[2], conversation=external)
