"""Forged buttons, links and sign-ins, heard as the talk and the door hear them: none is taken, and nothing written.

Whether their signatures would be taken is asked by itself in tests/faults/test_forged.py.
"""

from collections.abc import Iterator, Sequence
from itertools import count
from random import Random

import pytest
from sqlalchemy import select as select_columns
from sqlmodel import Session, SQLModel, col

from bot.campaigns import sign_in
from bot.channels.base import Command, Event, Sender, Tap
from bot.clock import VirtualClock
from bot.conversation import link_words, plain_words
from bot.conversation.first_answers import Heard
from bot.domain import invitation, token
from bot.domain.campaign import Campaign
from bot.domain.message import Verb
from bot.domain.recipient import Address, ChannelName
from bot.domain.roles import Role
from bot.domain.step import StepKind
from bot.domain.token import TapToken
from bot.domain.update import Update
from bot.store import bulletins, inbox, links, messages, staff
from bot.store.bulletins import About, Place
from bot.store.inbox import Kept
from bot.store.memory import Memory
from bot.store.models import DeliveryRow, InboxRow
from bot.store.staff import Staff
from tests.conversation.test_first_answers import KEY, asked, talk_of
from tests.domain.test_invitation import mutated
from tests.faults.figures import measured
from tests.faults.test_forged import forged
from tests.words import OPERATOR, words
from tests.worlds import BEFORE, MORNING, TELEGRAM, World, on_telegram

QUICK, LONG = 2_000, 1_000_000
PARTS = 4
PARTED = [{"of": f"part {number} of {PARTS}"} for number in range(1, PARTS + 1)]  # each with others
IN_FULL = [pytest.mark.torture, pytest.mark.long]
AT_ONCE = 250  # forgeries that are heard before the tables are compared
PEOPLE = 12
STRANGER, MEMBER, GROUP = "999", "1", "-100"
REFUSALS = {plain_words.foreign_button(words(locale)).headline for locale in ("en", "id")} | {
    link_words.refused(words("id"), operator=OPERATOR).headline
}

Rows = dict[str, list[tuple[object, ...]]]
Sent = Event | str  # an update, or the token with which a browser asks to be let in


class Scene:
    """A campaign whose people were asked and have links, and staff who may sign in."""

    def __init__(self, world: World, random: Random) -> None:
        self.world = world
        self.random = random
        self.numbers = count(1)
        self.talk = talk_of(random_bytes=random.randbytes)
        world.people(*(on_telegram(number) for number in range(1, PEOPLE + 1)))
        campaign = world.campaign()
        world.at(MORNING)
        self.questions = asked(world)
        chats = (*(one.chat for one in self.questions), STRANGER, MEMBER, GROUP)
        self.addresses = [f"telegram:{chat}" for chat in chats]
        self.links = world.run(self._make_links, campaign)
        self.bulletin = world.run(self._tell_staff, campaign)
        self.entrance = world.run(self._let_in)
        for question in self.questions:  # whoever writes for the first time is noted down
            world.run(self.hear, [Tap(_sender(question.chat), "?", question.message)])

    def genuine(self) -> Iterator[Sent]:
        """One of each kind that is none."""
        question = self.questions[0]
        data = token.sign(KEY, TapToken(question.delivery, Verb.OPT_OUT), address=f"telegram:{question.chat}")
        yield Tap(_sender(question.chat), data, question.message)
        yield _opened(invitation.sign(KEY, self.links[0]))
        yield self.entrance
        data = token.sign(KEY, TapToken(self.bulletin, Verb.DETAILS), address=f"telegram:{GROUP}")
        yield Tap(_sender(MEMBER, private=False), data, "m0")

    def forgery(self) -> Sent:
        """A button, a link or a sign-in with something changed; a button may be another's as well."""
        match self.random.randrange(5):
            case 0:
                question = self.random.choice(self.questions)
                genuine = TapToken(question.delivery, self.random.choice(list(Verb)))
                data, address = forged(self.random, KEY, genuine, f"telegram:{question.chat}", self.addresses)
                return Tap(self._presser(address), data, question.message)
            case 1:
                genuine = TapToken(self.bulletin, self.random.choice([Verb.PAUSE, Verb.DETAILS]))
                data, address = forged(self.random, KEY, genuine, f"telegram:{GROUP}", self.addresses)
                return Tap(self._presser(address, elsewhere=False), data, "m0")
            case 2 | 3:
                return _opened(mutated(invitation.sign(KEY, self.random.choice(self.links)), self.random))
            case _:
                return mutated(self.entrance, self.random)

    def hear(self, session: Session, sent: Sequence[Sent]) -> int:
        """Each is heard; how many were taken for the answer of somebody, or let in."""
        now, drawn = self.world.now, self.random.randbytes
        entered = [
            sign_in.enter(session, one, now=now, random_bytes=drawn) for one in sent if isinstance(one, str)
        ]
        heard = self._keep(session, [one for one in sent if not isinstance(one, str)])
        taken = self.talk.take_first_answers(session, heard, now=now)
        for update in heard:
            if update.kept.id not in taken:
                assert self.talk.apply(session, update.kept, update.events, now=now)
        session.flush()
        return len(taken) + sum(one is not None for one in entered)

    def _presser(self, address: str, *, elsewhere: bool = True) -> Sender:
        """Somebody in this chat (in the group of staff or not), or else the same person in the group."""
        chat = address.removeprefix("telegram:")
        if chat == GROUP:
            return _sender(self.random.choice((MEMBER, STRANGER)), private=False)
        return _sender(chat, private=not elsewhere or self.random.random() < 0.8)

    def _tell_staff(self, session: Session, campaign: Campaign) -> int:
        """What stands in the staff channel, with buttons; its delivery."""
        place, now = Place(TELEGRAM, Address(ChannelName.TELEGRAM, GROUP)), self.world.now
        body = messages.to_text(plain_words.group_decline(words("en")))
        bulletins.post(session, place, body, key="progress", now=now, about=About(campaign.id, "notice"))
        told = bulletins.find(session, "progress", place)
        assert told is not None
        return told.delivery_id

    def _keep(self, session: Session, events: Sequence[Event]) -> list[Heard]:
        now = self.world.now
        updates = [
            Update(TELEGRAM, str(number), number, event.sender.key, "", now)
            for event, number in zip(events, self.numbers, strict=False)
        ]
        inbox.keep(session, updates)
        query = (
            select_columns(col(InboxRow.id)).where(col(InboxRow.state) == "new").order_by(col(InboxRow.id))
        )
        found = session.execute(query).scalars()
        return [
            Heard(Kept(inbox_id, TELEGRAM, update.order, update.sender, "", now, 0), (event,))
            for inbox_id, update, event in zip(found, updates, events, strict=True)
        ]

    def _make_links(self, session: Session, campaign: Campaign) -> list[bytes]:
        drawn, now = self.random.randbytes, self.world.now
        links.make(session, campaign, everyone=True, random_bytes=drawn, now=now, after=0, limit=PEOPLE)
        return [one.token for one in links.page(session, campaign, everyone=True, after=0, limit=PEOPLE)]

    def _let_in(self, session: Session) -> str:
        now = self.world.now
        staff.add(session, Staff(f"telegram:{MEMBER}", Role.ADMIN, "ani"), by="tests", now=now)
        return sign_in.offer(session, f"telegram:{MEMBER}", now=now, random_bytes=self.random.randbytes)


