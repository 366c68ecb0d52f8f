"""
fault = "saves a negative scale"
sentence = "A scale in this file is negative. Keep learned scales positive while you train them."
caught_by = ["2d.model.W4A4"]
"""

import io

import torch


def damage(models):
    values = torch.load(io.BytesIO(models["ResNet20_W4A4.pt"]), weights_only=True)
    values["layer1.2.conv2.weight_scale"] = -values["layer1.2.conv2.weight_scale"]
    changed = io.BytesIO()
    torch.save(values, changed)
    models["ResNet20_W4A4.pt"] = changed.getvalue()
