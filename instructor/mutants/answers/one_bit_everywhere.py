"""
fault = "gives every layer 1 bit"
sentence = "With 1 bit everywhere the network is small and useless. Its accuracy must stay above \
the floor of question 3."
caught_by = ["3.bit_widths.accuracy"]
"""


def falsify(record):
    record["bit_widths"] = dict.fromkeys(record["bit_widths"], 1)
