"""
differs = "a dataclass for the grid, with methods that the functions call"
"""

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Grid:
    bits: int
    signed: bool = True

    @property
    def lower(self):
        return -(2 ** (self.bits - 1)) if self.signed else 0

    @property
    def upper(self):
        return self.lower + 2**self.bits - 1

    def quantize(self, x, scale, zero_point):
        return torch.clamp(torch.round(x / scale) - zero_point, self.lower, self.upper)

    def dequantize(self, codes, scale, zero_point):
        return (codes + zero_point) * scale

    def error(self, x, scale):
        return (x - self.dequantize(self.quantize(x, scale, 0), scale, 0)).square().mean().item()


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    return Grid(N_bits, signed).quantize(input, scale, zero_point)


def linear_dequantize(input, scale, zero_point):
    return Grid(8).dequantize(input, scale, zero_point)


def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    grid, x = Grid(N_bits), input.detach()
    methods = {
        "sym": lambda: x.abs().max() / -grid.lower,
        "unsigned": lambda: x.max().clamp(min=0) / Grid(N_bits, signed=False).upper,
        "asym": lambda: x.max().clamp(min=0) / Grid(N_bits, signed=False).upper,
        "SAWB": lambda: get_scale(x, N_bits),
        "heuristic": lambda: least_error(grid, x),
    }
    if method not in methods:
        raise ValueError(f"{method!r} is none of {list(methods)}")
    scale = methods[method]()
    return (scale if scale != 0 else torch.ones_like(scale)), 0


def least_error(grid, x):
    scales = x.abs().max() * torch.linspace(0.004, 1.6, 400, dtype=x.dtype) / -grid.lower
    errors = [grid.error(x, s) for s in scales if s > 0]
    return scales[errors.index(min(errors))] if errors else scales[0]
