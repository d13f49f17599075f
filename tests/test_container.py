"""The container files: clean by the linters, and of the same mind as the Procfile. Nothing here builds them."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
YAML_RULES = "{extends: default, rules: {line-length: {max: 120}}}"


def linted(*command: str) -> str:
    """What a linter has to say; nothing when it is content."""
    done = subprocess.run(
        [BIN / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def test_the_dockerfile_is_clean():
    assert linted("hadolint", "Dockerfile") == ""


def test_the_compose_file_is_clean():
    assert linted("yamllint", "--strict", "-d", YAML_RULES, "compose.yaml") == ""


def test_it_runs_what_the_procfile_runs():
    """A process that one of them forgets is found out on the day of a campaign."""
    compose = (ROOT / "compose.yaml").read_text()
    procfile = (ROOT / "Procfile").read_text()

    run = {" ".join(words.split(", ")[1:3]) for words in re.findall(r"command: \[(.*)\]", compose)}
    assert run == {"db upgrade", "web --host", "worker", "clock"}
    assert set(re.findall(r"^(\w+): tenggat", procfile, re.MULTILINE)) == {
        "release",
        "web",
        "worker",
        "clock",
    }


def test_nothing_secret_is_built_into_the_image():
    ignored = (ROOT / ".dockerignore").read_text().split()

    assert {".env", ".tenggat", ".git", ".venv"} <= set(ignored)
