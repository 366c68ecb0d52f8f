"""
fault = "reports the trained models as post-training quantization"
sentence = "The accuracies of your trained models stand in the half for post-training \
quantization. That half is measured before any training."
caught_by = ["2c.ptq.SAWB", "2c.ptq.sym"]
named = false
"""


def falsify(record):
    for cell, accuracies in record["table1"]["ptq"].items():
        for method in accuracies:
            accuracies[method] = record["table1"]["qat"][cell]["sym"]
