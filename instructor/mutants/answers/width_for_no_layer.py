"""
fault = "gives a bit width to a layer that does not exist"
sentence = "You give a bit width to a layer that the network does not have. Use the names of its \
20 layers."
caught_by = ["3.bit_widths.valid", "3.bit_widths.accuracy"]
"""


def falsify(record):
    record["bit_widths"]["conv1x"] = 8
