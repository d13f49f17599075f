"""What came of the demo: one document, whose four zeros the fake platforms have counted."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.cli.demo_stage import BEGIN, Stage
from bot.domain.delivery import DeliveryState
from bot.domain.recipient import covers
from bot.domain.step import StepKind, in_order
from bot.i18n import match_locale
from bot.sandbox import judge
from bot.sandbox.judge import Verdict
from bot.sandbox.oracle import Entry
from bot.store import campaigns, deliveries, figures, outbox, recipients, verification
from bot.store.database import Session
from bot.store.deliveries import Logged
from bot.store.figures import Figures
from bot.store.outbox import Doubt
from bot.store.verification import LedgerCheck

ALL = 10_000_000  # rows


@dataclass(frozen=True, slots=True)
class Record:
    """What our own tables hold at the end."""

    figures: Figures
    sent: Sequence[Logged]
    locales: Mapping[str, str]  # by ref
    doubts: Sequence[Doubt]
    ledger: LedgerCheck
    people: int
    covered: int


@dataclass(frozen=True, slots=True)
class Result:
    """The record, and what the fakes say to it."""

    stage: Stage
    record: Record
    verdict: Verdict
    doubled: Mapping[int, int]  # by delivery: the copies that a doubt excuses
    wall_seconds: float

    @property
    def is_clean(self) -> bool:
        """Whether all four zeros are zero."""
        return self.verdict.is_clean

    def as_json(self) -> dict[str, object]:
        """The document that scripts read; the same for the same seed but for `wall_seconds`."""
        record, verdict, last = self.record, self.verdict, self.stage.promises[-1]
        answered, unreachable = record.figures.answered, len(verdict.unreachable)
        return {
            "campaign": self.stage.document.slug,
            "people": record.people,
            "deadline": last.deadline.isoformat(),
            "sent": _counted(in_order(row.step for row in record.sent)),
            "by_channel": _counted(sorted(row.channel.value for row in record.sent)),
            "by_locale": _counted(sorted(record.locales[row.recipient or ""] for row in record.sent)),
            "answered": answered,
            "opt_in": record.figures.opt_in,
            "opt_out": record.figures.opt_out,
            "no_answer": record.covered - answered - unreachable,
            "unreachable": unreachable,
            "excluded": record.people - record.covered,
            "muted": record.figures.muted,
            "duplicates": len(verdict.duplicates),
            "lost": len(verdict.lost),
            "after_answer": len(verdict.after_answer),
            "after_deadline": len(verdict.after_deadline),
            "in_doubt": sum(doubt.sends for doubt in record.doubts),
            "ledger": {
                "size": record.ledger.size,
                "root": record.ledger.root,
                "verified": record.ledger.ok,
            },
            "virtual_seconds": int((self.stage.clock.now() - BEGIN).total_seconds()),
            "wall_seconds": round(self.wall_seconds, 2),
        }

    def named(self) -> Iterator[str]:
        """A sentence for each message that was in doubt, and for each that makes a zero more than that."""
        for doubt in self.record.doubts:
            copies = 1 + self.doubled.get(doubt.delivery, 0)
            arrived = (
                f"delivered {copies} times" if copies > 1 else f"delivered once at most, now {doubt.state}"
            )
            sends = "one send" if doubt.sends == 1 else f"{doubt.sends} sends"
            yield f"In doubt: delivery {doubt.delivery} ({doubt.step}, {doubt.lane}), {sends}, {arrived}."
        yield from (
            f"Delivered twice without a doubt: {_message(entry)}." for entry in self.verdict.duplicates
        )
        yield from (f"Never asked, though reachable: {ref}." for ref in self.verdict.lost)
        yield from (f"Asked after an answer: {_message(entry)}." for entry in self.verdict.after_answer)
        yield from (f"Asked after the deadline: {_message(entry)}." for entry in self.verdict.after_deadline)


def result_of(stage: Stage, *, wall_seconds: float) -> Result:
    """What came of it, read off the stage when all is over."""
    record = stage.database.run(_read, stage)
    in_doubt = {doubt.delivery: doubt.sends for doubt in record.doubts}
    verdict = judge.judge(
        stage.oracle,
        stage.people,
        audience=stage.document.audience,
        promises=stage.promises,
        zone=stage.document.zone,
        in_doubt=in_doubt,
    )
    return Result(stage, record, verdict, judge.doubled(stage.oracle, in_doubt), wall_seconds)


def steps_so_far(figures: Figures) -> dict[str, int]:
    """How many messages of each step have been sent, in the order of the steps."""
    sent = {step: states.get(DeliveryState.SENT.value, 0) for step, states in figures.steps.items()}
    return {step: sent[step] for step in in_order(sent) if sent[step]}


def _read(session: Session, stage: Stage) -> Record:
    campaign = campaigns.get(session, stage.document.slug)
    audience, authoritative = stage.document.audience, stage.document.authoritative_locale
    everybody = list(recipients.every(session))
    rows = deliveries.find(session, state=DeliveryState.SENT, campaign_id=campaign.id, limit=ALL)
    return Record(
        figures=figures.of(session, campaign),
        sent=[row for row in rows if row.kind is not StepKind.REPLY],
        locales={person.ref: match_locale(person.locale) or authoritative for person in everybody},
        doubts=outbox.in_doubt(session),
        ledger=verification.verify(session),
        people=len(everybody),
        covered=sum(covers(audience, person.plan, person.registered_on) for person in everybody),
    )


def _message(entry: Entry) -> str:
    return f"delivery {entry.delivery} to {entry.platform} {entry.chat} at {entry.at.isoformat(timespec='seconds')}"


def _counted(names: Sequence[str]) -> dict[str, int]:
    return dict(Counter(names))
