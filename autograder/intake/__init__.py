"""How files come in: under limits, by the assignment's names, without running or unpacking any."""
