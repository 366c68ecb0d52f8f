"""One module per command: it calls the experiments and prints what they return."""
