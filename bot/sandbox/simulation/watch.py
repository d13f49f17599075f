"""The watch: looks at every request and every OK, and at the tables once a day."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil

from bot.campaigns.dispatcher import MOST_UNSETTLED
from bot.channels.base import Post
from bot.clock import Clock
from bot.domain.delivery import Deferred
from bot.domain.token import peek
from bot.sandbox.judge import Verdict
from bot.sandbox.oracle import BOTH_ANSWERS
from bot.sandbox.simulation import rules
from bot.sandbox.simulation.rules import Act, Broken
from bot.store import evidence, outbox, verification
from bot.store.database import Database

MOST_NAMED = 20  # broken rules; the first one says it


@dataclass(frozen=True, slots=True)
class Request:
    """A message that a process hands to a platform."""

    delivery: int
    lane: str
    chat: str
    begun: datetime
    life: tuple[int, int]


class Watch:
    """What was seen so far, and every rule that was seen broken."""

    def __init__(self, database: Database, clock: Clock, *, rate: float) -> None:
        self.database = database
        self.clock = clock
        self.most = min(MOST_UNSETTLED, ceil(rate)) if rate else MOST_UNSETTLED
        self.broken: list[Broken] = []
        self.requests = 0
        self.stands_since: datetime | None = None  # while the campaign is paused
        self._claims = set[tuple[int, int]]()
        self._copies = Counter[int]()
        self._waits: dict[tuple[tuple[int, int], str], datetime] = {}
        self._acts: dict[tuple[str, int], Act] = {}
        self._given = Counter[str]()
        self._digests: dict[int, str] = {}

    @property
    def answers(self) -> int:
        """How many answers people have given."""
        return len(self._acts)

    def request(self, request: Request) -> None:
        """A request has reached a platform."""
        self.requests += 1
        found = self.database.read(evidence.standing, request.delivery)
        self._note(rules.intent_before_send(request.delivery, found))
        self._note(rules.one_request_a_claim(request.delivery, found, self._claims))
        if found is not None:
            self._claims.add((request.delivery, found.claim))
        on_their_way = self.database.read(evidence.on_their_way, request.lane)
        self._note(rules.few_on_their_way(request.lane, on_their_way, self.most))
        self._note(rules.nothing_begun_after(request.delivery, found, request.begun))
        self._note(rules.nothing_while(request.delivery, found, self.stands_since, request.begun))
        for place in (request.lane, request.chat):
            until = self._waits.get((request.life, place))
            self._note(rules.nothing_inside_a_wait(place, until, request.begun))

    def told_to_wait(self, request: Request, told: Deferred) -> None:
        """The process knows from now on that it is to wait."""
        place = request.lane if told.whole_lane else request.chat
        self._waits[request.life, place] = self.clock.now() + told.wait

    def taken(self, post: Post, *, edited: bool) -> None:
        """A platform has taken a message."""
        if not edited:
            self._copies[post.delivery] += 1

    def given(self, identity: str, order: int, ref: str) -> None:
        """A person gives an answer; nobody has said OK to it yet."""
        self._given[ref] += 1
        self._acts[identity, order] = Act(ref, identity, order, self.clock.now(), None)

    def okayed(self, identity: str, order: int, body: Mapping[str, object]) -> None:
        """The bot said OK to an update."""
        is_kept = self.database.read(evidence.is_kept, identity, str(order))
        self._note(rules.kept_before_ok(identity, str(order), is_kept=is_kept))
        act, claim = self._acts.get((identity, order)), peek(str(body.get("data", "")))
        if act is not None and claim is not None and claim.verb in BOTH_ANSWERS:
            self._acts[identity, order] = replace(
                act, okayed_at=self.clock.now(), value=rules.VALUES[claim.verb]
            )

    def look(self) -> None:
        """The tables are as they may be."""
        self._note(rules.one_row_a_step(self.database.read(evidence.repeated_steps)))
        kept = self.database.read(evidence.answers)
        self._note(rules.appended_only(self._digests, kept))
        self._note(rules.silence_is_no_choice(kept, self._given))
        self._digests = {answer.id: answer.digest for answer in kept}

    def close(self, verdict: Verdict) -> None:
        """All is over: what must be true at the end is."""
        self.look()
        doubts = self.database.run(outbox.in_doubt)
        self._note(rules.doubts_are_listed(self._copies, doubts))
        self._note(rules.answers_stand(list(self._acts.values()), self.database.read(evidence.answers)))
        self._note(rules.everything_is_settled(self.database.read(evidence.left_over)))
        self._note(rules.ledger_verifies(self.database.run(verification.verify).problems))
        self._note(rules.nobody_is_wronged(verdict))

    def _note(self, broken: Iterable[Broken]) -> None:
        for one in broken:
            if len(self.broken) < MOST_NAMED:
                self.broken.append(one)
