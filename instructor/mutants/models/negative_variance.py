"""
fault = "saves a negative variance"
sentence = "A running variance in this file is negative, which no variance can be. Save the \
statistics as training left them."
caught_by = ["2d.model.W8A2"]
"""

import io

import torch


def damage(models):
    values = torch.load(io.BytesIO(models["ResNet20_W8A2.pt"]), weights_only=True)
    values["layer2.2.bn1.running_var"][5] = -0.25
    changed = io.BytesIO()
    torch.save(values, changed)
    models["ResNet20_W8A2.pt"] = changed.getvalue()
