"""
fault = "exchanges the columns of SAWB and sym in Table 1"
sentence = "Your columns of SAWB and sym have changed places in Table 1."
caught_by = ["2c.ptq.SAWB", "2c.ptq.sym"]
"""


def falsify(record):
    for accuracies in record["table1"]["ptq"].values():
        accuracies["SAWB"], accuracies["sym"] = accuracies["sym"], accuracies["SAWB"]
