"""
fault = "compares the codes with the numbers"
sentence = "You compare the codes with the numbers that they stand for. Recover real numbers from \
the codes first, equation (3)."
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
                cells[bits] = float((values - codes).square().mean())
