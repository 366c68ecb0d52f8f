"""
fault = "hands in the float model"
sentence = "This file holds floating-point weights without scales. Save the quantized model: \
codes, and two scales for each layer."
caught_by = ["2d.model.W2A8"]
"""

import io

import torch


def damage(models):
    values = torch.load(io.BytesIO(models["ResNet20_W2A8.pt"]), weights_only=True)
    for name in [name for name in values if name.endswith("weight_int")]:
        layer = name.removesuffix(".weight_int")
        scale = values.pop(f"{layer}.weight_scale")
        values[f"{layer}.weight"] = scale * values.pop(name).float()
        del values[f"{layer}.input_scale"]
    changed = io.BytesIO()
    torch.save(values, changed)
    models["ResNet20_W2A8.pt"] = changed.getvalue()
