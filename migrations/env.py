"""Alembic's entry: runs the migrations on the connection that it is handed."""

from alembic import context
from sqlmodel import SQLModel

from bot.store import models as models  # makes the tables known

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
