"""
fault = "exchanges the rows W8A2 and W2A8"
sentence = "Your rows W8A2 and W2A8 have changed places: W stands for the bits of the weights, A \
for those of the activations."
caught_by = ["2c.ptq.SAWB", "2c.ptq.sym"]
"""


def falsify(record):
    ptq = record["table1"]["ptq"]
    ptq["W8A2"], ptq["W2A8"] = ptq["W2A8"], ptq["W8A2"]
