"""
fault = "gives the widths to the layers in reverse order"
sentence = "Your widths are valid, but the network is not above the floor with them. Measure the \
network at the very widths that you report, layer by layer."
caught_by = ["3.bit_widths.accuracy"]
named = false
"""


def falsify(record):
    widths = record["bit_widths"]
    record["bit_widths"] = dict(zip(widths, reversed(list(widths.values())), strict=True))
