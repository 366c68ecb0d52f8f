"""Integer codes packed bit by bit, in two's complement, the lowest bit first."""

import numpy as np

from quantlab.errors import BadPackedModel


def pack_codes(codes: np.ndarray, bits: int) -> bytes:
    """Return integers -2^(b-1) .. 2^(b-1) - 1, of any shape, in ceil(codes.size b / 8) bytes."""
    columns = codes.reshape(-1, 1).astype(np.int8).view(np.uint8)
    flags = np.unpackbits(columns, axis=1, count=bits, bitorder="little")
    return np.packbits(flags, bitorder="little").tobytes()


def unpack_codes(content: bytes, count: int, bits: int) -> np.ndarray:
    """Return the int8 codes (count,) in the bytes of `pack_codes`.

    Raises:
        BadPackedModel: Bits are set behind the codes.
    """
    flags = np.unpackbits(np.frombuffer(content, np.uint8), bitorder="little")
    if flags[count * bits :].any():
        raise BadPackedModel(
            f"There are bits behind {count} codes of {bits} bits: fill the last byte with zeros."
        )
    places = 2 ** np.arange(bits, dtype=np.int16)
    places[-1] = -places[-1]  # two's complement
    rows = flags[: count * bits].reshape(count, bits)
    return (rows * places).sum(1, dtype=np.int16).astype(np.int8)
