"""In which languages the people of an audience read."""

from collections.abc import Mapping

from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func

from bot.domain.campaign import Campaign
from bot.store import audience
from bot.store.models import AddressRow, RecipientRow


def of_audience(session: Session, campaign: Campaign) -> Mapping[str | None, int]:
    """How many people who may be asked have each language; under None those of whom it is not known."""
    language = func.coalesce(
        col(RecipientRow.chosen_locale), col(RecipientRow.locale), col(AddressRow.language)
    )
    found = session.execute(
        select_columns(language, func.count())
        .select_from(RecipientRow)
        .join(AddressRow, col(AddressRow.id) == audience.preferred_address())
        .where(audience.undecided(campaign))
        .group_by(language)
    )
    return {spoken: people for spoken, people in found}  # noqa: C416  # rows are no pairs to mypy
