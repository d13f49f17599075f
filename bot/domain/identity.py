"""Identities: the bots and apps under whose names people are written to, and what they sign in with."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain.recipient import ChannelName

LIVES = timedelta(
    hours=12, minutes=5
)  # at most, of a token of Slack's that is rotated: docs.slack.dev, "Using token rotation"
REFRESH_BEFORE = timedelta(hours=2)  # so that it is renewed in good time
SHOWN = 4  # characters of a number or an id


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an identity signs in with. `app_token` and `signing_secret` are Slack's, for the ways in which updates
    come; with a `refresh_token` the token ends at an instant and is replaced."""

    token: str = field(repr=False)
    app_token: str = field(default="", repr=False)
    signing_secret: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)

    def secrets(self) -> tuple[str, ...]:
        """Every text that must not appear in a log, a page or an error."""
        told = (self.token, self.app_token, self.signing_secret, self.refresh_token)
        return tuple(text for text in told if text)


@dataclass(frozen=True, slots=True)
class Identity:
    """A bot or an app beside those of the environment: `name` is that of its lane, `telegram:<bot number>` or
    `slack:<team id>`. Its credentials are `locked`; an installed one came by OAuth, for the app `app`."""

    name: str
    added_at: datetime
    added_by: str
    locked: bytes = field(repr=False)
    label: str | None = None  # what the platform calls the bot, or the workspace
    app: str | None = None
    expires_at: datetime | None = None

    @property
    def channel(self) -> ChannelName:
        return channel_of(self.name)

    @property
    def workspace(self) -> str | None:
        """The Slack workspace; None on Telegram, which has none."""
        return workspace_of(self.name)

    def is_stale(self, now: datetime) -> bool:
        """Whether its token has to be replaced now: it ends soon, or the clock was set back since it was got, and
        nobody knows when it ends."""
        if self.expires_at is None:
            return False
        return not REFRESH_BEFORE < self.expires_at - now <= LIVES


def channel_of(name: str) -> ChannelName:
    """The platform of an identity, by its name."""
    return ChannelName(name.partition(":")[0])


def workspace_of(name: str) -> str | None:
    """The Slack workspace of an identity, by its name."""
    return name.partition(":")[2] if channel_of(name) is ChannelName.SLACK else None


def masked(name: str) -> str:
    """The name as it is shown: enough to tell it from the others."""
    channel, _, rest = name.partition(":")
    return f"{channel}:{rest}" if len(rest) <= SHOWN else f"{channel}:…{rest[-SHOWN:]}"
