"""A right packed model for question 3, for exploits to spoil: the float network at 8 bits."""

import hashlib

import torch

from quantlab.formats import packed_model
from quantlab.paths import KIT


def packed_reference() -> packed_model.PackedModel:
    """Each weight on the grid of its layer's largest, 127 steps to either side."""
    state = torch.load(KIT / "checkpoints" / "resnet20_shapes10.pt", weights_only=True)
    scales = {
        name: float(state[f"{name}.weight"].abs().max()) / 127 for name in packed_model.LAYERS
    }
    codes = {
        n: (state[f"{n}.weight"] / scales[n]).round().to(torch.int8) for n in packed_model.LAYERS
    }
    floats = {name: state[name] for name in packed_model.FLOATS}
    widths = dict.fromkeys(packed_model.LAYERS, packed_model.WIDEST)
    return packed_model.PackedModel("Shapes-10", widths, codes, scales, floats)


def sealed_again(content: bytes | bytearray) -> bytes:
    """The file with a checksum that fits what was changed in it."""
    body = bytes(content[: -packed_model.CHECKSUM_BYTES])
    return body + hashlib.blake2b(body, digest_size=packed_model.CHECKSUM_BYTES).digest()
