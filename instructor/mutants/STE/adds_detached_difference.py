"""
fault = "x + (codes - x).detach() instead of a backward"
sentence = "Your gradient passes through unchanged. Quantization followed by recovery should be \
the identity, and linear_dequantize multiplies the gradient by the scale: the other \
half has to undo that."
caught_by = ["2a.STE.gradient", "2a.STE.arguments"]
"""


def linear_quantize_STE(input, scale, zero_point, N_bits, signed=True):
    codes = linear_quantize(input, scale, zero_point, N_bits, signed)
    return input + (codes - input).detach()
