"""The content of the assignment: reference solution, notebook master, checkpoints, corpus."""
