"""
fault = "adds up in float32"
sentence = "float32 holds every integer up to 2^24 only; beyond it your sums lose their last \
digits. Compute in a type that holds all your sums exactly."
caught_by = ["2b.integer_linear.beyond_float32"]
"""


def integer_linear(input, weight):
    return F.linear(input.float(), weight.float()).round().to(torch.int32)
