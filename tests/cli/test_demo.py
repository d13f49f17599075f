"""The demo: the whole campaign, the same for the same seed, judged by the fakes."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.cli.demo_result import Result, result_of
from bot.cli.demo_run import played
from bot.cli.demo_show import Lines
from bot.cli.demo_stage import TOKEN, Move, Script, Stage
from bot.domain.people_file import Imported
from bot.domain.recipient import Plan
from bot.sandbox.oracle import Entry
from bot.sandbox.person import Person

ZEROS = ("duplicates", "lost", "after_answer", "after_deadline")
KEYS = [
    "campaign", "people", "deadline", "sent", "by_channel", "by_locale", "answered", "opt_in", "opt_out",
    "no_answer", "unreachable", "excluded", "muted", "duplicates", "lost", "after_answer", "after_deadline",
    "in_doubt", "ledger", "virtual_seconds", "wall_seconds",
]  # fmt: skip


@dataclass(frozen=True)
class Played:
    """What the command left behind."""

    code: int
    out: str
    err: str
    trace: str

    @property
    def document(self) -> dict[str, Any]:
        return dict(json.loads(self.out))

    @property
    def course(self) -> dict[str, Any]:
        """The document without the one figure that the machine's load may change."""
        return {name: value for name, value in self.document.items() if name != "wall_seconds"}


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> list[Played]:
    """The same seed twice, with other hashes, and another seed; all at once, so under load."""
    begun = [
        _begin(tmp_path_factory.mktemp("demo"), "--seed", seed, hashes=hashes)
        for seed, hashes in (("7", "1"), ("7", "2"), ("8", "1"))
    ]
    return [_end(process, folder) for process, folder in begun]


def test_it_ends_well_with_four_zeros(runs):
    for run in runs:
        assert run.code == 0
        assert {name: run.document[name] for name in ZEROS} == dict.fromkeys(ZEROS, 0)


def test_stdout_is_one_document_with_the_names_that_scripts_read(runs):
    document = runs[0].document

    assert list(document) == KEYS
    assert runs[0].out.count("\n") == 1
    assert document["deadline"] == "2025-09-28"
    assert document["ledger"]["verified"] is True
    assert document["answered"] == document["opt_in"] + document["opt_out"]
    parts = ("answered", "no_answer", "unreachable", "excluded")
    assert document["people"] == sum(document[name] for name in parts)


def test_every_sum_is_the_number_of_messages(runs):
    document = runs[0].document

    sums = {name: sum(document[name].values()) for name in ("sent", "by_channel", "by_locale")}

    assert len(set(sums.values())) == 1
    assert set(document["by_channel"]) == {"telegram", "slack"}


def test_the_same_seed_takes_the_same_course(runs):
    """To the letter, whatever the load, the order of hashes and the port."""
    first, again, _ = runs

    assert first.course == again.course
    assert first.out[: first.out.index('"wall_seconds"')] == again.out[: again.out.index('"wall_seconds"')]
    assert first.trace == again.trace


def test_another_seed_takes_another_course(runs):
    assert runs[0].course != runs[2].course
    assert runs[0].trace != runs[2].trace


def test_the_faults_and_the_crash_leave_doubts_that_are_named(runs):
    """Nothing is doubled or lost unseen: what was in doubt is listed."""
    named = [line for line in runs[0].err.splitlines() if line.startswith("In doubt: ")]

    sends = [int(number) for line in named for number in re.findall(r"(\d+) sends", line)]
    assert sum(sends) + sum("one send" in line for line in named) == runs[0].document["in_doubt"] > 0
    assert any(re.search(r"delivered \d times", line) for line in named)
    assert "the application is killed" in runs[0].err


def test_samples_are_shown_as_they_look(runs):
    for sample in ("The first notice", "A receipt", "/lookup"):
        assert sample in runs[0].err


