"""How fast it is, and beside whom: `make bench`."""
