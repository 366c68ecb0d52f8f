"""
fault = "forgets a layer in the bit widths"
sentence = "One layer has no bit width. Give one for each of the 20 layers, conv1 and fc included."
caught_by = ["3.bit_widths.valid", "3.bit_widths.accuracy"]
"""


def falsify(record):
    del record["bit_widths"]["conv1"]
