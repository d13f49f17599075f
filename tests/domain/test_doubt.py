"""What will become of a doubt: each fate, by what the row says and what its platform remembers."""

import pytest

from bot.domain.delivery import DeliveryState, OnDoubt
from bot.domain.doubt import Fate, fate

SENDING, DUE, IN_DOUBT = DeliveryState.SENDING, DeliveryState.DUE, DeliveryState.IN_DOUBT
RESEND, HOLD = OnDoubt.RESEND, OnDoubt.HOLD


@pytest.mark.parametrize(
    ("state", "on_doubt", "is_reply", "remembers", "expected"),
    [
        (SENDING, RESEND, False, True, Fate.ON_ITS_WAY),
        (DUE, RESEND, False, True, Fate.ASKED_THEN_SENT),
        (DUE, RESEND, False, False, Fate.SENT_AGAIN),
        (DUE, RESEND, False, None, Fate.SENT_AGAIN),
        (DUE, RESEND, True, True, Fate.SENT_AGAIN),  # a platform is asked for campaigns' messages alone
        (DUE, HOLD, False, True, Fate.SENT_AGAIN),  # it is known not to have arrived
        (IN_DOUBT, HOLD, False, True, Fate.ASKED_THEN_HELD),
        (IN_DOUBT, HOLD, False, False, Fate.HELD),
        (IN_DOUBT, HOLD, False, None, Fate.HELD),
        (IN_DOUBT, HOLD, True, True, Fate.HELD),
    ],
)
def test_the_fate_is_what_happens_next(
    state: DeliveryState, on_doubt: OnDoubt, is_reply: bool, remembers: bool | None, expected: Fate
) -> None:
    """Staff read it beside each doubt, and do nothing because of it."""
    assert fate(state, on_doubt=on_doubt, is_reply=is_reply, remembers=remembers) is expected
