"""
fault = "saves a scale of zero"
sentence = "A scale in this file is 0, so that all weights of its layer are 0. A scale is positive."
caught_by = ["2d.model.W8A2"]
"""

import io

import torch


def damage(models):
    values = torch.load(io.BytesIO(models["ResNet20_W8A2.pt"]), weights_only=True)
    values["layer2.1.conv1.weight_scale"] = 0.0
    changed = io.BytesIO()
    torch.save(values, changed)
    models["ResNet20_W8A2.pt"] = changed.getvalue()
