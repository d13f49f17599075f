"""Property tests run the same examples everywhere, and are not failed by a slow machine."""

from hypothesis import settings

settings.register_profile("tenggat", deadline=None, derandomize=True, database=None)
settings.load_profile("tenggat")
