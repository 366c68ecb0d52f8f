"""Equation (1), for functions that depend on it: see `autograder.engine.oracle`."""

import torch


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    """Return the codes of real numbers."""
    lowest, highest = (
        (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
    )
    return torch.clamp(torch.round(input / scale) - zero_point, lowest, highest)
