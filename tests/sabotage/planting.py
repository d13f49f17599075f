"""Plants the fault that `TENGGAT_PLANT` names, if it names one, as soon as this is imported.

As a plugin of pytest, `-p tests.sabotage.planting`, that is before any test is collected; the processes that tests
start to be hurt import it as well.
"""

import os

VARIABLE = "TENGGAT_PLANT"
PLANTED = os.environ.get(VARIABLE)

if PLANTED:
    from tests.sabotage.plants import PLANTS  # only here: it knows most of the program

    PLANTS[PLANTED].plant()
