"""
fault = "clips the sums to the range of int8"
sentence = "Your sums are clipped to -128 .. 127. Only codes have 8 bits; sums of their products \
keep all of their 32 bits."
caught_by = ["2b.integer_linear.values", "2b.integer_linear.beyond_float32"]
"""


def integer_linear(input, weight):
    return F.linear(input.double(), weight.double()).clamp(-128, 127).to(torch.int32)
