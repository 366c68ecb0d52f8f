"""
fault = "reports the mean of the differences"
sentence = "Your differences are averaged without being squared, so that those above and below \
zero cancel. That is the bias of the error, which question 1c asks about."
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
                cells[bits] = abs(float((values - recovered).mean()))
