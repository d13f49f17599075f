"""A talk with one person."""
