"""The commands of `python -m autograder`, one module each."""
