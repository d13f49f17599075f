"""Named places in the code where a test may stop, fail or kill the program."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

_armed: dict[str, Callable[[], None]] = {}


def failpoint(name: str) -> None:
    """Do nothing, unless somebody armed `name`: then do that, and let what it raises pass."""
    action = _armed.get(name)
    if action is not None:
        action()


def arm(name: str, action: Callable[[], None]) -> None:
    """From now on `action` happens each time the program comes past `name`."""
    _armed[name] = action


def disarm(name: str) -> None:
    """The program passes `name` unharmed again."""
    _armed.pop(name, None)


@contextmanager
def armed(name: str, action: Callable[[], None]) -> Iterator[None]:
    """Within the block `action` happens at `name`."""
    arm(name, action)
    try:
        yield
    finally:
        disarm(name)
