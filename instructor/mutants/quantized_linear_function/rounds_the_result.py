"""
fault = "rounds the outputs to integers"
sentence = "Your outputs are rounded to whole numbers. They are the real numbers y of equation (6)."
caught_by = ["2b.quantized_linear.values", "2b.quantized_linear.uses_integer_linear"]
"""


def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
    sums = integer_linear(input, weight).long()
    if bias is not None:
        sums = sums + bias
    return torch.round(input_scale * weight_scale * sums)
