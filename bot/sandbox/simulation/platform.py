"""A platform in memory: it takes messages or loses them, and hands updates over, as its course says."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from bot.channels.base import Command, Event, Post, ReachChange, ReachChanged, Said, Sender, Tap
from bot.clock import VirtualClock
from bot.domain.delivery import Accepted, Deferred, Failed, InDoubt, Outcome, Rejected, Why, reach_after
from bot.domain.message import Surface
from bot.domain.people_file import Imported
from bot.domain.recipient import Address, ChannelName
from bot.domain.token import peek
from bot.domain.update import Update
from bot.sandbox.accounts import Account, Key, Sight
from bot.sandbox.oracle import BOTH_ANSWERS, Direction, Oracle, Place
from bot.sandbox.people import See
from bot.sandbox.phrases import is_answer
from bot.sandbox.simulation.course import Course, Fate
from bot.sandbox.simulation.process import Process
from bot.sandbox.simulation.watch import Request, Watch

LONGEST_BATCH = 4
JUNK = "junk"
SHUT = {ChannelName.TELEGRAM: Why.BLOCKED, ChannelName.SLACK: Why.GONE}


@dataclass(slots=True)
class Issued:
    """An update on its way to the bot; `taken` is for whoever waits for an answer to a tap."""

    order: int
    account: "MemoryAccount"
    body: Mapping[str, object]
    taken: asyncio.Future[bool] | None = None

    @property
    def is_answer(self) -> bool:
        """Whether the person gives an answer by it."""
        data, text = self.body.get("data"), self.body.get("text")
        claim = peek(str(data)) if data else None
        return (claim is not None and claim.verb in BOTH_ANSWERS) or (
            text is not None and is_answer(str(text))
        )


class Platform:
    """Telegram or Slack, as far as the core can tell: one bot identity, and everybody's chats."""

    def __init__(
        self,
        address: Address,
        lane: str,
        *,
        clock: VirtualClock,
        oracle: Oracle,
        course: Course,
        watch: Watch,
        hand_on: Callable[[Process], None],
    ) -> None:
        self.name = address.channel
        self.workspace = address.workspace
        self.lane = lane
        self.clock = clock
        self.oracle = oracle
        self.course = course
        self.watch = watch
        self.random = Random(f"{course.seed}/{lane}")
        self.accounts: dict[str, MemoryAccount] = {}
        self.see: See = lambda sight: None
        self.is_revoked = False
        self._messages: dict[str, str] = {}  # its id there -> whose chat
        self._numbers = 0
        self._orders = 100
        self._queue: list[Issued] = []
        self._stirred = asyncio.Event()
        self._late = dict[asyncio.Task[None], None]()  # in the order in which they were made
        self._hand_on = hand_on
        self._handed_on = list(course.handed_on)

    # what goes out

    async def receive(self, post: Post, process: Process) -> Outcome:
        """A request of this process, and what it learns of it."""
        deadline = post.message.deadline
        shows = deadline.at if deadline is not None else None
        request = Request(post.delivery, self.lane, post.to.key, self.clock.now(), process.life, shows)
        self.watch.request(request)
        is_handed_on = self._is_to_be_handed_on()
        fate = Fate.LANE_WAITS if is_handed_on else self._fate()
        outcome = self._refusal(post, request, fate)
        with self.clock.parked():
            await self.clock.sleep(timedelta(seconds=self._seconds(fate)))
            if outcome is None and fate is not Fate.LOST:
                outcome = self._take(post, begun=request.begun)
            await self.clock.sleep(timedelta(milliseconds=self.random.randrange(5, 200)))
            await process.running()
        if isinstance(outcome, Deferred):
            self.watch.told_to_wait(request, outcome)
            if is_handed_on:
                self._hand_on(process)
        if isinstance(outcome, Rejected) and reach_after(outcome.why) is not None:
            self.watch.refused(request)
        if outcome is None or (fate is Fate.TAKEN_UNTOLD and isinstance(outcome, Accepted)):
            return InDoubt("nobody answered")
        return outcome

    def _fate(self) -> Fate:
        drawn = self.random.randrange(1000)
        if self.course.storm.holds(self.clock.now()) and drawn < 400:
            return Fate.LANE_WAITS if drawn < 40 else Fate.CHAT_WAITS
        for fate, chance in self.course.odds.items():
            if drawn < chance:
                return fate
            drawn -= chance
        return Fate.TAKEN

    def _is_to_be_handed_on(self) -> bool:
        """Whether this is the next instant at which the lane changes hands while it is to wait, and more waits
        in it, which an heir that knows nothing of it would send."""
        if (
            not self._handed_on
            or self.clock.now() < self._handed_on[0]
            or not self.watch.more_waits(self.lane)
        ):
            return False
        self._handed_on.pop(0)
        return True

    def _seconds(self, fate: Fate) -> float:
        return self.random.uniform(1, 8) if fate is Fate.HELD else self.random.uniform(0.01, 0.4)

    def _refusal(self, post: Post, request: Request, fate: Fate) -> Outcome | None:
        account = self.accounts.get(post.to.external)
        if self.is_revoked:
            return Rejected(Why.TOKEN, "the token is revoked")
        if account is None or not account.was_open:
            return Rejected(Why.UNLINKED, "the bot cannot write first")
        if not account.is_open:
            return Rejected(SHUT[self.name], "the person has shut the bot out")
        if post.edits is not None and self._messages.get(post.edits) != post.to.external:
            return Rejected(Why.UNCHANGED, "there is no such message")
        match fate:
            case Fate.REFUSED:
                return Failed("the connection was refused")
            case Fate.CHAT_WAITS | Fate.LANE_WAITS:
                wait = timedelta(seconds=self.random.randrange(1, 30))
                return Deferred(wait, whole_lane=fate is Fate.LANE_WAITS)
            case _:
                return None

    def _take(self, post: Post, *, begun: datetime) -> Accepted:
        external = post.to.external
        conversation = f"D{external}" if self.name is ChannelName.SLACK else None
        if post.surface is not Surface.CHAT:
            return Accepted(message="view", conversation=conversation)
        number = post.edits or self._new_number(external)
        edited = post.edits is not None
        text = post.message.headline
        self.oracle.record(
            self.name,
            Direction.ACCEPTED,
            "editMessageText" if edited else "sendMessage",
            external,
            message=number,
            tokens=post.tokens.values(),
            text=text,
            begun=begun,
        )
        self.watch.taken(post, edited=edited)
        keys = tuple(Key(verb.name, data) for verb, data in post.tokens.items())
        place = Place(self.name, external)
        self.see(Sight(place, number, text, keys, edited, self.clock.now(), external))
        return Accepted(message=number, conversation=conversation)

    def _new_number(self, external: str) -> str:
        self._numbers += 1
        number = f"{self._numbers}"
        self._messages[number] = external
        return number

    # what comes in

    def issue(self, account: "MemoryAccount", body: Mapping[str, object], *, waits: bool = False) -> Issued:
        """The update is on its way: now, or, where the course jumbles them, behind later ones."""
        self._orders += 1
        taken = asyncio.get_running_loop().create_future() if waits else None
        issued = Issued(self._orders, account, body, taken)
        if body["kind"] != JUNK:
            self._record(Direction.ISSUED, issued)
        if issued.is_answer:
            self.watch.given(self.lane, issued.order, account.ref)
        late = self.random.randrange(1000) < self.course.jumbled
        self._enqueue(issued, after=self.random.uniform(0.5, 20) if late and not waits else 0)
        if self.random.randrange(1000) < self.course.poisoned:
            self.issue(account, {"kind": JUNK})
        return issued

    def let_in(self, account: "MemoryAccount") -> None:
        """The bot may write to them from now on."""
        self.watch.let_in(self._key(account))

    async def hand_over(self, process: Process) -> list[Issued]:
        """The next updates, to whoever asks first."""
        while True:
            await process.running()
            if self._queue:
                count = self.random.randrange(1, LONGEST_BATCH + 1)
                batch, self._queue = self._queue[:count], self._queue[count:]
                return batch
            self._stirred.clear()
            await self._stirred.wait()

    def take_back(self, batch: Sequence[Issued]) -> None:
        """They were handed over and not OKed: taps that wait fail, all others come again."""
        for issued in batch:
            if issued.taken is not None:
                self.answer(issued, saved=False)
        self._queue = [*(issued for issued in batch if issued.taken is None), *self._queue]
        self._stirred.set()

    def answer(self, issued: Issued, *, saved: bool) -> None:
        """Whoever waits for an answer to their tap has it."""
        if issued.taken is not None and not issued.taken.done():
            issued.taken.set_result(saved)

    def okay(self, issued: Issued) -> None:
        """The bot said OK to it; the OK may be lost on the way, then it comes again."""
        self.watch.okayed(self.lane, issued.order, issued.body)
        if issued.body["kind"] != JUNK:
            self._record(Direction.OKAYED, issued)
        if issued.taken is None and self.random.randrange(1000) < self.course.doubled:
            self._enqueue(issued, after=self.random.uniform(0, 90))

    async def close(self) -> None:
        """Nothing is on its way any more."""
        for task in self._late:
            task.cancel()
        await asyncio.gather(*self._late, return_exceptions=True)

    def update(self, issued: Issued) -> Update:
        """The update as the adapter hands it on."""
        account = issued.account
        return Update(
            identity=self.lane,
            dedupe=str(issued.order),
            order=issued.order,
            sender=self._key(account),
            body=json.dumps({**issued.body, "chat": account.place.chat, "language": account.language}),
            received_at=self.clock.now(),
            tap=str(issued.order) if issued.body["kind"] == "tap" else None,
        )

    def read(self, body: str) -> Sequence[Event]:
        """What an update says; raise on junk."""
        found = json.loads(body)
        sender = Sender(
            self.name, found["chat"], self.workspace, conversation=found["chat"], language=found["language"]
        )
        match found["kind"]:
            case "tap":
                return (Tap(sender, found["data"], found["message"]),)
            case "said":
                return (Said(sender, found["text"]),)
            case "command":
                return (Command(sender, found["name"]),)
            case "reach":
                return (ReachChanged(sender, ReachChange(found["change"])),)
            case _:
                raise ValueError("nobody can read this")

    def _key(self, account: "MemoryAccount") -> str:
        return Address(self.name, account.place.chat, self.workspace).key

    def _record(self, direction: Direction, issued: Issued) -> None:
        self.oracle.record(
            self.name,
            direction,
            str(issued.body["kind"]),
            issued.account.place.chat,
            message=str(issued.body.get("message") or issued.order),
            tokens=[str(issued.body["data"])] if "data" in issued.body else [],
            text=str(issued.body.get("text", "")),
        )

    def _enqueue(self, issued: Issued, *, after: float) -> None:
        if not after:
            self._queue.append(issued)
            self._stirred.set()
            return
        task = asyncio.get_running_loop().create_task(self._enqueue_late(issued, after))
        self._late[task] = None
        task.add_done_callback(lambda done: self._late.pop(done, None))

    async def _enqueue_late(self, issued: Issued, after: float) -> None:
        await self.clock.sleep(timedelta(seconds=after))
        self._enqueue(issued, after=0)


