"""A turn in a talk: somebody whom the bot knows has done something, and is answered."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.conversation.person import Person
from bot.conversation.replies import Replies
from bot.domain.campaign import Campaign
from bot.domain.message import Document, Message
from bot.i18n import Words
from bot.store.database import Session

if TYPE_CHECKING:
    from bot.conversation.talk import Talk


@dataclass(frozen=True, slots=True)
class Turn:
    """Who it is, and how to answer them. `touched` is the message whose button they pressed, if they did;
    `at_home`: the button stands on their own page."""

    session: Session
    talk: "Talk"
    person: Person
    replies: Replies
    touched: str | None = None
    at_home: bool = False

    @property
    def words(self) -> Words:
        """The bot's own words for this person."""
        return self.talk.words_for(self.person)

    def say(
        self,
        message: Message,
        *,
        campaign: Campaign | None = None,
        edits: str | None = None,
        document: Document | None = None,
    ) -> None:
        """The message is due where the person is, or in the place of the one that it `edits`."""
        self.replies.say(
            message,
            edits=edits,
            to=self.person.address,
            recipient_id=self.person.recipient.id,
            campaign_id=campaign.id if campaign else None,
            document=document,
        )

    def settle(self, message: Message) -> None:
        """What a button of a setting has come to, in its place. A page of its own shows it by itself."""
        if not self.at_home:
            self.say(message, edits=self.touched)
