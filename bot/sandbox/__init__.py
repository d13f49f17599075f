"""Fake platforms and simulated people."""
