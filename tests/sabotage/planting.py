"""A plugin of pytest that plants a fault before any test is collected: `-p tests.sabotage.planting`."""

import os

from tests.sabotage.plants import PLANTS

VARIABLE = "TENGGAT_PLANT"

PLANTS[os.environ[VARIABLE]].plant()
