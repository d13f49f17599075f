"""The watch: looks at every request and every OK, and at the tables once a day."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil

from bot.campaigns.dispatcher import MOST_UNSETTLED
from bot.channels.base import Post
from bot.clock import Clock
from bot.domain.campaign import CampaignDocument
from bot.domain.delivery import Deferred
from bot.domain.token import peek
from bot.sandbox.judge import Verdict
from bot.sandbox.oracle import BOTH_ANSWERS
from bot.sandbox.simulation import rules
from bot.sandbox.simulation.dates import Dates
from bot.sandbox.simulation.rules import Act, Broken
from bot.store import evidence, outbox, verification
from bot.store.database import Database, Session
from bot.store.evidence import Standing
from bot.store.messages import digest, to_text

MOST_NAMED = 20  # broken rules; the first one says it


@dataclass(frozen=True, slots=True)
class Request:
    """A message that a process hands to a platform."""

    delivery: int
    lane: str
    chat: str
    begun: datetime
    life: tuple[int, int]
    shows: datetime | None  # the deadline, as the message has it


@dataclass(frozen=True, slots=True)
class _Reached:
    """The last step that a platform took for a person."""

    delivery: int
    at: datetime


class Watch:
    """What was seen so far, and every rule that was seen broken."""

    def __init__(self, database: Database, clock: Clock, document: CampaignDocument, *, rate: float) -> None:
        self.database = database
        self.clock = clock
        self.document = document
        self.most = min(MOST_UNSETTLED, ceil(rate)) if rate else MOST_UNSETTLED
        self.broken: list[Broken] = []
        self.requests = 0
        self.stands_since: datetime | None = None  # while the campaign is paused
        self.dates = Dates(document, since=clock.now())
        self._claims = set[tuple[int, int]]()
        self._copies = Counter[int]()
        self._waits: dict[tuple[tuple[int, int], str], datetime] = {}
        self._steps: dict[int, int | None] = {}  # the person whom each delivery of a step is for
        self._reached: dict[int | None, _Reached] = {}
        self._refused: dict[str, list[int]] = {}
        self._may_have_missed = set[str]()  # places that were shut at some time
        self._shown: dict[int, set[str]] = {}
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
        found, on_their_way = self.database.read(_look, request)
        self._note(rules.intent_before_send(request.delivery, found))
        self._note(rules.one_request_a_claim(request.delivery, found, self._claims))
        if found is not None:
            self._claims.add((request.delivery, found.claim))
        self._note(rules.few_on_their_way(request.lane, on_their_way, self.most))
        self._note(rules.nothing_begun_after(request.delivery, found, request.begun))
        self._note(rules.nothing_while(request.delivery, found, self.stands_since, request.begun))
        self._note(rules.held_in_doubt(request.delivery, found))
        self._note(rules.nothing_before_its_turn(request.lane, found, request.begun))
        self._look_at_the_person(request, found)
        for place in (request.lane, request.chat):
            until = self._waits.get((request.life, place))
            self._note(rules.nothing_inside_a_wait(place, until, request.begun))

    def _look_at_the_person(self, request: Request, found: Standing | None) -> None:
        document, begun = self.document, request.begun
        self._note(
            rules.nothing_outside_the_hours(request.delivery, found, document.hours, document.zone, begun)
        )
        refused = [self.database.read(evidence.standing, one) for one in self._refused.get(request.chat, ())]
        self._note(rules.nobody_shut_out(request.delivery, found, request.chat, refused))
        if found is None or found.kind not in rules.STEPS:
            return
        last = self._reached.get(found.recipient)
        reached_at = last.at if last is not None and last.delivery != request.delivery else None
        gap = document.cadence.min_gap
        self._note(rules.nothing_soon_after(request.delivery, found, reached_at, gap, begun))
        self._note(self.dates.begun(request.delivery, found, request.shows, begun))
        self._steps[request.delivery] = found.recipient

    def more_waits(self, lane: str) -> bool:
        """Whether more is claimed in the lane than the request that is just made."""
        return self.database.read(evidence.on_their_way, lane) > 1

    def refused(self, request: Request) -> None:
        """A platform has said that the bot may not write there."""
        self._refused.setdefault(request.chat, []).append(request.delivery)
        self._may_have_missed.add(request.chat)

    def let_in(self, place: str) -> None:
        """The person lets the bot write to them, from now on or again."""
        self._refused.pop(place, None)
        self._may_have_missed.add(place)

    def told_to_wait(self, request: Request, told: Deferred) -> None:
        """The process knows from now on that it is to wait."""
        place = request.lane if told.whole_lane else request.chat
        self._waits[request.life, place] = self.clock.now() + told.wait

    def taken(self, post: Post, *, edited: bool) -> None:
        """A platform has taken a message."""
        self._shown.setdefault(post.delivery, set()).add(digest(to_text(post.message)))
        self.dates.taken(post.delivery)
        if not edited:
            self._copies[post.delivery] += 1
        if post.delivery in self._steps:
            self._reached[self._steps[post.delivery]] = _Reached(post.delivery, self.clock.now())

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
        kept = self.database.read(evidence.answers)
        self._note(rules.answers_stand(list(self._acts.values()), kept))
        self._note(rules.texts_are_those_shown(kept, self._shown))
        self._note(self.dates.close(self.database.read(evidence.undecided, self._may_have_missed)))
        self._note(rules.everything_is_settled(self.database.read(evidence.left_over)))
        self._note(rules.ledger_verifies(self.database.run(verification.verify).problems))
        self._note(rules.nobody_is_wronged(verdict))

    def _note(self, broken: Iterable[Broken]) -> None:
        for one in broken:
            if len(self.broken) < MOST_NAMED:
                self.broken.append(one)


def _look(session: Session, request: Request) -> tuple[Standing | None, int]:
    """The delivery as it stands, and how many of its lane are on their way."""
    return evidence.standing(session, request.delivery), evidence.on_their_way(session, request.lane)
