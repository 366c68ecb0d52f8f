"""
fault = "reports the sum of the squares"
sentence = "Your numbers are sums over all elements. Divide by their number: the mean is asked for."
caught_by = ["1b.A.sym", "1b.A.heuristic", "1b.A.SAWB", "1b.B.sym", "1b.B.heuristic", "1b.B.SAWB"]
"""


def falsify(record):
    for methods in record["mse"].values():
        for cells in methods.values():
            for bits, error in cells.items():
                cells[bits] = 100_000 * error
