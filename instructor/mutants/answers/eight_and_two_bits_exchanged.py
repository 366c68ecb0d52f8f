"""
fault = "exchanges the columns of 8 and 2 bits"
sentence = "Your columns of 8 and 2 bits have changed places: more bits mean a smaller error."
caught_by = ["1b.A.sym", "1b.A.heuristic", "1b.A.SAWB", "1b.B.sym", "1b.B.heuristic", "1b.B.SAWB"]
"""


def falsify(record):
    for methods in record["mse"].values():
        for cells in methods.values():
            cells["8"], cells["2"] = cells["2"], cells["8"]
