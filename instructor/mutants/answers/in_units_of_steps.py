"""
fault = "reports the error in units of steps"
sentence = "Your errors are those of x / s, in units of steps. Multiply by the scale first, as \
equation (3) does, and compare real numbers with real numbers."
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
                cells[bits] = float(((values - recovered) / scale).square().mean())
