"""
fault = "computes in bfloat16"
sentence = "bfloat16 has 8 significant bits, so that your sums are rounded to few of their \
digits. Exact integers are asked for."
caught_by = ["2b.integer_linear.values", "2b.integer_linear.beyond_float32"]
"""


def integer_linear(input, weight):
    return F.linear(input.bfloat16(), weight.bfloat16()).to(torch.int32)
