"""A fake Slack: Web API, Socket Mode and events over HTTP, on real loopback sockets."""

from bot.sandbox.slack.fake import FakeSlack
from bot.sandbox.slack.issued import Issued, Kind
from bot.sandbox.slack.messages import SentButton, SentMessage
from bot.sandbox.slack.rates import Limits, Rate
from bot.sandbox.slack.socket_mode import Goodbye
from bot.sandbox.slack.workspace import NightRest, Person

__all__ = [
    "FakeSlack",
    "Goodbye",
    "Issued",
    "Kind",
    "Limits",
    "NightRest",
    "Person",
    "Rate",
    "SentButton",
    "SentMessage",
]
