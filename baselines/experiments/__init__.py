"""Table 1, the frontier of size and accuracy, and the comparison of systems."""
