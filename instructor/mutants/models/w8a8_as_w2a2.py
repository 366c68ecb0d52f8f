"""
fault = "hands in the W8A8 model as W2A2"
sentence = "The codes in this file have 8 bits, but its name says 2. Hand in the model that was \
trained at the widths of its name."
caught_by = ["2d.model.W2A2"]
"""


def damage(models):
    models["ResNet20_W2A2.pt"] = models["ResNet20_W8A8.pt"]
