"""Why somebody gets no message, as support reads it."""

from typing import assert_never

from bot.campaigns.silence import Silence, Why
from bot.domain.recipient import Plan
from bot.i18n import Words, shown_brief


def sentence(words: Words, silence: Silence, *, plan: Plan) -> str:  # noqa: C901  # one case a reason
    """The reason in one sentence, times on the agent's clock."""
    when = "" if silence.at is None else shown_brief(silence.at, words.catalog.locale, words.zone)
    match silence.why:
        case Why.NOT_STARTED if when:
            return words.gettext("The campaign starts {when}.", when=when)
        case Why.NOT_STARTED:
            return words.gettext("The campaign has not started.")
        case Why.OVER:
            return words.gettext("The campaign is over.")
        case Why.ANSWERED:
            return words.gettext("An answer is recorded; nobody is asked twice.")
        case Why.PLAN:
            return words.gettext("Not asked: the plan {plan} is not part of the campaign.", plan=plan.value)
        case Why.REGISTERED_LATE:
            return words.gettext("Not asked: registered too late for this campaign.")
        case Why.UNLINKED:
            return words.gettext("No account is connected.")
        case Why.BLOCKED:
            return words.gettext("The bot has been blocked since {when}.", when=when)
        case Why.GONE:
            return words.gettext("The account has been gone since {when}.", when=when)
        case Why.MUTED:
            return words.gettext("Messages have been turned off since {when}.", when=when)
        case Why.PAUSED:
            return words.gettext("The campaign is paused.")
        case Why.FIRST_PART:
            return words.gettext("Only a first part of the people is asked for now; this person comes later.")
        case Why.PUT_OFF:
            return words.gettext("Asked to be reminded later; the reminder comes {when}.", when=when)
        case Why.NOT_YET_DUE:
            return words.gettext("The next message is not due before {when}.", when=when)
        case Why.QUIET_HOURS:
            return words.gettext(
                "It is outside the local hours; messages go out again from {when}.", when=when
            )
        case Why.LANE_STOPPED:
            return words.gettext("A message is due, but the bot cannot send: the platform refuses its token.")
        case Why.IN_LINE:
            return words.gettext("A message is due and waits for its turn.")
        case Why.NOTHING_LEFT:
            return words.gettext("No further message is planned.")
    assert_never(silence.why)
