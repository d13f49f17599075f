"""Telegram."""

import os

# The library is about to give durations as timedelta and warns at each one that it still gives as a number;
# this is its own switch for "now, please", read at every use.
os.environ.setdefault("PTB_TIMEDELTA", "true")
