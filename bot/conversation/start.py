"""The beginning: somebody opens the bot."""

from bot.conversation import choice, menu, plain_words
from bot.conversation.turn import Turn
from bot.domain.campaign import Campaign, CampaignState


def begin(turn: Turn) -> None:
    """Whose question comes by itself is welcomed; a new user is asked; all others are told how things stand."""
    campaign = choice.concerning(turn.session, turn.person)
    if campaign is not None and _comes_by_itself(turn, campaign):
        command = menu.usage(turn.person.address.channel, "choice")
        operator = turn.talk.speaking.operator
        turn.say(plain_words.welcome(turn.words, operator=operator, command=command))
        return
    choice.tell(turn.session, turn.talk, turn.person, turn.replies)


def _comes_by_itself(turn: Turn, campaign: Campaign) -> bool:
    """Whether the notice is still on its way."""
    person = turn.person
    is_expected = campaign.state is CampaignState.RUNNING and turn.replies.now <= person.deadline(campaign)
    if not is_expected or person.is_new(campaign) or person.recipient.muted_at is not None:
        return False
    return person.answer(turn.session, campaign) is None and not choice.was_asked(
        turn.session, person.recipient, campaign
    )
