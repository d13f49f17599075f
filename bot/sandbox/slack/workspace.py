"""The fake workspace: who is in it, which conversations there are, and what stands in them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from bot.clock import Clock
from bot.sandbox.slack.messages import ChannelMessage, Json

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
PERSON_ID = re.compile(r"[UW][A-Za-z0-9_-]+")
CHANNEL_ID = re.compile(r"[CG][A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class App:
    """The one app that is installed here, and where."""

    team: str
    bot_user: str
    bot_id: str
    app_id: str
    name: str = "bot"
    team_name: str = "Sandbox"
    domain: str = "sandbox"


class NightRest(NamedTuple):
    """Do not disturb: from one hour of the person's day to another."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Person:
    """A member of the workspace."""

    id: str
    name: str = ""
    email: str | None = None
    zone: str = "Asia/Jakarta"
    locale: str = "en-US"
    is_admin: bool = False
    deleted: bool = False
    rest: NightRest | None = None

    @property
    def handle(self) -> str:
        return (self.name or self.id).lower().replace(" ", ".")


class Stamps:
    """Timestamps that are unique and grow: the clock's time, moved on where that has been used.

    Each conversation has its own, so that what happens in one never changes an id in another.
    """

    def __init__(self) -> None:
        self._last = 0

    def next(self, now: datetime) -> str:
        self._last = max((now - EPOCH) // MICROSECOND, self._last + 1)
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"


@dataclass(slots=True, eq=False)
class Conversation:
    """A channel, or the direct message between the app and one person."""

    id: str
    user: str | None = None  # a direct message's person
    name: str = "directmessage"
    created: int = 0
    members: set[str] = field(default_factory=set)
    is_archived: bool = False
    is_open: bool = False
    messages: dict[str, ChannelMessage] = field(default_factory=dict)
    ephemerals: dict[str, ChannelMessage] = field(default_factory=dict)
    stamps: Stamps = field(default_factory=Stamps)

    @property
    def is_direct(self) -> bool:
        return self.user is not None

    def newest_first(self) -> Iterator[ChannelMessage]:
        return reversed(self.messages.values())

    def put(self, message: ChannelMessage) -> None:
        """The message stands here, in its own place if it stood here before."""
        shelf = self.ephemerals if message.seen_by else self.messages
        shelf[message.ts] = message


class Workspace:
    """People, conversations and messages. With `everyone_present` any well-formed id is there when named."""

    def __init__(self, clock: Clock, app: App, *, everyone_present: bool) -> None:
        self.clock = clock
        self.app = app
        self.everyone_present = everyone_present
        self.people: dict[str, Person] = {}
        self.conversations: dict[str, Conversation] = {}
        self.messages_tab_is_on = True
        self.home_tab_is_on = True

    # people

    def add(self, people: Iterable[Person]) -> None:
        self.people.update((person.id, person) for person in people)

    def person(self, user_id: str) -> Person | None:
        """Who this is; None if nobody here has the id."""
        if person := self.people.get(user_id):
            return person
        if not self.everyone_present or not PERSON_ID.fullmatch(user_id) or user_id == self.app.bot_user:
            return None
        self.people[user_id] = Person(user_id)
        return self.people[user_id]

    def member(self, user_id: str) -> Person:
        """Who this is; raise `LookupError` if nobody here has the id."""
        person = self.person(user_id)
        if person is None:
            raise LookupError(f"nobody in {self.app.team} is {user_id}")
        return person

    def set_deleted(self, user_id: str, deleted: bool) -> Person:
        """The person is deactivated, or a member again."""
        self.people[user_id] = replace(self.member(user_id), deleted=deleted)
        return self.people[user_id]

    # conversations

    def conversation(self, channel_id: str) -> Conversation | None:
        """The conversation with this id; None if there is none."""
        if conversation := self.conversations.get(channel_id):
            return conversation
        if self.everyone_present and CHANNEL_ID.fullmatch(channel_id):
            return self.create_channel(channel_id, members=(self.app.bot_user,))
        return None

    def direct(self, user_id: str) -> Conversation:
        """The direct message between the app and this person; made if there was none."""
        channel_id = f"D{user_id.removeprefix('U')}"
        if channel_id not in self.conversations:
            self.conversations[channel_id] = Conversation(channel_id, user=user_id, created=self.seconds())
        return self.conversations[channel_id]

    def create_channel(self, channel_id: str, *, name: str = "", members: Iterable[str]) -> Conversation:
        """The channel is there, with these members."""
        channel = Conversation(
            channel_id, name=name or channel_id.lower(), created=self.seconds(), members=set(members)
        )
        self.conversations[channel_id] = channel
        return channel

    def seconds(self) -> int:
        """Now, in Unix time."""
        return (self.clock.now() - EPOCH) // timedelta(seconds=1)

    # how Slack writes them in JSON

    def person_json(self, person: Person, *, with_locale: bool = False) -> Json:
        """A `user` object. For a deactivated person several keys are absent, as in Slack."""
        shared: Json = {
            "id": person.id,
            "team_id": self.app.team,
            "name": person.handle,
            "deleted": person.deleted,
            "profile": {
                "real_name": person.name,
                "display_name": person.name,
                **({"email": person.email} if person.email else {}),
                "team": self.app.team,
            },
            "is_bot": False,
            "is_app_user": False,
            "updated": 0,
        }
        if person.deleted:
            return shared
        offset = self.clock.now().astimezone(ZoneInfo(person.zone)).utcoffset() or timedelta()
        return shared | {
            "color": "9f69e7",
            "real_name": person.name,
            "tz": person.zone,
            "tz_label": person.zone,
            "tz_offset": offset // timedelta(seconds=1),
            **({"locale": person.locale} if with_locale else {}),
            "is_admin": person.is_admin,
            "is_owner": False,
            "is_primary_owner": False,
            "is_restricted": False,
            "is_ultra_restricted": False,
            "is_email_confirmed": True,
        }

    def message_json(self, message: ChannelMessage, *, with_metadata: bool = True) -> Json:
        """A `message` object."""
        shown: Json = {
            "type": "message",
            "user": message.user,
            "text": message.text,
            "ts": message.ts,
            "team": self.app.team,
        }
        if message.by_bot:
            shown |= {"bot_id": self.app.bot_id, "app_id": self.app.app_id}
        if message.blocks:
            shown["blocks"] = message.blocks
        if message.metadata is not None and with_metadata:
            shown["metadata"] = message.metadata
        if message.thread_ts:
            shown["thread_ts"] = message.thread_ts
        if message.edited_ts:
            shown["edited"] = {"user": message.user, "ts": message.edited_ts}
        return shown
