"""Grade submissions: read them, run student code in a sandbox, compare and report."""
