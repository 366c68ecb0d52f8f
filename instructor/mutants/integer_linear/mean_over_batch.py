"""
fault = "averages over the batch"
sentence = "Your result is the mean over the examples of a batch. Every example has outputs of \
its own."
caught_by = ["2b.integer_linear.values", "2b.integer_linear.beyond_float32"]
"""


def integer_linear(input, weight):
    return F.linear(input.double(), weight.double()).mean(0).round().to(torch.int32)
