"""How Python looks for garbage while the program serves."""

import gc

AFTER = 20_000  # objects more than were freed: some hundred messages on their way


def settle() -> None:
    """What is loaded by now is never looked through for garbage again, and the rest more rarely.

    Else each 700 objects begin a search, and one search in a hundred goes through all modules and statements:
    by `benchmarks.peers` that took a tenth of the time of a send.
    """
    gc.unfreeze()  # what an application that was closed has left behind
    gc.collect()
    gc.freeze()
    gc.set_threshold(AFTER)
