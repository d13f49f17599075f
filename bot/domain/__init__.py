"""Rules as plain functions of values: no I/O, no clock, no language, no SQL."""
