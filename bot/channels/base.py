"""The seam to a platform: what goes out, what comes in, and nothing of any vendor."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.domain.delivery import Outcome
from bot.domain.form import FilledIn, Form, FormAnswer
from bot.domain.message import Document, Message, Surface, Verb
from bot.domain.recipient import Address, ChannelName
from bot.domain.update import Update


@dataclass(frozen=True, slots=True)
class Post:
    """One message on its way.

    `tokens` holds the signed data of each button. `edits` is the platform's id of the message that this
    one replaces (None: a new one); `response_url` is where Slack takes an answer to a command that only
    its author sees. With a `document` the message is what is said about the file. `paid`: on Telegram it may
    be paid for, so that more of them may go out in a second.
    """

    delivery: int
    message: Message
    to: Address
    tokens: Mapping[Verb, str]
    edits: str | None = None
    response_url: str | None = None
    document: Document | None = None
    surface: Surface = Surface.CHAT
    paid: bool = False


class Channel(Protocol):
    """A way to reach people under one bot identity."""

    @property
    def name(self) -> ChannelName: ...

    @property
    def lane(self) -> str:
        """The sending budget that this identity has: `telegram:<bot number>`, `slack:<team id>`."""

    async def send(self, post: Post) -> Outcome:
        """Hand one message over, or edit one, and say what became of it; raise only for bugs."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who did something on a platform, and where."""

    channel: ChannelName
    external: str
    workspace: str | None = None
    conversation: str | None = None
    handle: str | None = None
    language: str | None = None  # as the platform says, an IETF tag
    private: bool = True  # False in groups and channels

    @property
    def key(self) -> str:
        """The same string as the `Address.key` of this person's address."""
        return Address(self.channel, self.external, self.workspace).key


@dataclass(frozen=True, slots=True)
class Tap:
    """A button was pressed; `message` is the platform's id of the message that it stands under.

    `at_home`: it stands on the person's own page, which is no message. `response_url`: where Slack takes an
    answer that only this person sees.
    """

    sender: Sender
    data: str
    message: str | None
    at_home: bool = False
    response_url: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """Words in a chat; `text` is empty for voice, stickers and pictures."""

    sender: Sender
    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command, without its slash; `response_url` where Slack wants the answer."""

    sender: Sender
    name: str
    words: tuple[str, ...] = ()
    response_url: str | None = None


class ReachChange(StrEnum):
    """What a person or a platform did to our way to them."""

    OPENED = "opened"
    BLOCKED = "blocked"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class ReachChanged:
    """The way to a person opened or closed."""

    sender: Sender
    change: ReachChange


@dataclass(frozen=True, slots=True)
class HomeOpened:
    """The person looks at their own page in the app."""

    sender: Sender


Event = Tap | Said | Command | ReachChanged | HomeOpened


@dataclass(frozen=True, slots=True)
class Submission:
    """A page of a form that somebody sent off; `carried` is what the page was given to bring back. Nothing of
    it is known to be true but who sent it. `update` is the same, to keep."""

    sender: Sender
    name: str
    carried: str
    said: FilledIn
    update: Update


class FormDesk(Protocol):
    """What stands behind the forms of a platform that waits while they are filled in."""

    async def asked(self, command: Command) -> Form | None:
        """The form that the command asks for; None when it asks for none, or not by somebody who may."""

    async def submitted(self, submission: Submission) -> FormAnswer:
        """The next page, or what is wrong with this one. At the end everything is stored before it returns."""


class Inbound(Protocol):
    """The receiving side of one bot identity."""

    @property
    def identity(self) -> str:
        """The same name as the lane's."""

    def updates(self) -> AsyncIterator[Sequence[Update]]:
        """Batches of updates, as they come. Asking for the next batch says OK to the one before."""

    async def tapped(self, update: Update, *, saved: bool) -> None:
        """Tell the platform that a tap was taken; if it was not `saved`, show the person that."""

    async def read(self, body: str) -> Sequence[Event]:
        """What a stored update says; empty when it says nothing to us. Raise only on a poisoned one."""
