"""
fault = "exchanges the rows of sym and SAWB"
sentence = "Your rows of sym and SAWB have changed places. At 2 bits the range up to the largest \
magnitude has the larger error."
caught_by = ["1b.A.sym", "1b.A.SAWB", "1b.B.sym", "1b.B.SAWB"]
"""


def falsify(record):
    for methods in record["mse"].values():
        methods["sym"], methods["SAWB"] = methods["SAWB"], methods["sym"]
