"""The composition root: the one place that knows every floor."""

from bot.app.identities import Lane
from bot.app.opening import Reception, opened, planning, receiving
from bot.app.serving import App, other_identities

__all__ = ["App", "Lane", "Reception", "opened", "other_identities", "planning", "receiving"]
