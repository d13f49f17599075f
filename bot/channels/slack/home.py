"""The app's Home tab of one person."""

from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.slack import outcome
from bot.channels.slack.render import Rendered
from bot.domain.delivery import Accepted, Failed, InDoubt, Outcome

PUBLISHED = "home"  # stands for the id that a view has and nobody needs


async def published(client: AsyncWebClient, user: str, shown: Rendered) -> Outcome:
    """The person sees this on their Home tab, instead of whatever was there, or what became of the call.

    No hash is sent along: the newest view wins, and there is nothing to be in conflict with.
    """
    try:
        await client.views_publish(user_id=user, view={"type": "home", "blocks": shown.blocks})
    except Exception as error:  # noqa: BLE001 - an odd answer makes the library raise anything
        verdict = outcome.of_error(error)
        # once more does no harm: a view that is there already is only shown again
        return Failed(verdict.reason) if isinstance(verdict, InDoubt) else verdict
    return Accepted(PUBLISHED)
