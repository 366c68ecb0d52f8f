"""
fault = "divides the sums by the number of features"
sentence = "You average over the input features where equation (6) adds up: the sums are not \
divided by the number of products."
caught_by = ["2b.integer_linear.values", "2b.integer_linear.beyond_float32"]
"""


def integer_linear(input, weight):
    return (F.linear(input.double(), weight.double()) / weight.shape[1]).round().to(torch.int32)
