"""
fault = "drops the sign of the weights"
sentence = "Your sums take the magnitude of each weight. Negative weights must lower a sum, so \
keep their sign."
caught_by = ["2b.integer_linear.values", "2b.integer_linear.beyond_float32"]
"""


def integer_linear(input, weight):
    return F.linear(input.double(), weight.double().abs()).to(torch.int32)
