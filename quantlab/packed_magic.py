"""How a packed model begins, for those who look at a file without torch (`quantlab.packed`)."""

MAGIC = b"RN20BITS"
