"""Generate a class of submissions whose points are known in advance."""
