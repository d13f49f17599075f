"""Ports for tests that name one: a server that comes back where it was, an address at which nobody listens."""

import os
import random
import socket

LOWEST, HIGHEST = 20_000, 30_000
"""Below those that systems hand out for port 0 and for connections: Linux begins at 32,768, macOS at 49,152."""

WORKERS = 50
"""More than ever run tests side by side: each draws from a share of its own."""


def free_port() -> int:
    """A port of this machine that nobody listens on, and that nobody is given who does not ask for it.

    A port that the system chose and got back is handed to the next who asks: to another test, in the meantime.
    """
    share = (HIGHEST - LOWEST) // WORKERS
    first = LOWEST + _worker() % WORKERS * share
    for port in random.SystemRandom().sample(range(first, first + share), share):
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue
    raise OSError(
        f"every port from {first} to {first + share - 1} is taken: see what listens there, and end it"
    )


def _worker() -> int:
    """The number of this process among those that run tests; of one that runs alone, its own."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", f"gw{os.getpid()}").removeprefix("gw"))
