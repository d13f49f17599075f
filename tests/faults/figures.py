"""What tortures measured: a line of JSON each, in the file that `TENGGAT_FIGURES` names."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

VARIABLE = "TENGGAT_FIGURES"


def measured(what: str, **figures: float | str) -> None:
    """These figures were measured now; without a file to keep them in they are forgotten."""
    path = os.environ.get(VARIABLE)
    if not path:
        return
    line = {"what": what, "at": datetime.now(UTC).date().isoformat(), **figures}
    with Path(path).open("a", encoding="utf-8") as file:  # one short write: processes may share it
        file.write(json.dumps(line) + "\n")
