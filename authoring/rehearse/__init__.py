"""Make a class of submissions whose points are known."""
