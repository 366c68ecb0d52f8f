"""
fault = "exchanges the scales of inputs and weights"
sentence = "The scales of weights and inputs have changed places in this file. s_w belongs to the \
codes of the weights, s_x to those of the inputs."
caught_by = ["2d.model.W2A8"]
"""

import io

import torch


def damage(models):
    values = torch.load(io.BytesIO(models["ResNet20_W2A8.pt"]), weights_only=True)
    for name in [name for name in values if name.endswith("input_scale")]:
        other = name.replace("input_scale", "weight_scale")
        values[name], values[other] = values[other], values[name]
    changed = io.BytesIO()
    torch.save(values, changed)
    models["ResNet20_W2A8.pt"] = changed.getvalue()
