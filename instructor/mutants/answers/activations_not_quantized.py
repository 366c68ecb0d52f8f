"""
fault = "reports the row of 8-bit activations for all activations"
sentence = "Your accuracies do not depend on the bits of the activations. In W8A2 and W2A2 these \
have 2 bits."
caught_by = ["2c.ptq.SAWB", "2c.ptq.sym"]
"""


def falsify(record):
    ptq = record["table1"]["ptq"]
    ptq["W8A2"], ptq["W2A2"] = dict(ptq["W8A8"]), dict(ptq["W2A8"])
