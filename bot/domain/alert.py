"""Alerts: what needs a person of the operator's."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class AlertKind(StrEnum):
    """What has gone wrong."""

    TOKEN_DEAD = "token_dead"  # a platform refuses our token, or the app is set up wrongly; subject: the lane
    LANE_STOPPED = "lane_stopped"  # messages are due and nobody sends them; subject: the lane
    DEAD_LETTERS = "dead_letters"  # updates that could not be worked
    CLOCK_LATE = "clock_late"  # what was due has not been planned
    GUARD_TRIPPED = "guard_tripped"  # a campaign paused by itself; subject: its slug
    UNWRITTEN = "unwritten"  # a message could not be written; subject: its campaign's slug
    LEDGER_BROKEN = "ledger_broken"  # the ledger does not verify
    LOOKUPS = "lookups"  # somebody looks up more people than is usual; subject: their name


@dataclass(frozen=True, slots=True)
class Alert:
    """One incident: of a kind and a subject there is one at a time. `detail` fills the places of its sentence."""

    kind: AlertKind
    subject: str = ""
    detail: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def detail_text(self) -> str:
        """The detail as it is kept."""
        return json.dumps(dict(self.detail), sort_keys=True)
