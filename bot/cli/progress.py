"""How far a long command is: a bar on a terminal, a line now and then elsewhere; both on stderr."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bot.cli.console import note

Progress = Callable[[int, int], None]  # done, in all

STEPS = 10  # lines at most, where there is no terminal to draw on
FEW = 1_000  # not worth a line


@contextmanager
def progress(what: str, *, few: int = FEW) -> Iterator[Progress]:
    """Call it with how much is done and how much there is in all; `few` is a total not worth a line."""
    if not sys.stderr.isatty():
        yield _told_now_and_then(what, few)
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _told_now_and_then(what: str, few: int) -> Progress:
    told = 0

    def tell(done: int, total: int) -> None:
        nonlocal told
        share = done * STEPS // total if total > few else 0
        if share > told:
            told = share
            note(f"{what}: {done} of {total}")

    return tell
