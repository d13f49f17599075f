"""What a million people cost: forecast, report and look-up. `python -m benchmarks.figures [PEOPLE]`.

The people, their messages and their answers are made by the database itself, in a few statements. Each figure
is then taken in a process of its own, whose peak memory is said beside it; on a busy machine the seconds at work
are nearer to what it costs than those on the clock.
"""

import os
import resource
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import text

from bot import resources
from bot.campaigns import export, forecast, report
from bot.clock import VirtualClock
from bot.conversation import lookup
from bot.conversation.lexicon import load_lexicon
from bot.conversation.person import Speaking
from bot.conversation.talk import Talk
from bot.domain import campaign as rules
from bot.domain import campaign_file
from bot.domain.campaign import Campaign
from bot.domain.choice import ChoiceRecord, ChoiceValue, Control
from bot.domain.recipient import ChannelName
from bot.domain.reply import read
from bot.domain.roles import Role
from bot.i18n import Catalogs, rest_days
from bot.store import campaigns, finding, lanes, staff
from bot.store.database import Database, Session
from bot.store.twins import twinned

SLUG = "claude-consumer-terms"
BEFORE = datetime(2025, 9, 1, 12, tzinfo=UTC)
MIDWAY = datetime(2025, 9, 17, 2, tzinfo=UTC)
TELEGRAM, SLACK = "telegram:1", "slack:T1"
RATES = forecast.Rates(telegram=28.0, slack=4.0, bot="1")
RECORD = ChoiceRecord(
    recipient="PERSON",
    campaign=SLUG,
    revision=1,
    value=ChoiceValue.OPT_OUT,
    channel=ChannelName.TELEGRAM,
    identity=TELEGRAM,
    control=Control.BUTTON,
    locale="LOCALE",
    receipt="RECEIPT",
    received_at=datetime(2025, 9, 4, 3, tzinfo=UTC),
    recorded_at=datetime(2025, 9, 4, 3, tzinfo=UTC),
)
TALK = Talk(
    Speaking(Catalogs.load(resources.locales()), "Contoh Operator"),
    key=b"k" * 40,
    interpret=lambda text: read(text, load_lexicon(resources.locales())),
    random_bytes=secrets.token_bytes,
    rest_days=rest_days,
)
WORDS = TALK.speaking.words("id", "Asia/Jakarta")
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :people)"
# One in eight has a plan that is not asked, one in fifty has no account; three quarters are on Telegram alone.
PEOPLE = f"""
INSERT INTO recipient (id, ref, plan, locale, zone, zone_chosen, offered_locales, registered_on, email_hash,
                       imported_at, muted_at)
{NUMBERS}
SELECT i, 'u-' || i, CASE WHEN i % 8 = 0 THEN 'team' ELSE 'pro' END,
       CASE i % 6 WHEN 0 THEN 'id' WHEN 1 THEN 'en' WHEN 2 THEN 'zh' WHEN 3 THEN 'ja' WHEN 4 THEN 'ar' ELSE 'fr' END,
       CASE i % 10 WHEN 0 THEN 'Asia/Jakarta' WHEN 1 THEN 'Asia/Tokyo' WHEN 2 THEN 'Asia/Shanghai'
                   WHEN 3 THEN 'Europe/Paris' WHEN 4 THEN 'Africa/Cairo' WHEN 5 THEN 'America/New_York'
                   WHEN 6 THEN 'America/Los_Angeles' WHEN 7 THEN 'Asia/Kolkata' WHEN 8 THEN 'Asia/Makassar' END,
       0, '', '2024-05-01', sha256_hex('u-' || i || '@example.com'), '2025-09-01 12:00:00.000000',
       CASE WHEN i % 400 = 0 THEN '2025-09-05 12:00:00.000000' END
FROM n
"""
TELEGRAM_PLACES = f"""
INSERT INTO address (recipient_id, key, channel, external, reach, reachable_since, handle)
{NUMBERS} SELECT i, 'telegram:' || (7000000000 + i), 'telegram', 7000000000 + i,
       CASE WHEN i % 300 = 0 THEN 'blocked' ELSE 'reachable' END, '2025-09-01 12:00:00.000000', 'user_' || i
FROM n WHERE i % 50 <> 0 AND i % 20 <> 1
"""
SLACK_PLACES = f"""
INSERT INTO address (recipient_id, key, channel, external, workspace, reach, reachable_since, handle)
{NUMBERS} SELECT i, 'slack:T1:U' || i, 'slack', 'U' || i, 'T1', 'reachable', '2025-09-01 12:00:00.000000', 'user.' || i
FROM n WHERE i % 20 IN (1, 2)
"""
# Everybody who may be asked has the notice, and the first reminder unless they answered before it.
NOTICES = """
INSERT INTO delivery (campaign_id, recipient_id, address_id, step, kind, final, asks, channel, lane, priority,
                      state, on_doubt, claim, epoch, failures, doubts, created_at, settled_at, asked_on,
                      deadline_shown, platform_message, surface, wiped)
SELECT 1, recipient.id, min(address.id), :step, :kind, 0, 0, address.channel,
       CASE address.channel WHEN 'telegram' THEN 'telegram:1' ELSE 'slack:T1' END, 10, 'sent', 'resend', 1, 1, 0, 0,
       :at, datetime(:at, '+' || (recipient.id % 36000) || ' seconds') || '.000000', :asked_on, '2025-09-28',
       'm' || recipient.id, 'chat', 0
FROM recipient JOIN address ON address.recipient_id = recipient.id AND address.reach = 'reachable'
WHERE recipient.plan = 'pro' AND (:undecided = 0 OR recipient.id % 5 < 2)
GROUP BY recipient.id
"""
ENTRIES = """
INSERT INTO ledger_entry (seq, entry, hash)
SELECT id, CAST('{}' AS BLOB), 'h' || id FROM recipient WHERE plan = 'pro' AND id % 5 >= 2
"""
ANSWERS = """
INSERT INTO choice (id, seq, recipient_id, campaign_id, delivery_id, receipt, value, supersedes, record, nonce)
SELECT recipient.id, recipient.id, recipient.id, 1, delivery.id, printf('TEN-%012d', recipient.id),
       CASE WHEN recipient.id % 2 THEN 'opt_in' ELSE 'opt_out' END, 1,
       CAST(replace(replace(replace(replace(:record, 'PERSON', 'p' || recipient.id),
            'LOCALE', recipient.locale), 'RECEIPT', printf('TEN-%012d', recipient.id)),
            '2025-09-04', date('2025-09-03', '+' || (recipient.id % 14) || ' days')) AS BLOB), x'07'
FROM recipient JOIN delivery ON delivery.recipient_id = recipient.id AND delivery.step = 'notice'
WHERE plan = 'pro' AND recipient.id % 5 >= 2
"""
COPIED = """
UPDATE choice SET received_at = json_extract(CAST(record AS TEXT), '$.received_at'),
                  hour = substr(json_extract(CAST(record AS TEXT), '$.received_at'), 1, 13),
                  channel = json_extract(CAST(record AS TEXT), '$.channel'),
                  locale = json_extract(CAST(record AS TEXT), '$.locale')
"""
LOOKS = """
INSERT INTO audit (at, actor, act, subject, allowed)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :people / 10)
SELECT '2025-09-10 12:00:00.000000', 'agent-' || (i % 20), 'lookup', 'u-' || i, 1 FROM n
"""


