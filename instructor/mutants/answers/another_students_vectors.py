"""
fault = "copies the table of another student"
sentence = "These are the errors of another student's vectors. Draw A and B with your own id."
caught_by = ["1b.A.sym", "1b.A.heuristic", "1b.A.SAWB", "1b.B.sym", "1b.B.heuristic", "1b.B.SAWB"]
named = false
"""

from instructor import solution
from quantlab.vectors import student_vectors


def falsify(record):
    for vector, values in student_vectors("somebody else").items():
        for method, cells in record["mse"][vector].items():
            for bits in cells:
                scale, zero = solution.reset_scale_and_zero_point(values, int(bits), method)
                codes = solution.linear_quantize(values, scale, zero, int(bits))
                recovered = solution.linear_dequantize(codes, scale, zero)
                cells[bits] = float((values - recovered).square().mean())