def test_the_trace_tells_neither_paths_nor_ports(runs):
    assert "127.0.0.1:" not in runs[0].trace
    assert "/demo" not in runs[0].trace


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--move-deadline", "tomorrow:2025-10-08"], "tomorrow"),
        (["--move-deadline", "2025-09-27"], "The new deadline"),
        (["--move-deadline", "2025-10-05:2025-10-08"], "The day of the move"),
        (["--trace", "no/such/folder/trace.jsonl"], "cannot be written"),
    ],
)
def test_wrong_arguments_are_told_in_one_sentence(tmp_path, arguments, told):
    process, _ = _begin(tmp_path, *arguments, trace=False)

    out, err = process.communicate(timeout=60)

    assert process.returncode == 2
    assert told in err
    assert "Traceback" not in err
    assert out == ""


async def test_the_judge_sees_what_goes_wrong(tmp_path, attempts):
    """A copy of a question, sent when all is over by somebody else with our token, is everything at once:
    twice, after an answer and after the deadline; and somebody whom nobody imported was never asked."""
    async with played(Script(people=16, seed=7, folder=tmp_path), Lines(lambda line: None)) as stage:
        clean = result_of(stage, wall_seconds=0)

        await _send_again(stage, _question_of_somebody_who_answered(stage, clean))
        stage.people.persons["u-0"] = _stranger(stage)
        found = result_of(stage, wall_seconds=0).as_json()

    assert clean.is_clean
    assert [found[name] for name in ZEROS] == [1, 1, 1, 1]
    assert attempts == []  # nothing left this machine


async def test_a_moved_deadline_is_told_to_those_who_knew_the_old_one(tmp_path):
    """As it really happened: on 27 September the date became 8 October."""
    move = Move(on=date(2025, 9, 27), to=date(2025, 10, 8))
    async with played(
        Script(people=20, seed=7, move=move, folder=tmp_path), Lines(lambda line: None)
    ) as stage:
        result = result_of(stage, wall_seconds=0)

    assert result.is_clean
    assert result.as_json()["deadline"] == "2025-10-08"
    assert "correction-1" in {row.step for row in result.record.sent}


def _begin(
    folder: Path, *arguments: str, hashes: str = "0", trace: bool = True
) -> tuple[subprocess.Popen[str], Path]:
    traced = ["--trace", "trace.jsonl"] if trace else []
    command = [sys.executable, "-m", "bot", "demo", "--people", "16", "--headless", "--json"]
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PYTHONHASHSEED": hashes,
        "BOT_TELEGRAM_TOKEN": "is ignored",
        "BOT_NONSENSE": "is ignored",
    }
    process = subprocess.Popen(
        [*command, *traced, *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    return process, folder


def _end(process: subprocess.Popen[str], folder: Path) -> Played:
    out, err = process.communicate(timeout=900)
    return Played(process.returncode, out, err, (folder / "trace.jsonl").read_text(encoding="utf-8"))


def _question_of_somebody_who_answered(stage: Stage, clean: Result) -> Entry:
    doubtful = {doubt.delivery for doubt in clean.record.doubts}
    answered = {
        entry.chat for entry in stage.oracle.entries if entry.direction == "okayed" and entry.delivery
    }
    return next(
        entry
        for entry in stage.oracle.campaign_messages()
        if entry.platform == "telegram" and entry.chat in answered and entry.delivery not in doubtful
    )


async def _send_again(stage: Stage, entry: Entry) -> None:
    buttons = [[{"text": "A button", "callback_data": data}] for data in entry.tokens]
    body = {"chat_id": entry.chat, "text": entry.text, "reply_markup": {"inline_keyboard": buttons}}
    url = f"{stage.sandbox.telegram_url}/bot{TOKEN}/sendMessage"
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as answer:
        assert (await answer.json())["ok"] is True


def _stranger(stage: Stage) -> Person:
    somebody = next(person for person in stage.people.persons.values() if person.was_open)
    who = Imported("u-0", Plan.PRO, "id", "Asia/Jakarta", date(2024, 1, 1))
    accounts = list(somebody.accounts.values())
    return Person(
        who,
        accounts,
        clock=stage.clock,
        random=somebody.random,
        deadline=somebody.deadline,
        watch=lambda seen: None,
    )
