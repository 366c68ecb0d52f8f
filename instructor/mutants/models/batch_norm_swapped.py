"""
fault = "exchanges mean and shift of batch normalization"
sentence = "The running means and the shifts of batch normalization have changed places in this \
file. Save the state_dict under its own names."
caught_by = ["2d.model.W2A8"]
"""

import io

import torch


def damage(models):
    values = torch.load(io.BytesIO(models["ResNet20_W2A8.pt"]), weights_only=True)
    for name in [name for name in values if name.endswith("running_mean")]:
        bias = name.replace("running_mean", "bias")
        values[name], values[bias] = values[bias], values[name]
    changed = io.BytesIO()
    torch.save(values, changed)
    models["ResNet20_W2A8.pt"] = changed.getvalue()
