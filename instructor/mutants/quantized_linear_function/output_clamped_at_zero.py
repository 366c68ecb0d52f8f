"""
fault = "cuts off negative outputs"
sentence = "Your negative outputs have become 0. Equation (6) has no ReLU: that is a layer of its \
own."
caught_by = ["2b.quantized_linear.values", "2b.quantized_linear.uses_integer_linear"]
"""


def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
    sums = integer_linear(input, weight).long()
    if bias is not None:
        sums = sums + bias
    return torch.relu(input_scale * weight_scale * sums)
