"""An answer, by button or in words: recorded, and shown wherever the question lies."""

from bot.conversation import choice, home, wording
from bot.conversation.turn import Turn
from bot.domain.campaign import Campaign
from bot.domain.choice import Control
from bot.domain.message import Verb
from bot.store.questions import Question


def answer(turn: Turn, campaign: Campaign, question: Question, verb: Verb, control: Control) -> None:
    """The answer is recorded and the person's own page shows it; or the campaign was called off."""
    if campaign.state in choice.ENDED:
        template = turn.talk.template(turn.person, campaign)
        turn.say(wording.campaign_over(template), edits=question.message)
        return
    choice.choose(turn.session, turn.talk, turn.person, campaign, question, verb, control, turn.replies)
    home.refresh_after(turn)