@pytest.fixture
def scene() -> Iterator[Scene]:
    """In memory: what is heard is taken back, so that a million leave nothing behind."""
    clock = VirtualClock(BEFORE)
    memory = Memory(clock)
    with memory.opened(clock) as database:
        yield Scene(World(database, clock), Random("scene"))
    memory.close()


@pytest.mark.parametrize(
    ("many", "part"),
    [
        pytest.param(QUICK, {}, id="quick"),
        *(pytest.param(LONG // PARTS, part, id=part["of"], marks=IN_FULL) for part in PARTED),
    ],
)
def test_no_forgery_is_taken_or_writes_anything(scene: Scene, many: int, part: dict[str, str]) -> None:
    """But that it came, and that it was refused; of whom nobody knows not even who they are."""
    scene.random.seed(f"forgeries/{part}")
    before, taken, writes = scene.world.run(_rows), 0, 0
    told, is_empty = set[str](), True
    for _ in range(0, many, AT_ONCE):
        with Session(scene.world.database.engine) as session:
            taken += scene.hear(session, [scene.forgery() for _ in range(AT_ONCE)])
            writes += before != _rows(session)
            told |= _told(session)
            is_empty = is_empty and _is_nothing_kept(session)
            session.rollback()
    measured("forgeries heard", **part, count=many, accepted=taken, writes=writes)

    assert (taken, writes) == (0, 0)
    assert told == REFUSALS
    assert is_empty


@pytest.mark.parametrize("kind", range(4), ids=["button", "link", "sign-in", "staff-button"])
def test_a_genuine_one_writes(scene: Scene, kind: int) -> None:
    """Else the test above would say nothing."""
    before = scene.world.run(_rows)

    scene.world.run(scene.hear, [list(scene.genuine())[kind]])

    assert scene.world.run(_rows) != before


def _rows(session: Session) -> Rows:
    """All that stands in the tables, but for updates and replies."""
    session.flush()
    everything = {table.name: select_columns(table) for table in SQLModel.metadata.sorted_tables}
    del everything[InboxRow.__tablename__]
    deliveries = everything[DeliveryRow.__tablename__]
    everything[DeliveryRow.__tablename__] = deliveries.where(col(DeliveryRow.kind) != StepKind.REPLY.value)
    return {name: [tuple(row) for row in session.execute(query)] for name, query in everything.items()}


def _told(session: Session) -> set[str]:
    """What the replies to these updates begin with."""
    replies = select_columns(col(DeliveryRow.body)).where(col(DeliveryRow.inbox_id).is_not(None))
    return {messages.from_text(body).headline for body in session.execute(replies).scalars() if body}


def _is_nothing_kept(session: Session) -> bool:
    """Of the stranger's updates neither what they said nor that it was they."""
    theirs = select_columns(col(InboxRow.id)).where(col(InboxRow.sender) == f"telegram:{STRANGER}")
    return session.execute(theirs.limit(1)).first() is None


def _opened(link: str) -> Command:
    """Somebody whom nobody knows opens the bot by this link."""
    return Command(_sender(STRANGER), "start", (link,))


def _sender(chat: str, *, private: bool = True) -> Sender:
    return Sender(ChannelName.TELEGRAM, chat, conversation=chat if private else GROUP, private=private)
