"""How a packed model begins, for those who look at a file without torch."""

MAGIC = b"RN20BITS"
