"""Owners of leases: names that tell others on this host when their process is dead."""

import os
import secrets
import socket


def owner_name() -> str:
    """A name for this process's leases, which tells others on this host when it is dead."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def is_dead(owner: str) -> bool:
    """Whether the process of this name was on this host and is no more."""
    host, pid, _ = owner.rsplit(":", 2)
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
