"""A copy of a SQLite database, whole as it was at one instant, while others go on writing."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from bot.exceptions import BackupElsewhere, BadFile
from bot.store.database import Database


def write(database: Database, out: Path) -> int:
    """The copy is in this new file, on the disk and for its owner alone; how many bytes it has.

    Nothing that was erased before is in it. Raise `BackupElsewhere` for a database that has tools of its own.
    """
    source = database.url.database
    if not database.is_sqlite or source is None:
        raise BackupElsewhere(database.shown_url)
    try:
        os.close(os.open(out, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(f"{Path(source).absolute().as_uri()}?mode=ro", uri=True)) as connection:
            connection.execute("VACUUM INTO ?", [str(out)])  # it takes a file that is empty
        with out.open("rb") as file:
            os.fsync(file.fileno())
    except FileExistsError as error:
        raise BadFile(str(out), "there is such a file already; name a new one.") from error
    except (OSError, sqlite3.Error) as error:
        out.unlink(missing_ok=True)
        raise BadFile(str(out), f"cannot be written ({error}).") from error
    return out.stat().st_size
