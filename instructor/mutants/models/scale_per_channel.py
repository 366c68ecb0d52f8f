"""
fault = "saves a weight scale for each channel"
sentence = "This file has a scale for each output channel. Quantize per tensor, with one scale \
per layer."
caught_by = ["2d.model.W2A2"]
"""

import io

import torch


def damage(models):
    values = torch.load(io.BytesIO(models["ResNet20_W2A2.pt"]), weights_only=True)
    name = "layer3.0.conv1.weight_scale"
    values[name] = torch.full((64,), float(values[name]))
    changed = io.BytesIO()
    torch.save(values, changed)
    models["ResNet20_W2A2.pt"] = changed.getvalue()
