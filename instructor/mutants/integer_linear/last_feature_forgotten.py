"""
fault = "leaves out the last input feature"
sentence = "The last input feature is missing in your sums. They run over all input features."
caught_by = ["2b.integer_linear.values", "2b.integer_linear.beyond_float32"]
"""


def integer_linear(input, weight):
    sums = torch.zeros(input.shape[0], weight.shape[0], dtype=torch.int64)
    for k in range(weight.shape[1] - 1):
        sums += input[:, k : k + 1].long() * weight[:, k].long()
    return sums.to(torch.int32)
