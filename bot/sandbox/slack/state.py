"""Everything that the fake Slack knows, as the methods of its Web API find it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.sandbox.slack.hooks import Hooks
from bot.sandbox.slack.messages import Json
from bot.sandbox.slack.rates import Limits, Meters
from bot.sandbox.slack.workspace import Workspace

SCOPES = (
    "channels:history",
    "chat:write",
    "commands",
    "dnd:read",
    "files:write",
    "im:history",
    "im:read",
    "im:write",
    "team:read",
    "users:read",
    "users:read.email",
)


@dataclass(frozen=True, slots=True)
class View:
    """A modal that is open, with the errors shown in it, or the app's Home of one person."""

    id: str
    user: str
    hash: str
    body: Json
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_home(self) -> bool:
        return self.body.get("type") == "home"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way in; its content is there once it was sent."""

    id: str
    name: str
    size: int
    described: str = ""  # what a picture shows, for who cannot see it
    content: bytes = b""


@dataclass(slots=True, eq=False)
class Slack:
    """The state behind the Web API.

    `dead` is the error with which a dead installation answers everything. `restricts_history` is the mode
    for apps sold outside the Marketplace: one call a minute, fifteen messages. `forgets_metadata` is an
    installation in which messages come back without what the app told of them.
    """

    workspace: Workspace
    limits: Limits | None
    hooks: Hooks = field(default_factory=Hooks)
    meters: Meters = field(default_factory=Meters)
    scopes: tuple[str, ...] = SCOPES
    views: dict[str, View] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    tickets: set[str] = field(default_factory=set)
    codes: set[str] = field(default_factory=set)  # of sign-ins that wait for oauth.v2.access
    redirects: dict[str, str] = field(default_factory=dict)  # code → where it went: asked for again with it
    client_id: str = "1.2"
    client_secret: str | None = None  # None: any will do
    rotates: bool = False  # the app's tokens end, and are replaced
    declines: bool = False  # who is asked to agree to the app does not
    whole_organization: bool = False  # who agrees installs the app for all of it, and in no workspace
    grants: dict[str, str] = field(default_factory=dict)  # refresh token → access token
    dead_tokens: dict[str, str] = field(default_factory=dict)  # token → the error that it meets
    dead: str | None = None
    restricts_history: bool = False
    forgets_metadata: bool = False
    to_deactivated: str = "channel_not_found"  # what a post by user id meets; Slack does not document it
    base_url: str = "http://127.0.0.1"

    @property
    def now(self) -> datetime:
        return self.workspace.clock.now()

    def new_code(self, redirect: str) -> str:
        """A code that is good once, for whoever shows that it came back to the same place."""
        code = f"code-{len(self.redirects) + 1}"
        self.codes.add(code)
        self.redirects[code] = redirect
        return code

    def modal_of(self, user_id: str) -> View | None:
        """The modal that the person has before them."""
        theirs = [view for view in self.views.values() if view.user == user_id and not view.is_home]
        return theirs[-1] if theirs else None

    def home_of(self, user_id: str) -> View | None:
        return self.views.get(home_id(user_id))


def home_id(user_id: str) -> str:
    """The id of a person's Home view."""
    return f"VHOME{user_id}"
