"""
fault = "permutes the rows of the classifier"
sentence = "The classes of this model are in another order than the data set's. Keep the labels \
as the data set numbers them."
caught_by = ["2d.model.W8A8"]
"""

import io

import torch


def damage(models):
    values = torch.load(io.BytesIO(models["ResNet20_W8A8.pt"]), weights_only=True)
    for name in ("fc.weight_int", "fc.bias"):
        values[name] = values[name].roll(1, 0)
    changed = io.BytesIO()
    torch.save(values, changed)
    models["ResNet20_W8A8.pt"] = changed.getvalue()
