"""As many PostgreSQL databases as a test asks for."""

import uuid
from collections.abc import Callable, Iterator

import psycopg
import pytest


@pytest.fixture
def make_postgres(postgres_server: str) -> Iterator[Callable[[], str]]:
    """The address of a new, empty database at each call; all are gone afterwards."""
    made: list[str] = []
    with psycopg.connect(postgres_server, autocommit=True) as connection:

        def make() -> str:
            made.append(f"kill_{uuid.uuid4().hex}")
            connection.execute(f"CREATE DATABASE {made[-1]}".encode())
            address = postgres_server.replace("postgresql://", "postgresql+psycopg://")
            return address.replace("/postgres?", f"/{made[-1]}?")

        yield make
        for name in made:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
