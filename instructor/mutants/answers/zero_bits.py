"""
fault = "gives a layer 0 bits"
sentence = "A layer has 0 bits, which leaves no weights. A width is a whole number from 1 to 8."
caught_by = ["3.bit_widths.valid", "3.bit_widths.accuracy"]
"""


def falsify(record):
    record["bit_widths"]["layer1.0.conv2"] = 0
