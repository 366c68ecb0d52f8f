"""
fault = "returns the transposed result"
sentence = "Your result has one row per output; one row per example is asked for, (..., out)."
caught_by = ["2b.integer_linear.values", "2b.integer_linear.beyond_float32"]
"""


def integer_linear(input, weight):
    return (weight.double() @ input.double().T).to(torch.int32)
