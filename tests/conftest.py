"""What every test stands on: no way out of this machine."""

import socket
from collections.abc import Callable, Iterator

import pytest


class LeftTheMachine(AssertionError):
    """A test tried to reach somebody else's computer."""


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """A connection to anything but this machine fails, in whatever library it is attempted."""
    patch = pytest.MonkeyPatch()
    for name in ("connect", "connect_ex", "sendto"):
        patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
    yield
    patch.undo()


def _guarded(original: Callable[..., object]) -> Callable[..., object]:
    def guarded(self: socket.socket, *args: object) -> object:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(args[-1]):
            raise LeftTheMachine(f"a test tried to reach {args[-1]}")
        return original(self, *args)

    return guarded


def _is_loopback(address: object) -> bool:
    host = str(address[0]) if isinstance(address, tuple) else str(address)
    return host in ("localhost", "::1") or host.startswith("127.")
