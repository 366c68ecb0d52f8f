"""A right packed model for question 3, for exploits to spoil: the float network at 8 bits."""

import hashlib

import torch

from instructor.stub import KIT
from quantlab import packed


def packed_reference() -> packed.PackedModel:
    """Each weight on the grid of its layer's largest, 127 steps to either side."""
    state = torch.load(KIT / "checkpoints" / "resnet20_shapes10.pt", weights_only=True)
    scales = {name: float(state[f"{name}.weight"].abs().max()) / 127 for name in packed.LAYERS}
    codes = {n: (state[f"{n}.weight"] / scales[n]).round().to(torch.int8) for n in packed.LAYERS}
    floats = {name: state[name] for name in packed.FLOATS}
    widths = dict.fromkeys(packed.LAYERS, packed.WIDEST)
    return packed.PackedModel("Shapes-10", widths, codes, scales, floats)


def sealed_again(content: bytes | bytearray) -> bytes:
    """The file with a checksum that fits what was changed in it."""
    body = bytes(content[: -packed.CHECKSUM_BYTES])
    return body + hashlib.blake2b(body, digest_size=packed.CHECKSUM_BYTES).digest()
