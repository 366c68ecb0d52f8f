"""
fault = "saves the statistics of a fresh batch normalization"
sentence = "Batch normalization has mean 0 and variance 1 everywhere, as in a network that was \
never trained. Save the running statistics along with the weights."
caught_by = ["2d.model.W8A8"]
"""

import io

import torch


def damage(models):
    values = torch.load(io.BytesIO(models["ResNet20_W8A8.pt"]), weights_only=True)
    for name, tensor in values.items():
        if name.endswith("running_mean"):
            values[name] = torch.zeros_like(tensor)
        elif name.endswith("running_var"):
            values[name] = torch.ones_like(tensor)
    changed = io.BytesIO()
    torch.save(values, changed)
    models["ResNet20_W8A8.pt"] = changed.getvalue()
