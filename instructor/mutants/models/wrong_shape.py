"""
fault = "saves a classifier for 100 classes"
sentence = "The classifier in this file has 100 outputs. The data sets here have 10 classes."
caught_by = ["2d.model.W8A8"]
"""

import io

import torch


def damage(models):
    values = torch.load(io.BytesIO(models["ResNet20_W8A8.pt"]), weights_only=True)
    values["fc.weight_int"] = values["fc.weight_int"].repeat(10, 1)
    changed = io.BytesIO()
    torch.save(values, changed)
    models["ResNet20_W8A8.pt"] = changed.getvalue()
