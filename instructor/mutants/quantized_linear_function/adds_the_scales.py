"""
fault = "multiplies by the sum of the scales"
sentence = "Your factor is the sum of the two scales. For a product of codes the scales are \
multiplied."
caught_by = ["2b.quantized_linear.values", "2b.quantized_linear.uses_integer_linear"]
"""


def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
    sums = integer_linear(input, weight).long()
    if bias is not None:
        sums = sums + bias
    return (input_scale + weight_scale) * sums
