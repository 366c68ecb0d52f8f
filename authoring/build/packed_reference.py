"""Build a valid packed model for question 3, which attacks corrupt."""

import hashlib

import torch

from quantlab.formats import packed_model
from quantlab.paths import KIT


def packed_reference() -> packed_model.PackedModel:
    """Return the float network at 8 bits: 127 steps on either side of zero, per layer."""
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
    """Return the file with a valid checksum, after its content was changed."""
    body = bytes(content[: -packed_model.CHECKSUM_BYTES])
    return body + hashlib.blake2b(body, digest_size=packed_model.CHECKSUM_BYTES).digest()
