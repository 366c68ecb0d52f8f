"""Quantizers of weights at a bit width of their own, from the scale of least squared error.

`fixed_scale` keeps that scale. `learned_step` is LSQ, for fine-tuning. `learned_log_step` learns
the logarithm of the step, for reconstruction. Both use `CenteredBinary` at one bit.
"""

from torch import Tensor

from baselines.methods.scales import weight_scale
from baselines.quantizers.base import Quantizer, signed_codes
from baselines.quantizers.centered_binary import CenteredBinary
from baselines.quantizers.clipped_ste import ClippedStraightThrough
from baselines.quantizers.lsq import LearnedStep
from baselines.quantizers.qdrop import DroppingStep


def fixed_scale(weight: Tensor, bits: int) -> Quantizer:
    """Return a quantizer whose scale stays."""
    scale = weight_scale(weight, bits, "heuristic")
    return ClippedStraightThrough(*signed_codes(bits), scale)


def learned_step(weight: Tensor, bits: int) -> Quantizer:
    """Return a quantizer whose step is a parameter."""
    if bits == 1:
        return CenteredBinary(weight)
    scale = weight_scale(weight, bits, "heuristic")
    return LearnedStep(*signed_codes(bits), scale, weight.numel())


def learned_log_step(weight: Tensor, bits: int) -> Quantizer:
    """Return a quantizer whose parameter is the logarithm of its step."""
    if bits == 1:
        return CenteredBinary(weight)
    return DroppingStep(weight_scale(weight, bits, "heuristic"), *signed_codes(bits))
