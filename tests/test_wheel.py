"""What is in the wheel."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

ROOT = Path(__file__).parents[1]
SHIPPED = {"locales": "*.po", "migrations": "*.py", "examples": "*.toml"}


def test_the_wheel_brings_every_folder_that_the_program_needs(tmp_path):
    """Installed without a checkout, the program has its words, its tables and its campaign."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)

    [wheel] = tmp_path.glob("*.whl")
    names = set(ZipFile(wheel).namelist())

    for folder, pattern in SHIPPED.items():
        expected = {f"bot/_shipped/{path.relative_to(ROOT)}" for path in (ROOT / folder).rglob(pattern)}
        assert expected
        assert expected <= names
    for path in (ROOT / "bot").rglob("*"):
        if path.parent.name in ("templates", "static"):  # what pages are made of
            assert str(path.relative_to(ROOT)) in names
    assert "bot/__main__.py" in names
    assert not [name for name in names if name.startswith(("tests/", ".")) or "__pycache__" in name]
