"""
fault = "gives a layer 9 bits"
sentence = "A layer has more than 8 bits. A width is a whole number from 1 to 8."
caught_by = ["3.bit_widths.valid", "3.bit_widths.accuracy"]
"""


def falsify(record):
    record["bit_widths"]["fc"] = 9
