"""The composition root: the one place that knows every floor."""

from bot.app.opening import Reception, opened, planning, receiving
from bot.app.serving import App

__all__ = ["App", "Reception", "opened", "planning", "receiving"]
