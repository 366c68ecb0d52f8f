"""
fault = "casts the operands to int8, where they wrap around"
sentence = "You convert the codes to int8, in which unsigned codes above 127 wrap around to \
negative numbers. The codes come as int32 and must keep their values."
caught_by = ["2b.integer_linear.values", "2b.integer_linear.beyond_float32"]
"""


def integer_linear(input, weight):
    return F.linear(input.to(torch.int8).double(), weight.to(torch.int8).double()).to(torch.int32)
