"""Days of rest: who is left in peace on them."""

from bot.domain.calendar import NO_REST
from bot.domain.recipient import ChannelName
from bot.store.claims import RestDays as RestDays


def rest_for(channel: ChannelName, zone: str, rest_days: RestDays) -> frozenset[int]:
    """Slack keeps the days of rest of the zone's territory, Telegram none."""
    return rest_days(zone) if channel is ChannelName.SLACK else NO_REST
