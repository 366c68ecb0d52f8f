"""
fault = "saves the codes as floating-point numbers"
sentence = "The codes in this file are floating-point numbers. Codes are integers, saved as int8."
caught_by = ["2d.model.W4A4"]
"""

import io

import torch


def damage(models):
    values = torch.load(io.BytesIO(models["ResNet20_W4A4.pt"]), weights_only=True)
    for name, value in values.items():
        if name.endswith("weight_int"):
            values[name] = value.float()
    changed = io.BytesIO()
    torch.save(values, changed)
    models["ResNet20_W4A4.pt"] = changed.getvalue()
