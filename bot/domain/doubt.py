"""What will become of a delivery of which nobody knows whether it arrived."""

from enum import StrEnum

from bot.domain.delivery import DeliveryState, OnDoubt


class Fate(StrEnum):
    """The next thing that happens to it, unless a tap under it proves first that it arrived."""

    ASKED_THEN_SENT = "the platform is asked; if it has not got it, or does not say, it is sent again"
    ASKED_THEN_HELD = (
        "the platform is asked; if it has not got it, it is sent again, and if it does not say, held"
    )
    SENT_AGAIN = "it is sent again"
    ON_ITS_WAY = "it is being sent again"
    HELD = "it is held; the next step says the same"


def fate(state: DeliveryState, *, on_doubt: OnDoubt, is_reply: bool, remembers: bool | None) -> Fate:
    """The fate of an open doubt on a lane that `remembers` what it delivered (None: it may be asked, or not)."""
    if state is DeliveryState.SENDING:
        return Fate.ON_ITS_WAY
    can_be_asked = remembers is True and not is_reply
    if state is DeliveryState.DUE:
        return Fate.ASKED_THEN_SENT if can_be_asked and on_doubt is OnDoubt.RESEND else Fate.SENT_AGAIN
    return Fate.ASKED_THEN_HELD if can_be_asked else Fate.HELD
