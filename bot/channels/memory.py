"""A whole channel without a platform: it keeps what it is given, and answers as it is told."""

from collections import deque
from collections.abc import Iterable

from bot.channels.base import Post
from bot.domain.delivery import Accepted, Outcome
from bot.domain.recipient import ChannelName


class MemoryChannel:
    """Accepts every post, unless `answers` holds outcomes: then these, in order. `posts` is what it was given."""

    def __init__(
        self,
        lane: str = "telegram:1",
        *,
        name: ChannelName = ChannelName.TELEGRAM,
        answers: Iterable[Outcome] = (),
    ) -> None:
        self._lane = lane
        self._name = name
        self.answers: deque[Outcome] = deque(answers)
        self.posts: list[Post] = []

    @property
    def name(self) -> ChannelName:
        return self._name

    @property
    def lane(self) -> str:
        return self._lane

    async def send(self, post: Post) -> Outcome:
        """The next of `answers`, or accepted under a number of its own."""
        self.posts.append(post)
        if self.answers:
            return self.answers.popleft()
        return Accepted(message=post.edits or str(len(self.posts)), conversation=post.to.conversation)
