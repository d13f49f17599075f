"""What the ledger says of campaigns."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from bot.domain import campaign as rules
from bot.domain.campaign import Campaign, CampaignState
from bot.domain.ledger import EntryType
from bot.domain.statement import of_campaign
from tests.worlds import document

NOW = datetime(2025, 9, 2, tzinfo=UTC)
DRAFT = Campaign(document(), author="ann")
APPROVED = rules.approve(DRAFT, by="bob")
RUNNING = rules.start(APPROVED, now=NOW)


def said(before, after):
    return [statement.type for statement in of_campaign(before, after)]


def test_an_approval_says_that_the_lint_found_nothing():
    """Which it must have, for an approval to be possible."""
    [statement] = of_campaign(DRAFT, APPROVED)

    assert statement.type is EntryType.LINT
    assert statement.content == {
        "campaign": "terms",
        "revision": 1,
        "content_hash": DRAFT.document.content_hash,
        "findings": 0,
    }


def test_starts_and_stops_are_said():
    paused = rules.pause(RUNNING)

    assert said(APPROVED, RUNNING) == [EntryType.START]
    assert said(RUNNING, paused) == [EntryType.STOP]
    assert said(paused, rules.resume(paused)) == [EntryType.START]
    assert said(RUNNING, rules.cancel(RUNNING)) == [EntryType.STOP]


def test_a_moved_deadline_is_said_with_both_dates():
    moved = rules.move_deadline(RUNNING, date(2025, 10, 8))

    statements = list(of_campaign(RUNNING, moved))

    [statement] = [found for found in statements if found.type is EntryType.DEADLINE]
    assert (statement.content["was"], statement.content["deadline"]) == ("2025-09-28", "2025-10-08")
    assert statement.content["revision"] == 2


@pytest.mark.parametrize("state", [CampaignState.DRAFT, CampaignState.RUNNING])
def test_what_changes_nothing_of_this_is_not_said(state):
    campaign = replace(RUNNING, state=state)

    assert said(campaign, replace(campaign, author="somebody")) == []
