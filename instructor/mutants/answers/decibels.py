"""
fault = "reports signal to noise in decibels"
sentence = "Your numbers are signal-to-noise ratios in decibels. The table holds the mean squared \
error as it is."
caught_by = ["1b.A.sym", "1b.A.heuristic", "1b.A.SAWB", "1b.B.sym", "1b.B.heuristic", "1b.B.SAWB"]
"""

from instructor import solution
from quantlab.vectors import student_vectors


def falsify(record):
    for vector, values in student_vectors(record["student"]).items():
        for method, cells in record["mse"][vector].items():
            for bits in cells:
                scale, zero = solution.reset_scale_and_zero_point(values, int(bits), method)
                codes = solution.linear_quantize(values, scale, zero, int(bits))
                recovered = solution.linear_dequantize(codes, scale, zero)
                cells[bits] = float(
                    10 * (values.square().mean() / (values - recovered).square().mean()).log10()
                )
