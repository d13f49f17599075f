"""Being at work, as a virtual clock sees it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import TracebackType
from typing import Self

from bot.clock import Clock


class Hold:
    """While it is entered the clock does not jump, except inside `let_go`: for waits on the clock itself."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held: AbstractContextManager[None] | None = None

    def __enter__(self) -> Self:
        self.take()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.free()

    def take(self) -> None:
        """The clock is held, once, however often it is taken."""
        if self._held is None:
            self._held = self._clock.busy()
            self._held.__enter__()

    def free(self) -> None:
        """The clock is not held by this."""
        if self._held is not None:
            held, self._held = self._held, None
            held.__exit__(None, None, None)

    @contextmanager
    def let_go(self, *, client_is_busy: bool = True) -> Iterator[None]:
        """Inside, the clock may jump, though the client that waits for the answer may be at work."""
        self.free()
        try:
            with self._clock.parked() if client_is_busy else nullcontext():
                yield
        finally:
            self.take()
