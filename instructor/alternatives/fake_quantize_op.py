"""
differs = "codes from torch.fake_quantize_per_tensor_affine"
"""

import torch


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    # torch's fake quantization gives code * scale, and adds its zero point the other way round
    lo, hi = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
    s = float(scale)
    shifted = (input.detach() - zero_point * s).float()
    fake = torch.fake_quantize_per_tensor_affine(shifted, s, 0, lo, hi)
    return torch.round(fake / s).to(input.dtype)
