"""The open question, sent once more because support was asked to; it obeys mute, hours and the deadline."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.campaigns.silence import COMING, Why, why_no_message
from bot.conversation import choice, silence_words, support_words
from bot.conversation.person import Person
from bot.conversation.replies import Replies
from bot.conversation.support_words import NotAgain
from bot.domain.cadence import deadline_of
from bot.domain.calendar import next_window
from bot.domain.campaign import Campaign
from bot.domain.recipient import Reach, Recipient
from bot.domain.roles import Act
from bot.i18n import Words
from bot.store import lanes, staff
from bot.store.database import Session

if TYPE_CHECKING:
    from bot.conversation.talk import Talk

ONCE_IN: Final = timedelta(days=1)  # whoever asks for it: nobody is pressed by way of support


def resend(
    session: Session, talk: "Talk", recipient: Recipient, campaign: Campaign, words: Words, replies: Replies
) -> str | None:
    """The question is due in the person's chat, until the hours there end; or why not, as a sentence."""
    refusal = _why_not(session, talk, recipient, campaign, words, replies)
    if refusal is not None:
        return refusal
    place = next(place for place in recipient.addresses if place.reach is Reach.REACHABLE)
    person = Person(recipient, place, recipient.locale)
    closes = next_window(replies.now, _zone(recipient, campaign), campaign.document.hours).end
    replies.say(
        choice.first_question(talk, person, campaign),
        to=place,
        lane=lanes.of(session, place),
        recipient_id=recipient.id,
        campaign_id=campaign.id,
        not_after=min(closes, person.deadline(campaign)),
    )
    return None


def _why_not(
    session: Session, talk: "Talk", recipient: Recipient, campaign: Campaign, words: Words, replies: Replies
) -> str | None:
    now, zone = replies.now, _zone(recipient, campaign)
    silence = why_no_message(session, campaign.slug, recipient.ref, rest_days=talk.rest_days, now=now)
    if silence.why not in COMING and silence.why is not Why.NOTHING_LEFT:
        return silence_words.sentence(words, silence, plan=recipient.plan)
    if now > deadline_of(campaign.document, zone):
        return support_words.why_not_again(words, NotAgain.DEADLINE_PASSED)
    if not choice.was_asked(session, recipient, campaign):
        return support_words.why_not_again(words, NotAgain.NOT_ASKED)
    opens = next_window(now, zone, campaign.document.hours).start
    if opens > now:
        closed = replace(silence, why=Why.QUIET_HOURS, at=opens)
        return silence_words.sentence(words, closed, plan=recipient.plan)
    if staff.was_done(session, act=Act.RESEND.value, subject=recipient.ref, since=now - ONCE_IN):
        return support_words.why_not_again(words, NotAgain.SENT_LATELY)
    return None


def _zone(recipient: Recipient, campaign: Campaign) -> str:
    return recipient.zone or campaign.document.zone
