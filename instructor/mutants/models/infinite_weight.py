"""
fault = "saves an infinite weight"
sentence = "A weight in this file is infinite. Lower the learning rate if training diverged."
caught_by = ["2d.model.W8A8"]
"""

import io

import torch


def damage(models):
    values = torch.load(io.BytesIO(models["ResNet20_W8A8.pt"]), weights_only=True)
    values["conv1.weight"][3, 1, 2, 0] = float("inf")
    changed = io.BytesIO()
    torch.save(values, changed)
    models["ResNet20_W8A8.pt"] = changed.getvalue()
