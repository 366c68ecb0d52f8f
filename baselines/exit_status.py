"""Exit status of every command."""

DONE = 0
BELOW_TARGET = 1  # a committed model misses its record or its target
USAGE = 2  # it could not start
INTERRUPTED = 130
