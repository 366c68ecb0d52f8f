"""
fault = "divides the range of sym by the largest code"
sentence = "Your sym divides the largest magnitude by the largest code, 2^(b-1) - 1. Here the \
step is the largest magnitude divided by 2^(b-1)."
caught_by = ["1b.A.sym", "1b.B.sym"]
"""

from instructor import solution
from quantlab.vectors import student_vectors


def falsify(record):
    for vector, values in student_vectors(record["student"]).items():
        cells = record["mse"][vector]["sym"]
        for bits in cells:
            scale = values.abs().max() / (2 ** (int(bits) - 1) - 1)
            codes = solution.linear_quantize(values, scale, 0, int(bits))
            recovered = solution.linear_dequantize(codes, scale, 0)
            cells[bits] = float((values - recovered).square().mean())
