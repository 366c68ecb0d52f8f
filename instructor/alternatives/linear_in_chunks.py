"""
differs = "integer_linear: chunks short enough for exact float sums, added as integers"
"""

import torch

CHUNK = 64


def integer_linear(input, weight):
    for t in (input, weight):
        if t.dtype != torch.int32:
            raise TypeError(f"int32 expected, {t.dtype} found")
    total = torch.zeros(
        (*input.shape[:-1], weight.shape[0]), dtype=torch.int64, device=input.device
    )
    for x, w in zip(input.split(CHUNK, -1), weight.split(CHUNK, -1), strict=True):
        total = total + (x.double() @ w.double().T).to(torch.int64)
    info = torch.iinfo(torch.int32)
    if total.max() > info.max or total.min() < info.min:
        raise OverflowError(f"{total.abs().max().item()} does not fit")
    return total.to(torch.int32)
