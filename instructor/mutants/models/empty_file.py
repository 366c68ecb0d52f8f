"""
fault = "hands in an empty file"
sentence = "This file is empty. Hand it in again, and look at its size first."
caught_by = ["2d.model.W2A2"]
"""


def damage(models):
    models["ResNet20_W2A2.pt"] = b""
