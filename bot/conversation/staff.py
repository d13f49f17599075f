"""What staff may do in chat: look somebody up, see how campaigns stand, and steer them."""

from typing import TYPE_CHECKING, Final

from bot.campaigns import rights
from bot.campaigns.lint import linter_of
from bot.campaigns.steering import Asked, Changed, Wheel, steer
from bot.channels.base import Command
from bot.conversation import staff_answers, support
from bot.conversation.replies import Replies
from bot.domain.order import Line, Order
from bot.domain.recipient import Address
from bot.i18n import Words
from bot.store.database import Session
from bot.store.errands import ErrandKind

if TYPE_CHECKING:
    from bot.conversation.talk import Talk

COMMANDS: Final = frozenset({"lookup", "campaign"})


def carry_out(session: Session, talk: "Talk", command: Command, words: Words, replies: Replies) -> None:
    """The command is carried out and answered, or refused in the same words to everyone; both are audited."""
    if command.name == "lookup":
        support.look_up(session, talk, command, words, replies)
        return
    line, actor = Line.of(command.words), rights.known_as(session, command.sender.key)
    here = Address.read(command.sender.key)
    answer = steer(session, actor, line, wheel(talk), now=replies.now, here=here)
    if isinstance(answer, Asked) and line.asks_for_form and command.response_url is not None:
        return  # the form itself is the answer, and opened while the platform waits
    staff_answers.say(session, talk, answer, actor, words, replies)
    if isinstance(answer, Changed) and line.order is Order.APPROVE:
        # who it would not reach in time, if there are any
        replies.promise(ErrandKind.WARNING, answer.campaign, words)


def wheel(talk: "Talk") -> Wheel:
    """What steering needs, with the words that the bot speaks."""
    return Wheel(linter_of(talk.speaking.catalogs, talk.speaking.operator), talk.rest_days)
