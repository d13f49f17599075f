"""Plants a fault and simulates seed after seed until a rule is seen broken: `python -m tests.sabotage.simulated NAME`.

Prints the seed and the rule. Exits 1 when a rule was broken, which is what a control is for, and 0 if none was.
"""

import logging
import os
import sys
from collections.abc import Iterable

from bot.sandbox.simulation import simulate
from bot.sandbox.simulation.rules import Broken
from bot.sandbox.simulation.watch import Watch
from tests.sabotage.plants import PLANTS

SEEDS = range(1, 201)
PEOPLE = 14


def main(name: str) -> None:
    """Simulate with the fault called `name`."""
    logging.disable(logging.CRITICAL)
    PLANTS[name].plant()
    for seed in SEEDS:
        Watch._note = _stopping(seed)  # type: ignore[method-assign]
        simulate(seed, PEOPLE)


def _stopping(seed: int):
    def note(self: Watch, broken: Iterable[Broken]) -> None:
        for one in broken:
            sys.stdout.write(f"seed {seed}: {one.rule}: {one.what}\n")
            sys.stdout.flush()
            os._exit(1)  # the first one will do; a run with a planted fault may never end

    return note


if __name__ == "__main__":
    main(sys.argv[1])
