"""
fault = "keeps the scale of 8 bits for all widths"
sentence = "Your errors at 4 and 2 bits were made with the scale of 8 bits, which clips almost \
everything there. Choose the scale anew for each width."
caught_by = ["1b.A.sym", "1b.A.heuristic", "1b.A.SAWB", "1b.B.sym", "1b.B.heuristic", "1b.B.SAWB"]
"""

from instructor import solution
from quantlab.vectors import student_vectors


def falsify(record):
    for vector, values in student_vectors(record["student"]).items():
        for method, cells in record["mse"][vector].items():
            for bits in cells:
                scale, zero = solution.reset_scale_and_zero_point(values, 8, method)
                codes = solution.linear_quantize(values, scale, zero, int(bits))
                recovered = solution.linear_dequantize(codes, scale, zero)
                cells[bits] = float((values - recovered).square().mean())
