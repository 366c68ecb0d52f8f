"""Grade one submission: run its checks, assemble the report, decide what needs review."""
