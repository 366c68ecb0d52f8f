"""
fault = "exchanges A and B"
sentence = "Your errors of A stand where those of B belong, and those of B where A belongs."
caught_by = ["1b.A.sym", "1b.A.heuristic", "1b.A.SAWB", "1b.B.sym", "1b.B.heuristic", "1b.B.SAWB"]
"""


def falsify(record):
    record["mse"]["A"], record["mse"]["B"] = record["mse"]["B"], record["mse"]["A"]