def main(people: int) -> None:
    print(f"{people} people; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "figures.db")
        for step in ("fill", "forecast", "ask", "midway", "look", "report", "export"):
            subprocess.run([sys.executable, "-m", "benchmarks.figures", step, file, str(people)], check=True)


def take(step: str, file: str, people: int) -> None:
    """One figure, in this process; its peak memory is the process's own."""
    with Database(f"sqlite:///{file}", clock=VirtualClock(BEFORE)) as database:
        if step == "fill":
            _timed("people made", lambda: _fill(database, people))
        elif step == "ask":
            _timed("messages and answers made", lambda: _ask(database, people))
        elif step == "look":
            _look(database, people)
        else:
            name, call = FIGURES[step]
            _timed(name, lambda: call(database))
    print(f"    peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB", flush=True)


def _fill(database: Database, people: int) -> None:
    database.migrate()
    for lane in (TELEGRAM, SLACK):
        database.run(lanes.register, lane, now=BEFORE)
    for statement in (PEOPLE, TELEGRAM_PLACES, SLACK_PLACES):
        database.run(_execute, statement, {"people": people})
    text_of = (resources.examples() / f"{SLUG}.toml").read_text(encoding="utf-8")
    document = replace(campaign_file.parse(text_of, SLUG), single_operator=True)
    draft = database.run(campaigns.add, Campaign(document), now=BEFORE)
    database.run(campaigns.save, rules.approve(draft, by="admin"), now=BEFORE, by="admin")


def _ask(database: Database, people: int) -> None:
    started = rules.start(database.run(campaigns.get, SLUG), now=BEFORE)
    database.run(campaigns.save, started, now=BEFORE, by="admin")
    for step, kind, at, undecided in (
        ("notice", "notice", "2025-09-02 02:00:00.000000", 0),
        ("reminder-1", "reminder", "2025-09-15 02:00:00.000000", 1),
    ):
        asked_on = date(2025, 9, 2).isoformat() if kind == "notice" else None
        database.run(
            _execute,
            NOTICES,
            {"step": step, "kind": kind, "at": at, "undecided": undecided, "asked_on": asked_on},
        )
    database.run(_execute, ENTRIES, {})
    database.run(_execute, ANSWERS, {"record": RECORD.canonical.decode()})
    database.run(_execute, COPIED, {})
    database.run(_execute, LOOKS, {"people": people})


def _execute(session: Session, statement: str, values: Mapping[str, object]) -> None:
    session.execute(text(statement), values)


def _forecast(database: Database) -> None:
    found = database.read(forecast.forecast, SLUG, rates=RATES, rest_days=rest_days, now=BEFORE)
    print(f"    {found.audience} asked, {len(found.misses)} kinds of misses")


def _midway(database: Database) -> None:
    found = database.read(forecast.forecast, SLUG, rates=RATES, rest_days=rest_days, now=MIDWAY)
    print(f"    {sum(step.count for lane in found.lanes for step in lane.steps)} messages")


def _report(database: Database) -> None:
    found = database.read(twinned(report.report), SLUG)
    print(f"    {found.figures.answered} answers")


def _export(database: Database) -> None:
    with Path(os.devnull).open("w", encoding="utf-8") as out:
        count = database.read(lambda session: export.write_csv(export.lines(session, SLUG), out))
        print(f"    {count} lines")


def _look(database: Database, people: int) -> None:
    """By each kind of name, for somebody who waits and for somebody who has answered."""
    for number in (people // 2 + 10, people // 2 + 7):
        for told in (f"u-{number}", f"@user_{number}", f"u-{number}@example.com"):
            _timed(f"look-up of {told}", partial(database.read, _found, told))


def _found(session: Session, told: str) -> None:
    """As a look-up in the chat does it: the measure, the person, the card."""
    staff.times(session, actor="agent-7", act="lookup", since=MIDWAY - timedelta(hours=1))
    ref = finding.find(session, told)
    assert ref is not None
    lookup.card(session, TALK, ref, WORDS, role=Role.SUPPORT, now=MIDWAY)


FIGURES: Mapping[str, tuple[str, Callable[[Database], None]]] = {
    "forecast": ("forecast before the start", _forecast),
    "midway": ("forecast midway", _midway),
    "report": ("report", _report),
    "export": ("export", _export),
}


def _timed(what: str, call: Callable[[], None]) -> None:
    begun, worked = time.perf_counter(), time.process_time()
    call()
    took, worked = time.perf_counter() - begun, time.process_time() - worked
    print(f"{what}: {took:.3f} s, of which {worked:.3f} s at work", flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 4:
        take(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
