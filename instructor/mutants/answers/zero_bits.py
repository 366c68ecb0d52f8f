"""
fault = "gives the classifier 0 bits"
sentence = "fc has 0 bits, which leaves no weights. Only a convolution inside a residual branch \
can be removed; all other widths are whole numbers from 1 to 8."
caught_by = ["3.bit_widths.valid", "3.bit_widths.accuracy"]
"""


def falsify(record):
    record["bit_widths"]["fc"] = 0