class Endpoint:
    """The platform as one process reaches it: a channel, and its receiving side."""

    def __init__(self, platform: Platform, process: Process) -> None:
        self.platform = platform
        self.process = process
        self._handed: dict[str, Issued] = {}
        self._refused: set[int] = set()

    @property
    def name(self) -> ChannelName:
        return self.platform.name

    @property
    def lane(self) -> str:
        return self.platform.lane

    @property
    def identity(self) -> str:
        return self.platform.lane

    async def send(self, post: Post) -> Outcome:
        """Hand one message over, and say what this process may know of it."""
        return await self.platform.receive(post, self.process)

    async def updates(self) -> AsyncIterator[Sequence[Update]]:
        """Batches, as they come; asking for the next says OK to the one before."""
        while True:
            batch = await self.platform.hand_over(self.process)
            self._handed = {str(issued.order): issued for issued in batch}
            self._refused.clear()
            okayed = False
            try:
                yield [self.platform.update(issued) for issued in batch]
                okayed = True
            finally:
                if not okayed:
                    self.platform.take_back(batch)
            for issued in batch:
                if issued.order not in self._refused:
                    self.platform.okay(issued)

    async def tapped(self, update: Update, *, saved: bool) -> None:
        """The person who waits is told; what was not saved counts as not accepted."""
        issued = self._handed[update.dedupe]
        if not saved:
            self._refused.add(issued.order)
        self.platform.answer(issued, saved=saved)

    async def read(self, body: str) -> Sequence[Event]:
        """What a stored update says."""
        return self.platform.read(body)


