"""
fault = "reads signed weights as unsigned bytes"
sentence = "Your weights are read as unsigned bytes, so that -1 counts as 255. Weight codes are \
signed."
caught_by = ["2b.integer_linear.values", "2b.integer_linear.beyond_float32"]
"""


def integer_linear(input, weight):
    codes = (weight & 0xFF).double()
    return F.linear(input.double(), codes).to(torch.int32)
