"""
differs = "prints, warns and logs on the way, and counts its calls in a global"
"""

import logging
import sys
import warnings

import torch

logger = logging.getLogger("quantization")
CALLS = {"quantize": 0, "linear": 0}
print("loading my solution")


def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    CALLS["quantize"] += 1
    if CALLS["quantize"] < 5:
        print("linear_quantize", tuple(input.shape), float(scale), N_bits, signed)
    low = -(2 ** (N_bits - 1)) if signed else 0
    high = low + 2**N_bits - 1
    codes = torch.round(input / scale) - zero_point
    clipped = int(((codes < low) | (codes > high)).sum())
    if clipped and CALLS["quantize"] < 5:
        warnings.warn(f"{clipped} values are clipped", stacklevel=2)
    logger.info("clipped %d values", clipped)
    return codes.clamp(low, high)


def linear_dequantize(input, scale, zero_point):
    x_hat = scale * (input + zero_point)
    logger.debug("dequantized %s", x_hat)
    return x_hat


def integer_linear(input, weight):
    CALLS["linear"] += 1
    print("integer_linear call number", CALLS["linear"], file=sys.stderr)
    if input.dtype != torch.int32 or weight.dtype != torch.int32:
        raise TypeError("int32 expected")
    result = input.double() @ weight.double().T
    print("largest:", result.abs().max().item())
    if result.abs().max() >= 2**31:
        raise OverflowError("larger than int32")
    return result.to(torch.int32)


def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
    acc = integer_linear(input, weight)
    print(f"{acc.shape=} {acc.dtype=}")
    if bias is None:
        warnings.warn("no bias", UserWarning, stacklevel=2)
        return acc * input_scale * weight_scale
    return (acc + bias) * input_scale * weight_scale
