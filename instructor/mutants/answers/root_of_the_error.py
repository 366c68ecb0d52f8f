"""
fault = "reports the root of the mean squared error"
sentence = "Your numbers are roots of the mean squared error. The table asks for the mean of the \
squares itself."
caught_by = ["1b.A.sym", "1b.A.heuristic", "1b.A.SAWB", "1b.B.sym", "1b.B.heuristic", "1b.B.SAWB"]
"""


def falsify(record):
    for methods in record["mse"].values():
        for cells in methods.values():
            for bits, error in cells.items():
                cells[bits] = error**0.5
