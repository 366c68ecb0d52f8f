"""
fault = "adds an entry that belongs to no layer"
sentence = "This file has an entry that no layer of the network has. Hand in the kit's ResNet-20 \
and nothing else."
caught_by = ["2d.model.W8A2"]
"""

import io

import torch


def damage(models):
    values = torch.load(io.BytesIO(models["ResNet20_W8A2.pt"]), weights_only=True)
    values["layer4.0.conv1.weight_int"] = torch.zeros(64, 64, 3, 3, dtype=torch.int8)
    changed = io.BytesIO()
    torch.save(values, changed)
    models["ResNet20_W8A2.pt"] = changed.getvalue()
