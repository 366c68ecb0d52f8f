"""
fault = "cuts the outputs off to int32"
sentence = "Your outputs are converted to int32, which cuts off their fraction. The outputs y of \
equation (6) are real numbers; only the sums inside are integers."
caught_by = ["2b.quantized_linear.values", "2b.quantized_linear.uses_integer_linear"]
"""


def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
    sums = integer_linear(input, weight).long()
    if bias is not None:
        sums = sums + bias
    return (input_scale * weight_scale * sums).to(torch.int32)
