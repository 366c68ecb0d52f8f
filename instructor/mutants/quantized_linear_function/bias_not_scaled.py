"""
fault = "adds the codes of the bias to scaled sums"
sentence = "You add the codes of the bias after scaling, as if they were real numbers. In \
equation (6) the bias is added to the sums before these are scaled."
caught_by = ["2b.quantized_linear.values", "2b.quantized_linear.uses_integer_linear"]
"""


def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
    result = input_scale * weight_scale * integer_linear(input, weight)
    return result if bias is None else result + bias
