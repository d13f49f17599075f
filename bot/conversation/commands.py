"""Commands: what each does, the same on every channel."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from bot.channels.base import Command
from bot.conversation import choice, home, later, linking, menu, plain_words, privacy, settings, staff, start
from bot.conversation.person import meet
from bot.conversation.replies import Replies
from bot.conversation.turn import Turn
from bot.store.database import Session

if TYPE_CHECKING:
    from bot.conversation.talk import Talk

Carry = Callable[[Turn, tuple[str, ...]], None]


def carry_out(session: Session, talk: "Talk", command: Command, replies: Replies) -> None:
    """The command is carried out and answered."""
    if linking.carries_link(command):
        linking.start(session, talk, command, replies)
        return
    person = meet(session, command.sender, now=replies.now)
    if command.name in staff.COMMANDS:
        words = talk.words_for(person) if person else talk.words_of(command.sender)
        staff.carry_out(session, talk, command, words, replies)
        return
    if person is None:
        replies.forget()
        replies.say(plain_words.stranger(talk.words_of(command.sender), operator=talk.speaking.operator))
        return
    CARRIES.get(command.name, help_out)(Turn(session, talk, person, replies), command.words)


def help_out(turn: Turn, words: tuple[str, ...] = ()) -> None:
    """The person knows what can be done here."""
    listed = menu.listed(turn.words, turn.person.address.channel)
    turn.say(plain_words.help_text(turn.words, operator=turn.talk.speaking.operator, commands=listed))


def _start(turn: Turn, words: tuple[str, ...]) -> None:
    start.begin(turn)


def _tell(turn: Turn, words: tuple[str, ...]) -> None:
    choice.tell(turn.session, turn.talk, turn.person, turn.replies)


def _later(turn: Turn, words: tuple[str, ...]) -> None:
    later.wish(turn)


def _language(turn: Turn, words: tuple[str, ...]) -> None:
    settings.name_language(turn, words)
    home.refresh_after(turn)


def _timezone(turn: Turn, words: tuple[str, ...]) -> None:
    settings.name_zone(turn, words)
    home.refresh_after(turn)


def _stop(turn: Turn, words: tuple[str, ...]) -> None:
    settings.stop(turn)
    home.refresh_after(turn)


def _resume(turn: Turn, words: tuple[str, ...]) -> None:
    settings.resume(turn)
    home.refresh_after(turn)


def _mydata(turn: Turn, words: tuple[str, ...]) -> None:
    privacy.show_data(turn)


def _receipt(turn: Turn, words: tuple[str, ...]) -> None:
    privacy.show_receipt(turn)


def _privacy(turn: Turn, words: tuple[str, ...]) -> None:
    privacy.explain(turn)


def _forget(turn: Turn, words: tuple[str, ...]) -> None:
    privacy.offer_to_forget(turn)


CARRIES: Mapping[str, Carry] = {
    "start": _start,
    "status": _tell,
    "choice": _tell,
    "later": _later,
    "language": _language,
    "timezone": _timezone,
    "stop": _stop,
    "resume": _resume,
    "mydata": _mydata,
    "receipt": _receipt,
    "privacy": _privacy,
    "forget": _forget,
    "help": help_out,
}
