"""
fault = "hands in the W8A8 model as W8A2"
sentence = "The input scales in this file belong to 8 bits: with 2 bits they reach a small part \
of the range, and all else is clipped. Calibrate and train at 2 bits."
caught_by = ["2d.model.W8A2"]
"""


def damage(models):
    models["ResNet20_W8A2.pt"] = models["ResNet20_W8A8.pt"]
