"""
fault = "names the weights instead of the layers"
sentence = "Your bit widths are given for weights, such as fc.weight. Name the layers, such as fc."
caught_by = ["3.bit_widths.valid", "3.bit_widths.accuracy"]
"""


def falsify(record):
    widths = record["bit_widths"]
    record["bit_widths"] = {f"{layer}.weight": bits for layer, bits in widths.items()}
