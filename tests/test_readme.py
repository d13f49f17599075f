"""The README does what it says: its own commands are run, and both languages tell the same."""

import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README, README_ID = ROOT / "README.md", ROOT / "README.id.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
AHEAD = (datetime.now(UTC) + timedelta(days=120)).date().isoformat()  # the README's own day comes in time
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")


def commands(readme: Path, *, about: str) -> list[str]:
    """The commands of the first block in which `about` is named."""
    block = next(block for block in BLOCK.findall(readme.read_text(encoding="utf-8")) if about in block)
    return [line.partition(" #")[0].strip() for line in block.splitlines() if line.strip()]


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The command as somebody types it, in a checkout of their own."""
    words = shlex.split(command)
    assert words[0] == "tenggat"
    environ = {"PYTHONPATH": str(ROOT), "BOT_SECRET_KEY": "k" * 32, "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        [sys.executable, "-m", "bot", *words[1:]],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The examples where the README expects them, and users of one's own."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "users.csv").write_bytes((ROOT / "examples" / "recipients.csv").read_bytes())
    return tmp_path


def test_a_campaign_of_ones_own_starts_by_the_readmes_commands(checkout):
    """What a newcomer types on the first day must not fail on the second line."""
    assert run("tenggat db upgrade", checkout).returncode == 0

    for command in commands(README, about="campaign new --from"):
        done = run(DAY.sub(AHEAD, command), checkout)
        assert (command, done.returncode, done.stderr if done.returncode else "") == (command, 0, "")

    shown = run("tenggat campaign list --json", checkout).stdout
    assert '"state": "running"' in shown


def test_both_languages_give_the_same_commands():
    def typed(readme: Path) -> list[str]:
        text = readme.read_text(encoding="utf-8")
        return [
            line.partition(" #")[0].strip() for block in BLOCK.findall(text) for line in block.splitlines()
        ]

    assert typed(README_ID) == typed(README)


def test_both_languages_list_the_same_commands_and_guarantees():
    """A row in one table that the other lacks is a promise that half of the readers never see."""

    def shape(readme: Path) -> list[int]:
        tables = re.findall(r"(?:^\|.*\n)+", readme.read_text(encoding="utf-8"), re.MULTILINE)
        return [table.count("\n") for table in tables]

    assert shape(README_ID) == shape(README)


@pytest.mark.parametrize("page", ["README.md", "README.id.md", *map(str, Path("docs").glob("*.md"))])
def test_every_link_leads_somewhere(page):
    file = ROOT / page

    missing = [
        link for link in LINK.findall(file.read_text(encoding="utf-8")) if not (file.parent / link).exists()
    ]

    assert missing == []


def test_every_setting_that_the_pages_name_exists():
    known = set(re.findall(r"BOT_[A-Z_]+", (ROOT / ".env.example").read_text(encoding="utf-8")))
    pages = [README, README_ID, *(ROOT / "docs").glob("*.md")]

    named = {
        name
        for page in pages
        for name in re.findall(r"BOT_[A-Z]+(?:_[A-Z]+)*", page.read_text(encoding="utf-8"))
    }

    assert named - known == set()
