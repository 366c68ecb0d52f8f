"""The first bytes of a packed model, for readers without torch."""

MAGIC = b"RN20BITS"
