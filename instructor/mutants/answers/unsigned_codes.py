"""
fault = "quantizes signed data to unsigned codes"
sentence = "Your codes begin at 0, so that all negative numbers are lost. A and B have both signs \
and need signed codes."
caught_by = ["1b.A.sym", "1b.A.heuristic", "1b.A.SAWB", "1b.B.sym", "1b.B.heuristic", "1b.B.SAWB"]
"""

from instructor import solution
from quantlab.vectors import student_vectors


def falsify(record):
    for vector, values in student_vectors(record["student"]).items():
        for method, cells in record["mse"][vector].items():
            for bits in cells:
                scale, zero = solution.reset_scale_and_zero_point(values, int(bits), method)
                codes = solution.linear_quantize(values, scale, zero, int(bits), signed=False)
                recovered = solution.linear_dequantize(codes, scale, zero)
                cells[bits] = float((values - recovered).square().mean())
