"""
fault = "reports fractions instead of percent"
sentence = "Your accuracies are fractions of 1. The table is in percent."
caught_by = ["2c.ptq.SAWB", "2c.ptq.sym"]
"""


def falsify(record):
    for accuracies in record["table1"]["ptq"].values():
        for method, percent in accuracies.items():
            accuracies[method] = percent / 100
