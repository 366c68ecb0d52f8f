"""
fault = "saves input scales ten times too large"
sentence = "The input scales in this file are far too large, so that few codes are used. \
Calibrate on inputs that are normalized as in evaluation."
caught_by = ["2d.model.W4A4"]
"""

import io

import torch


def damage(models):
    values = torch.load(io.BytesIO(models["ResNet20_W4A4.pt"]), weights_only=True)
    for name in [name for name in values if name.endswith("input_scale")]:
        values[name] = 10 * values[name]
    changed = io.BytesIO()
    torch.save(values, changed)
    models["ResNet20_W4A4.pt"] = changed.getvalue()
