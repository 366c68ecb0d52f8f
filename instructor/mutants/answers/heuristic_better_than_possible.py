"""
fault = "invents an error below the least possible"
sentence = "No scale has an error as small as the one that you report for the heuristic. Report \
what your code measures."
caught_by = ["1b.A.heuristic"]
named = false
"""


def falsify(record):
    cells = record["mse"]["A"]["heuristic"]
    for bits in cells:
        cells[bits] *= 0.8
