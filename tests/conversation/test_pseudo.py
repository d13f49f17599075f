"""No text outside the catalogs reaches a person: everything is said once more in a language of dots.

In it every word of a catalog is replaced; whatever is still readable was written into the code, or is data.
"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from random import Random

import pytest
from babel.messages.pofile import read_po, write_po
from sqlmodel import col, select

from bot import resources
from bot.campaigns.wording import compose
from bot.channels.base import Command, Event, HomeOpened, ReachChange, ReachChanged, Said, Sender, Tap
from bot.channels.slack import render as slack
from bot.channels.telegram import render as telegram
from bot.conversation.lexicon import load_lexicon
from bot.conversation.person import Speaking
from bot.conversation.talk import Talk
from bot.domain import reply
from bot.domain.message import Button, Message, MessageKind, Verb
from bot.domain.token import TapToken, sign
from bot.i18n import LANGUAGE_NAMES, Catalogs, rest_days
from bot.store import messages
from bot.store.database import Session
from bot.store.inbox import Kept
from bot.store.models import DeliveryRow, InboxRow
from tests.conversation.chats import slack_shown
from tests.words import DEADLINE, DOCUMENT, replies, staff_messages
from tests.worlds import TELEGRAM, World, jakarta, on_both, on_telegram

KEY = b"k" * 40
PLACE = re.compile(r"(\{\w+\})")
DOT = "·"
NOTICES = (Verb.OPT_IN, Verb.OPT_OUT, Verb.LATER, Verb.ORIGINAL)
DATA = (  # what is no word of ours: names, codes, commands and what a person typed
    r"/campaign [^\n]*",
    r"TEN-[0-9A-Z-]+", r"Contoh Operator", r"https?://\S+", r"\b[A-Z]\w+/\w+", r"/(policy )?\w+", r"\bu\d+\b",
    r"Telegram|Slack", r"\bPro\b", r"claude-consumer-terms", r"\bc0de\w+", r"u-10\S+", r"@sari\S+", r"\b(Sari|Budi)\b",
)  # fmt: skip


@pytest.fixture(scope="module")
def pseudo(tmp_path_factory: pytest.TempPathFactory) -> Catalogs:
    """The catalogs of Japanese, whose dates have no Latin letters, with every word replaced by a dot."""
    folder = tmp_path_factory.mktemp("pseudo") / "locales"
    shutil.copytree(resources.locales(), folder)
    for path in (folder / "ja" / "LC_MESSAGES").glob("*.po"):
        header = path.read_text(encoding="utf-8").split("\n\n", 1)[0]
        with path.open("rb") as file:
            catalog = read_po(file, locale="ja")
        for entry in catalog:
            if entry.id:
                forms = entry.string
                entry.string = _dotted(forms) if isinstance(forms, str) else tuple(map(_dotted, forms or ()))
        with path.open("wb") as file:
            write_po(file, catalog, omit_header=True)
        path.write_text(f"{header}\n\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
    return Catalogs.load(folder)


def _dotted(text: str) -> str:
    return "".join(part if PLACE.fullmatch(part) else DOT for part in PLACE.split(text) if part)


class Speaker:
    """Somebody who does things, and everything that they are told."""

    def __init__(self, world: World, talk: Talk, sender: Sender) -> None:
        self.world = world
        self.talk = talk
        self.sender = sender
        self.count = 0

    def does(self, event: Event) -> list[Message]:
        """What this is answered with; every answer has been sent then."""
        self.count += 1
        kept = self.world.run(_keep, self.sender.key, self.count, self.world.now)
        self.world.run(self.talk.apply, kept, (event,), now=self.world.now)
        said = self.world.run(_replies, kept.id)
        self.world.send()
        return said

    def presses(self, verb: Verb) -> list[Message]:
        """Presses the newest button that does this."""
        delivery = self.world.run(_carrying, verb)
        return self.does(Tap(self.sender, sign(KEY, TapToken(delivery, verb), address=self.sender.key), "1"))

    def commands(self, name: str, *words: str) -> list[Message]:
        return self.does(Command(self.sender, name, words))


@pytest.fixture
def speaker(world: World, pseudo: Catalogs) -> Speaker:
    world.people(on_both(locale="ja"))
    world.campaign()
    world.at(jakarta(2, 10)).send()
    return Speaker(world, _talk(pseudo), Sender(on_both().places[0].channel, "1001", language="ja"))


def _talk(catalogs: Catalogs) -> Talk:
    lexicon = load_lexicon(resources.locales())
    return Talk(
        Speaking(catalogs, "Contoh Operator"),
        key=KEY,
        interpret=lambda text: reply.read(text, lexicon),
        random_bytes=Random(1).randbytes,
        rest_days=rest_days,
    )


def test_everything_that_is_said_comes_from_a_catalog(speaker):
    """Every command, every button, words of every meaning, and what nobody can read."""
    said: list[Message] = []
    for name in ("start", "status", "choice", "later", "language", "timezone", "help", "privacy", "receipt"):
        said += speaker.commands(name)
    said += speaker.commands("timezone", "Asia/Jakatra")
    said += speaker.does(Said(speaker.sender, "lorem ipsum"))
    said += speaker.does(Said(speaker.sender, ""))
    said += speaker.does(Said(speaker.sender, "oui"))
    for verb in (Verb.OPT_OUT, Verb.OPT_IN, Verb.RECEIPT, Verb.ORIGINAL, Verb.TRANSLATION, Verb.ZONE_1):
        told = speaker.presses(verb)
        said += told if verb is not Verb.ORIGINAL else []
    said += speaker.does(HomeOpened(speaker.sender))
    said += speaker.commands("stop")
    said += speaker.commands("later")
    said += speaker.presses(Verb.RESUME)
    said += speaker.commands("mydata")
    said += speaker.does(Tap(speaker.sender, "forged", None))
    said += speaker.does(ReachChanged(speaker.sender, ReachChange.OPENED))
    said += speaker.commands("forget")
    said += speaker.presses(Verb.ERASE)
    said += speaker.commands("start")
    said += speaker.does(
        Tap(speaker.sender, sign(KEY, TapToken(1, Verb.OPT_IN), address=speaker.sender.key), "1")
    )
    said += speaker.does(Command(replace(speaker.sender, private=False, conversation="-5"), "choice"))

    assert len(said) > 35
    assert {text for message in said for text in _readable(message)} == set()


def test_every_message_that_there_is_comes_from_a_catalog(pseudo):
    """By name, those for staff too, and also what the channels add when they show it."""
    told = {**replies("ja", pseudo), **staff_messages("ja", pseudo)}

    assert len(told) > 50
    assert {(name, text) for name, message in told.items() for text in _readable(message)} == set()
    shown = {
        (name, text)
        for name, message in told.items()
        if message.locale == "ja"
        for text in (_in_telegram(message), _in_slack(message))
        if _is_readable(text)
    }
    assert shown == set()


def test_later_comes_from_a_catalog(speaker):
    said = [*speaker.presses(Verb.LATER), *speaker.presses(Verb.LATER_TOMORROW)]

    assert {text for message in said for text in _readable(message)} == set()


def test_what_a_new_user_and_a_late_one_read_comes_from_a_catalog(world, pseudo):
    late = on_telegram(2, locale="ja", registered_on=jakarta(1).date())
    world.people(on_telegram(1, locale="ja"), late)
    world.campaign()
    world.at(jakarta(2, 10)).send()
    talk = _talk(pseudo)
    new = Speaker(world, talk, Sender(late.places[0].channel, "1002", language="ja"))
    old = Speaker(world, talk, Sender(late.places[0].channel, "1001", language="ja"))

    said = new.commands("start") + new.commands("start")
    world.at(jakarta(30, 10))
    said += old.commands("later") + old.presses(Verb.OPT_IN)

    assert {text for message in said for text in _readable(message)} == set()


@pytest.mark.parametrize(
    "kind",
    [
        MessageKind.NOTICE,
        MessageKind.REMINDER,
        MessageKind.LAST_REMINDER,
        MessageKind.CORRECTION,
        MessageKind.CLOSING,
    ],
)
def test_every_campaign_message_comes_from_a_catalog(pseudo, kind):
    message = compose(
        kind,
        document=DOCUMENT,
        locale="ja",
        deadline=DEADLINE,
        zone="Asia/Tokyo",
        operator="Contoh Operator",
        catalogs=pseudo,
    )

    assert list(_readable(message)) == []


def _readable(message: Message) -> Iterator[str]:
    """What can still be read in it, and is neither data nor the name of a language in itself."""
    if message.locale != "ja":  # the offer in another language, and the original
        return
    texts = [message.headline, *(paragraph.text for paragraph in message.paragraphs)]
    texts += [part for fact in message.facts for part in (fact.label, fact.value)]
    if message.deadline is not None:
        texts.append(message.deadline.text)
    texts += [entry.label for entry in (*message.choices, *message.secondary)]
    if message.kind is MessageKind.MENU:
        texts = [fact.value for fact in message.facts]
    yield from filter(_is_readable, texts)


def _is_readable(text: str) -> bool:
    left = text
    for name in LANGUAGE_NAMES.values():
        left = left.replace(name, "")
    for pattern in DATA:
        left = re.sub(pattern, "", left)
    return re.search(r"[A-Za-z]{2,}", left) is not None


def _in_telegram(message: Message) -> str:
    """What a person reads there, without the marks around it."""
    return re.sub(r"<[^>]*>", " ", telegram.render(message).html)


def _in_slack(message: Message) -> str:
    rendered = slack.render(message, dict.fromkeys(Verb, "1"))
    return f"{rendered.text} {slack_shown(rendered.blocks, message='1').text}"


def _keep(session: Session, sender: str, number: int, now: datetime) -> Kept:
    row = InboxRow(
        identity=TELEGRAM,
        dedupe=f"u{number}-{sender}",
        position=number,
        sender=sender,
        body="{}",
        received_at=now,
        state="new",
    )
    session.add(row)
    session.flush()
    return Kept(row.id or 0, row.identity, row.position, row.sender, row.body, row.received_at, 0)


def _replies(session: Session, inbox_id: int) -> list[Message]:
    rows = session.exec(
        select(DeliveryRow).where(DeliveryRow.inbox_id == inbox_id).order_by(col(DeliveryRow.id))
    )
    return [messages.from_text(row.body) for row in rows if row.body]


def _carrying(session: Session, verb: Verb) -> int:
    """The newest delivery whose message has this button; a campaign's notice has those of a question."""
    rows = session.exec(
        select(DeliveryRow).where(DeliveryRow.state == "sent").order_by(col(DeliveryRow.id).desc())
    )
    for row in rows:
        message = messages.from_text(row.body) if row.body else None
        entries = (*message.choices, *message.secondary) if message else ()
        has_it = any(isinstance(entry, Button) and entry.verb is verb for entry in entries)
        if has_it or (message is None and row.asks and verb in NOTICES):
            return row.id or 0
    raise LookupError(verb)
