"""
fault = "returns float64 instead of int32"
sentence = "The values are right, but you return them as floating-point numbers. The sums of \
equation (6) are integers and are to be returned as int32."
caught_by = ["2b.integer_linear.values", "2b.integer_linear.beyond_float32"]
"""


def integer_linear(input, weight):
    return F.linear(input.double(), weight.double())
