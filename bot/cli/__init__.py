"""The command line: one file a group of commands, each command one call into what lies below."""
