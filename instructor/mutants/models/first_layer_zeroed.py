"""
fault = "saves a first convolution of zeros"
sentence = "The first convolution in this file is zero, so that no image reaches the network. It \
stays in floating point and must be saved as well."
caught_by = ["2d.model.W2A2"]
"""

import io

import torch


def damage(models):
    values = torch.load(io.BytesIO(models["ResNet20_W2A2.pt"]), weights_only=True)
    values["conv1.weight"] = torch.zeros_like(values["conv1.weight"])
    changed = io.BytesIO()
    torch.save(values, changed)
    models["ResNet20_W2A2.pt"] = changed.getvalue()
