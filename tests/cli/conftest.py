"""The command line, run in this process or in one of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main
from tests.conftest import CANARIES

CAMPAIGN = """
slug = "terms"
template = "claude-consumer-terms"
announce = {announce}
deadline = {deadline}
zone = "Asia/Jakarta"
authoritative_locale = "id"
link = "https://example.com/terms"
"""
PEOPLE = """\
ref,plan,locale,timezone,registered_at,telegram_chat_id,slack_team_id,slack_user_id,email_hash
u-1,pro,id,Asia/Jakarta,2024-05-01,1001,,,
u-2,free,en,America/New_York,2024-05-01,,T1,U2,
u-3,work,en,,2024-05-01,1003,,,
"""


@dataclass(frozen=True)
class Finished:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on stdout."""
        return json.loads(self.out)


Run = Callable[..., Finished]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with two files in it and no setting but the database in the environment."""
    for name in [name for name in os.environ if name.startswith("BOT_") or name == "PORT"]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "people.csv").write_text(PEOPLE)
    (tmp_path / "ahead.toml").write_text(CAMPAIGN.format(announce="2099-09-02", deadline="2099-09-28"))
    (tmp_path / "passed.toml").write_text(CAMPAIGN.format(announce="2025-09-02", deadline="2025-09-28"))
    return tmp_path


@pytest.fixture
def tenggat(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process, as `python -m bot` would."""

    def run(*arguments: str, stdin: str = "") -> Finished:
        monkeypatch.setattr(sys, "argv", ["tenggat", *arguments])
        monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(stdin.encode())))
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        out, err = capsys.readouterr()
        CANARIES.look(f"stderr of {arguments[:2]}", err)
        return Finished(code, out, err)

    return run


@pytest.fixture
def ready(tenggat: Run, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The same with a migrated database."""
    monkeypatch.setenv("BOT_DATABASE_URL", sqlite_url)
    return tenggat


@pytest.fixture
def started(ready: Run) -> Run:
    """The same with people and a campaign that has started."""
    for command in (
        ["recipients", "import", "people.csv"],
        ["campaign", "load", "ahead.toml", "--by", "ann"],
        ["campaign", "approve", "terms", "--by", "bob"],
        ["campaign", "start", "terms", "--by", "bob"],
    ):
        assert ready(*command).code == 0
    return ready


@pytest.fixture
def process(home: Path) -> Run:
    """Runs a command in a process of its own."""

    def run(*arguments: str, stdin: str = "", env: Mapping[str, str] | None = None) -> Finished:
        done = subprocess.run(
            [sys.executable, "-m", "bot", *arguments],
            cwd=home,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **(env or {})},
            input=stdin.encode(),
            capture_output=True,
            timeout=60,
            check=False,
        )
        return Finished(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run
