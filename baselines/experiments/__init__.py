"""Table 1, the size-accuracy frontier and the comparison of methods."""
