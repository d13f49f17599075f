"""The demo's page: a visitor watches the campaign and is some of its people."""

from bot.sandbox.page.pace import Pace
from bot.sandbox.page.server import Page

__all__ = ["Pace", "Page"]
