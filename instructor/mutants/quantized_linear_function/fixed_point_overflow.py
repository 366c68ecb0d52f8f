"""
fault = "multiplies by a fixed-point factor that overflows int32"
sentence = "Your factor s_x s_w is an integer with many bits after the point, and its product \
with a sum overflows int32. Real outputs are asked for, so multiply in floating point."
caught_by = ["2b.quantized_linear.values", "2b.quantized_linear.uses_integer_linear"]
"""


def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
    sums = integer_linear(input, weight)
    if bias is not None:
        sums = sums + bias
    factor = round(float(input_scale * weight_scale) * 2**24)
    return ((sums * factor) >> 24).float()
