"""
fault = "adds up in int16, where sums wrap around"
sentence = "The products are added up in 16 bits, which hold sums up to 32767 only and then wrap \
around. The accumulator of equation (6) needs 32 bits."
caught_by = ["2b.integer_linear.values", "2b.integer_linear.beyond_float32"]
"""


def integer_linear(input, weight):
    return (input.to(torch.int16) @ weight.to(torch.int16).T).to(torch.int32)
