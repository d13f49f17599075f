"""The schema: at which revision a database is, and how it comes to another."""

from functools import cache

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from bot import resources


def upgrade(engine: Engine, to: str) -> None:
    """The database is at revision `to`, or at the newest: `head`."""
    with engine.connect() as connection:
        command.upgrade(_alembic(connection), to)
        connection.commit()


def downgrade(engine: Engine, to: str) -> None:
    """It is back at revision `to`, or without any table: `base`."""
    with engine.connect() as connection:
        command.downgrade(_alembic(connection), to)
        connection.commit()


def revision(engine: Engine) -> str | None:
    """The revision that it is at; None when nothing was made in it."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


@cache
def newest() -> str:
    """This release's revision; reading it out of the migrations takes longer than asking the database for its own."""
    return ScriptDirectory.from_config(_alembic(None)).get_current_head() or "none"


def _alembic(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.migrations()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