class MemoryAccount:
    """A person's account on a platform in memory."""

    def __init__(
        self, platform: Platform, ref: str, external: str, *, language: str | None, started: bool
    ) -> None:
        self.place = Place(platform.name, external)
        self.is_open = self.was_open = started
        self.ref = ref
        self.language = language
        self._platform = platform
        platform.accounts[external] = self

    async def say(self, text: str) -> None:
        self._platform.issue(self, {"kind": "said", "text": text})

    async def tap(self, sight: Sight, key: Key) -> bool:
        waits = self._platform.name is ChannelName.SLACK  # who shows an error when nobody takes a tap
        body = {"kind": "tap", "data": key.value, "message": sight.message}
        issued = self._platform.issue(self, body, waits=waits)
        return await issued.taken if issued.taken is not None else True

    def leave(self) -> None:
        self.is_open = False
        gone = ReachChange.GONE if self._platform.name is ChannelName.SLACK else ReachChange.BLOCKED
        self._platform.issue(self, {"kind": "reach", "change": gone})

    def come(self) -> None:
        self.is_open = self.was_open = True
        self._platform.let_in(self)
        self._platform.issue(self, {"kind": "reach", "change": ReachChange.OPENED})
        if self._platform.name is ChannelName.TELEGRAM:
            self._platform.issue(self, {"kind": "command", "name": "start"})


class InMemory:
    """Both platforms, for people to have their accounts on."""

    def __init__(self, clock: VirtualClock, platforms: Mapping[ChannelName, Platform]) -> None:
        self._clock = clock
        self._platforms = platforms

    @property
    def clock(self) -> VirtualClock:
        return self._clock

    def accounts(self, who: Imported, *, started: bool) -> list[Account]:
        return [
            MemoryAccount(
                self._platforms[place.channel],
                who.ref,
                place.external,
                language=who.locale,
                started=started or place.channel is ChannelName.SLACK,
            )
            for place in who.places
        ]

    def show(self, see: Callable[[Sight], None]) -> None:
        for platform in self._platforms.values():
            platform.see = see
