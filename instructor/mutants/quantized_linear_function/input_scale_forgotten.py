"""
fault = "multiplies by s_w only"
sentence = "Your sums are multiplied by s_w only. A product of two codes stands for s_x s_w times \
as much."
caught_by = ["2b.quantized_linear.values", "2b.quantized_linear.uses_integer_linear"]
"""


def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
    sums = integer_linear(input, weight).long()
    if bias is not None:
        sums = sums + bias
    return weight_scale * sums
