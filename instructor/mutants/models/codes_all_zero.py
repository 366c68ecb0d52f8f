"""
fault = "saves codes that are all zero"
sentence = "All codes in this file are 0: the weights were divided by a scale far too large, or \
rounded before they were divided."
caught_by = ["2d.model.W8A2"]
"""

import io

import torch


def damage(models):
    values = torch.load(io.BytesIO(models["ResNet20_W8A2.pt"]), weights_only=True)
    for name, value in values.items():
        if name.endswith("weight_int"):
            values[name] = torch.zeros_like(value)
    changed = io.BytesIO()
    torch.save(values, changed)
    models["ResNet20_W8A2.pt"] = changed.getvalue()
