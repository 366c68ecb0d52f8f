"""Define the exit status of every command."""

DONE = 0
NEEDS_REVIEW = 1  # done, but staff must look at something; or a proof failed
USAGE = 2  # stopped on an error
INTERRUPTED = 130
