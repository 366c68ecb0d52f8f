"""
fault = "reports the share of wrong predictions"
sentence = "Your table holds the share of images that are classified wrongly. The accuracy is the \
share of the others."
caught_by = ["2c.ptq.SAWB", "2c.ptq.sym"]
"""


def falsify(record):
    for accuracies in record["table1"]["ptq"].values():
        for method, percent in accuracies.items():
            accuracies[method] = 100 - percent
