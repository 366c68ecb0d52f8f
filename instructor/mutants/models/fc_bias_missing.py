"""
fault = "leaves the bias of the classifier out"
sentence = "The bias of the classifier is missing in this file. It is part of the model."
caught_by = ["2d.model.W4A4"]
"""

import io

import torch


def damage(models):
    values = torch.load(io.BytesIO(models["ResNet20_W4A4.pt"]), weights_only=True)
    del values["fc.bias"]
    changed = io.BytesIO()
    torch.save(values, changed)
    models["ResNet20_W4A4.pt"] = changed.getvalue()
