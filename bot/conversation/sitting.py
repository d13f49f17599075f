"""A sitting: somebody of the staff before one page of a form, and what the page brings back."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from bot.campaigns import rights
from bot.campaigns.rights import Actor
from bot.channels.base import Sender, Submission
from bot.conversation.person import meet
from bot.domain.form import FilledIn
from bot.exceptions import BadFile, BadMoment, FormFaulty, MessageTooLong, SlugTaken, TenggatError
from bot.i18n import Words
from bot.store.database import Session

if TYPE_CHECKING:
    from bot.conversation.talk import Talk

MAC_BYTES: Final = 18


@dataclass(frozen=True, slots=True)
class Sitting:
    """Who fills in, in which words they read, and the transaction in which it is looked at."""

    session: Session
    talk: "Talk"
    actor: Actor
    sender: Sender
    words: Words
    now: datetime

    @classmethod
    def of(cls, session: Session, talk: "Talk", sender: Sender, *, now: datetime) -> "Sitting":
        """With the rights that they have now, whatever they had when the form was opened."""
        person = meet(session, sender, now=now)
        words = talk.words_for(person) if person else talk.words_of(sender)
        return cls(session, talk, rights.known_as(session, sender.key), sender, words, now)

    def carry(self, form: str, page: str, said: FilledIn) -> str:
        """What the page is given to bring back: signed, and of use to this person in this form alone."""
        body = json.dumps([page, said], ensure_ascii=False, separators=(",", ":"))
        return f"{self._mac(form, body)}{body}"

    def carried(self, submission: Submission) -> "Carried | None":
        """What the page was given; None unless we gave it, to this person, for this form."""
        text = submission.carried
        mac, body = text[: MAC_BYTES * 4 // 3], text[MAC_BYTES * 4 // 3 :]
        if not hmac.compare_digest(mac.encode(), self._mac(submission.name, body).encode()):
            return None
        page, said = json.loads(body)
        return Carried(page, {name: tuple(values) for name, values in said.items()})

    def _mac(self, form: str, body: str) -> str:
        said = f"form|{form}|{self.sender.key}|{body}".encode()
        return urlsafe_b64encode(hmac.digest(self.talk.key, said, "sha256")[:MAC_BYTES]).decode()


@dataclass(frozen=True, slots=True)
class Carried:
    """The page that was filled in, and what the pages before it said."""

    page: str
    said: FilledIn

    def one(self, name: str) -> str:
        """What was said in this field; "" if nothing."""
        return one(self.said, name)


def one(said: Mapping[str, Sequence[str]], name: str) -> str:
    """The one thing said in this field; "" if nothing."""
    return next(iter(said.get(name, ())), "")


def faulty(words: Words, error: TenggatError, fields: Sequence[str]) -> FormFaulty:
    """What is wrong, at the field of this page that it is about, else at the first one."""
    match error:
        case SlugTaken():
            about, problem = "slug", words.gettext("There is a campaign of that name already.")
        case BadMoment():
            about, problem = "deadline", words.gettext("That day has passed.")
        case BadFile(problem=problem, key=key):
            about = key or ""
        case MessageTooLong(kind=kind):
            about, problem = f"{kind}.headline", str(error)
        case _:
            about, problem = "", str(error)
    names = (name for name in (about, at(about), about.rpartition(".")[2]) if name in fields)
    return FormFaulty({next(names, fields[0]): problem})


def at(place: str) -> str:
    """The name of the field for the words at this place."""
    return f"at:{place}"
