"""Tenggat: tells existing users of a policy update with a deadline, reminds them, keeps their choice."""

__version__ = "0.1.0"
