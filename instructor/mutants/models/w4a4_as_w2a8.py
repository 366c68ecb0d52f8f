"""
fault = "hands in the W4A4 model as W2A8"
sentence = "The codes in this file have 4 bits, but its name says 2. Each of the five models has \
a file of its own."
caught_by = ["2d.model.W2A8"]
"""


def damage(models):
    models["ResNet20_W2A8.pt"] = models["ResNet20_W4A4.pt"]
